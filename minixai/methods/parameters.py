"""The descriptions of parameters that many methods share, written once and filled into the docstring of each."""

from minixai.docstrings import document_with

TEXTS = {
    "model": """\
model : Model or callable
    A `Model`, or a function of a node (N, ...) that returns a node of scores, (N, K) or (N,).""",
    "x": """\
x : array_like, (N, ...)
    The inputs, as `model.scores` takes them; images are (N, H, W, C).""",
    "target": """\
target : int, str or array_like of these (N,), optional
    The class f_target that is explained, by its number or its name, one for all inputs or one for each; by default
    the predicted class.""",
    "versus": """\
versus : int, str or array_like of these (N,), optional
    A second class, for a contrast: f is f_target − f_versus.""",
    "baseline": """\
baseline : str, float or array_like, default 0.0
    The input x' that x is compared with: "black", "white", "mean", "blur" or "noise", a number, one input, or one
    for each.  Beside images of uint8 a number is from 0 to 255.""",
    "background": """\
background : array_like, (R, ...)
    The set of references x', in the units of x.""",
    "output": """\
output : {"score", "probability"}, default "score"
    What f is: the score before softmax or sigmoid, or the probability: the softmax of the scores, or the sigmoid of
    each where `model.classifier_activation` says so, and of a single score.""",
    "layer": """\
layer : str or int, optional
    The layer whose activations are explained, by its name or by its number in a Model; by default the input.""",
    "batch": """\
batch : int, optional
    How many rows go through the network at a time; by default 50, fewer if those need more than about 1 GB, and more
    if rows are small.""",
    "maps": """\
layer : str or int, optional
    The layer whose maps A are used, by its name or by its number in a Model; by default the last one with
    more than one place that all paths run through, see `minixai.methods.maps.default_layer`.""",
    "errors": """\
ValueError
    If x, a class, the output, the layer or a parameter does not fit, and if a score or a value is not finite.
TypeError
    If the model cannot be called, if it does not return a node, or if an op on the way back has no rule.""",
}

document = document_with(TEXTS)
"""Replace {names} of shared parameters in a docstring by their texts."""
