"""GradientExplainer and DeepExplainer, as users of the shap library know them.

`expected_gradients` and `deep_shap` do the work, for all classes in the same forward passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, mark_readonly
from minixai.attribution import Attribution
from minixai.methods.background import outputs_of_all_classes
from minixai.methods.call import Call, as_model_input
from minixai.methods.deep_shap import deep_shap_of_targets
from minixai.methods.expected_gradients import expected_gradients_of_targets
from minixai.methods.parameters import document
from minixai.methods.registry import check_finite_result
from minixai.model import Network
from minixai.validate import as_count, as_nonnegative, one_of

ORDERS: Mapping[str, Callable[[Array], Array]] = {"max": lambda y: -y, "min": lambda y: y, "max_abs": lambda y: -abs(y)}
"""{order: the keys by which outputs are sorted, smallest first}."""


class Explainer:
    """The base class of both explainers: a background, and the mean of the model over it."""

    def __init__(
        self,
        model: Network,
        background: npt.ArrayLike,
        *,
        output: str = "score",
        layer: str | int | None = None,
        batch: int | None = None,
    ) -> None:
        rows = as_model_input(model, background, "background")
        self.call = Call(model, rows, output=output, layer=layer, batch=batch)

    @property
    def expected_value(self) -> Array:
        """The mean of each output over the background, (outputs,); the values of x add up to f(x) minus this."""
        return self.mean_outputs

    @cached_property
    def mean_outputs(self) -> Array:
        """The value of `expected_value`, computed once."""
        outputs = outputs_of_all_classes(self.call)
        return mark_readonly(np.asarray(outputs.mean(axis=0, dtype=np.float64).astype(outputs.dtype)))

    def rank_outputs(self, call: Call, outputs: int | None, order: str) -> Array:
        """The numbers of the outputs to explain for each input, (N, k); by default all of them in their own order."""
        total = len(self.expected_value)
        key = ORDERS[one_of(order, ORDERS, "output_rank_order")]
        if outputs is None:
            return np.broadcast_to(np.arange(total), (len(call.rows), total))
        if as_count(outputs, "ranked_outputs") > total:
            raise ValueError(f"ranked_outputs is {outputs}, but there are {total} outputs: give at most {total}")
        return np.argsort(key(outputs_of_all_classes(call)), axis=1, kind="stable")[:, :outputs]


@document
class GradientExplainer(Explainer):
    """Expected gradients for every output, called as the GradientExplainer of shap is.

    Parameters
    ----------
    {model, background}
    local_smoothing : float, default 0.0
        σ of the noise added to an input, in the units of x: from 0 to 255 beside uint8.
    {output, layer, batch}

    Attributes
    ----------
    expected_value : ndarray, (outputs,)
        The mean of each output over the background.

    Raises
    ------
    {errors}

    References
    ----------
    Erion et al. (2021), Improving performance of deep learning models with axiomatic attribution priors and expected
    gradients.

    Examples
    --------
    >>> from minixai import toys
    >>> explainer = GradientExplainer(toys.add_multiply, [[0.0, 0.0, 0.0]])
    >>> explainer.shap_values([[3.0, 1.0, 2.0]], nsamples=2000)[0, :, 0].round(0)
    array([4., 3., 4.])
    """

    def __init__(
        self,
        model: Network,
        background: npt.ArrayLike,
        local_smoothing: float = 0.0,
        *,
        output: str = "score",
        layer: str | int | None = None,
        batch: int | None = None,
    ) -> None:
        super().__init__(model, background, output=output, layer=layer, batch=batch)
        self.local_smoothing = as_nonnegative(local_smoothing, "local_smoothing")

    def shap_values(
        self,
        x: npt.ArrayLike,
        nsamples: int = 200,
        ranked_outputs: int | None = None,
        output_rank_order: str = "max",
        rseed: int | None = None,
        return_variances: bool = False,
    ) -> Array | tuple[Array, ...]:
        """Explain inputs, output by output.

        Parameters
        ----------
        x : array_like, (N, ...)
            The inputs.
        nsamples : int, default 200
            How many draws are taken for each input.
        ranked_outputs : int, optional
            How many outputs of each input are explained, the first by `output_rank_order`; by default all.
        output_rank_order : {"max", "min", "max_abs"}, default "max"
            The order of the outputs; "max_abs" is the largest by size first (shap on TensorFlow takes the smallest).
        rseed : int, optional
            The seed of shap's random stream, sample for sample.  By default the stream is that of `expected_gradients`
            with seed 0, in which no input depends on the others.  Either way the same call gives the same values.
        return_variances : bool, default False
            Whether to return the variances of the values, s²/n, the square of the standard error (shap's var/√n is
            neither).

        Returns
        -------
        ndarray or tuple of ndarray
            The values (N, *x.shape[1:], outputs); then the variances in the same shape, with `return_variances`; then
            the numbers of the outputs (N, k), with `ranked_outputs`.

        Raises
        ------
        ValueError
            If the order is unknown, and if `ranked_outputs` is more than there are.
        """
        call = replace(self.call, x=x)
        seed, rng = (0, "minixai") if rseed is None else (rseed, "shap")
        ranks = self.rank_outputs(call, ranked_outputs, output_rank_order)
        results = expected_gradients_of_targets(
            call, self.call.rows, nsamples, self.local_smoothing, seed, rng, list(ranks.T)
        )
        answers = [stack_outputs(results)]
        if return_variances:
            answers.append(np.stack([np.asarray(result.standard_error) ** 2 for result in results], axis=-1))
        if ranked_outputs is not None:
            answers.append(ranks)
        return tuple(answers) if len(answers) > 1 else answers[0]


@document
class DeepExplainer(Explainer):
    """DeepLIFT from every reference, for every output, called as the DeepExplainer of shap is.

    Parameters
    ----------
    {model, background, output, layer, batch}

    Attributes
    ----------
    expected_value : ndarray, (outputs,)
        The mean of each output over the background.

    Raises
    ------
    {errors}

    References
    ----------
    Lundberg & Lee (2017), A unified approach to interpreting model predictions, §4.2.

    Examples
    --------
    >>> from minixai import toys
    >>> explainer = DeepExplainer(toys.saturation, [[0.0, 0.0], [1.0, 1.0]])
    >>> explainer.expected_value, explainer.shap_values([[1.0, 0.25]])[0, :, 0]
    (array([0.5]), array([0.4, 0.1]))
    """

    def shap_values(
        self,
        x: npt.ArrayLike,
        ranked_outputs: int | None = None,
        output_rank_order: str = "max",
        check_additivity: bool = True,
    ) -> Array | tuple[Array, Array]:
        """Explain inputs, output by output.

        Parameters
        ----------
        x : array_like, (N, ...)
            The inputs.
        ranked_outputs : int, optional
            How many outputs of each input are explained, the first by `output_rank_order`; by default all.
        output_rank_order : {"max", "min", "max_abs"}, default "max"
            The order of the outputs, as in `GradientExplainer`.
        check_additivity : bool, default True
            Whether to raise ValueError if the values miss f(x) − f(x') for any reference by more than rounding, √ε ·
            (|f(x)| + |f(x')| + Σ|φ|).  The bound of shap is 0.01, whatever the size of f, and it compares ranked values
            with outputs that are not ranked.

        Returns
        -------
        ndarray or tuple of ndarray
            The values (N, *x.shape[1:], outputs); then the numbers of the outputs (N, k), with `ranked_outputs`.

        Raises
        ------
        ValueError
            If the order is unknown, if `ranked_outputs` is more than there are, and if the values do not add up.
        """
        call = replace(self.call, x=x)
        ranks = self.rank_outputs(call, ranked_outputs, output_rank_order)
        values = stack_outputs(
            deep_shap_of_targets(call, self.call.rows, targets=list(ranks.T), check=check_additivity)
        )
        return values if ranked_outputs is None else (values, ranks)


def stack_outputs(results: list[Attribution]) -> Array:
    """The values of several targets side by side: (N, ..., outputs)"""
    return np.stack([check_finite_result(result).values for result in results], axis=-1)
