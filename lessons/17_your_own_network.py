# %% [markdown]
# # 17. Your own network, your own photo
#
# **Question.** You have a network and a photo of your own. How do you explain a
# decision so that you, and others, can trust the explanation?
#
# **Afterwards.** You can bring a network and a photo into minixai, and follow six steps
# from the question to a tested answer.
#
# **Minutes.** 20
#
# The photo shows a cup of coffee, and comes with minixai. The network is
# EfficientNet-Lite0, which knows the 1,000 classes of ImageNet. Replace both by your
# own: the steps stay the same.
#
# **Predict before you run.** The network says "espresso". Its second choice is
# "consomme", a clear soup that is also served in a cup. Which part of the photo decides
# between the two: the saucer, the cup, or the surface of the drink?

# %%
import tempfile
from pathlib import Path

import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.evaluation import randomised
from minixai.layers import Conv2D, Dense, Flatten, MaxPool2D
from minixai.lesson import answer, claim, save
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

model = mx.load("efficientnet-lite0")
photo = mx.read_images("coffee", like=model)  # or the path of a file of your own

# %% [markdown]
# ## The method by hand
#
# **Step 1. Check what the network sees and says.** `read_images` crops and resizes a
# file to the size that the model needs, with values from 0 to 1. The model itself does
# the rest of the preprocessing. With the wrong preprocessing a network still answers,
# and the answer means nothing. So look at the best five classes first.

# %%
p = model.probabilities(photo)[0]
for k in p.argsort()[::-1][:5]:
    print(f"{model.classes[k]:18} {p[k]:6.1%}")
first, second = (int(k) for k in p.argsort()[::-1][:2])
claim("it says espresso, and consomme comes second", model.classes[first] == "espresso")

# %% [markdown]
# **Step 2. Ask one question.** "Why espresso?" is vague. "Why espresso and not
# consomme?" is a *contrast*, the difference of two scores (lesson 8). Everything that
# makes both likely cancels, such as the table and the cup.
#
# **Step 3. Choose a method and a baseline, and say which.** We use two methods that
# fail in different ways: DeepLIFT from a blurred photo (lesson 15), and Grad-CAM at the
# last layer. This network has a global average pooling, so that there Grad-CAM, before
# its relu, adds up (lesson 13).

# %%
how = {"target": first, "versus": second}
lift = mx.deep_lift(model, photo, baseline="blur", **how)
cam = mx.grad_cam(model, photo, **how)
print(lift)
print(cam)
title = "Why espresso, and not consomme?"
shown = {"title": title, "size": 2.1, "columns": 3, "percentile": 99.5}
save(mx.plots.compare([lift, cam], photo, **shown), "two-maps")

# %% [markdown]
# **Step 4. Read the certificate.** The gap of DeepLIFT must be close to 0. For
# Grad-CAM, the map before the relu must add up to the difference of the scores, minus
# the difference of the biases.

# %%
biases = model.weights["predictions/bias"]
rest = cam.score[0] - (biases[first] - biases[second])
before_relu = cam.extras["signed"].sum()
print(f"DeepLIFT: gap {lift.gap[0]:.0e}; Grad-CAM: {before_relu:.3f} of {rest:.3f}")
claim("DeepLIFT adds up", abs(lift.gap) < 1e-3)
claim("Grad-CAM adds up before its relu", np.isclose(before_relu, rest, rtol=1e-3))

# %% [markdown]
# **Step 5. Does the map know the network?** Let the last layer forget (lesson 14). The
# map must change.

# %%
forgetful = randomised(model, ["predictions"])
after = mx.grad_cam(forgetful, photo, **how).extras["signed"]
rho = spearmanr(cam.extras["signed"].ravel(), after.ravel()).statistic
print(f"rank correlation of Grad-CAM before and after: {rho:.2f}")
claim("the map changes when the last layer forgets", abs(rho) < 0.7)

# %% [markdown]
# **Step 6. Intervene.** A map is a hypothesis. Test it: blur the places that the map
# calls important, and as many places that it calls unimportant. If the map is right,
# the first costs much more than the second.

# %%
blurred = gaussian_filter(photo, (0, 10, 10, 0))
order = cam.extras["signed"][0, ..., 0].ravel().argsort()[::-1]  # 49 places of 32 × 32


def without(fraction, which):
    count = round(fraction * 49)
    places = order[:count] if which == "most important" else order[49 - count :]
    mask = np.isin(np.arange(49), places).reshape(7, 7).repeat(32, 0).repeat(32, 1)
    return np.where(mask[None, ..., None], blurred, photo)


def contrast(images):
    scores = model.scores(images)[0]
    return scores[first] - scores[second]


whole = contrast(photo)
costs = {}
for which in ("most important", "least important"):
    costs[which] = whole - contrast(without(0.2, which))
    print(f"blur the {which} fifth:", end=" ")
    print(f"the contrast falls by {costs[which]:.2f} of {whole:.2f}")
claim(
    "the places that the map calls important cost more",
    costs["most important"] > costs["least important"] + 0.5,
)

# %% [markdown]
# The important places are the inside of the cup, with the white rim and the surface of
# the coffee. Without them the network no longer prefers espresso. Without the least
# important places, which lie on the saucer, it is as sure as before. Now you may say
# "this network tells this espresso from a soup by the inside of the cup": the map
# suggested it, and the intervention confirms it.
#
# ## Try it
#
# Blur more and more of the photo, in either order. Where does the network change its
# mind?

# %%


def partly(fraction, which):
    images = without(fraction, which)
    figure = Figure((3.4, 3.4), layout="constrained")
    ax = figure.subplots()
    ax.imshow(images[0])
    ax.set(xticks=[], yticks=[])
    p = model.probabilities(images)[0]
    said = f"{model.classes[p.argmax()]} ({p.max():.0%})"
    return figure, {"contrast": f"{contrast(images):.2f}", "the network says": said}


blur = mx.plots.slider(
    partly,
    {
        "fraction blurred": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        "first": ["most important", "least important"],
    },
    alt="a photo of a cup of coffee, partly blurred, and what the network says",
    start=(0.2, "most important"),
    strip=[(0.2, "most important"), (0.2, "least important")],
)
save(blur, "blur")

# %% [markdown]
# ## The same in minixai
#
# The command line does steps 1 to 4: `minixai explain --model efficientnet-lite0
# --image coffee.jpg`, with `--versus` for a contrast.
#
# **A network of your own** comes into minixai in one of three ways.
#
# - A file: `mx.load("net.onnx", preprocessing="torch", classes="names.txt")` reads
#   networks from ONNX, and from Keras (.h5, .keras).
# - A list of layers, which you train here or fill with weights. Below, a small network
#   learns digits, is saved, and is loaded again.
# - Any function of a node (lesson 1). `mx.check` compares its gradient with finite
#   differences, and tests more.

# %%
x, labels = mx.datasets.digits("train")
layers = [Conv2D(8, 3, activation="relu"), MaxPool2D(2), Flatten(), Dense(10)]
mine = mx.Model(layers, input_shape=(28, 28, 1))
mx.train(mine, x[:1000], labels[:1000], epochs=3, progress=False)
test, answers = mx.datasets.digits("test")
with tempfile.TemporaryDirectory() as folder:
    mine.save(Path(folder) / "mine.npz")
    again = mx.load(Path(folder) / "mine.npz")
right = (again.predict(test) == answers).mean()
result = mx.deep_lift(again, test[:4], answers[:4])
print(f"my network reads {right:.0%} of the test digits")
claim("its contributions add up", abs(result.gap) < 1e-3)
claim("so do those of any network of mine", mx.check(mx.toys.minimum, [[1.0, 2.0]]))

# %% [markdown]
# ## When it fails, and what it costs
#
# - **A photo has no known truth.** The six steps can refute a map. They cannot prove
#   it. Compare methods that fail in different ways, and test methods where the truth is
#   known (lesson 15).
# - **A blurred patch is an object, too** (lesson 11). Try a second kind of intervention
#   if the answer matters.
# - **One photo is one photo.** Before you say "the network uses the surface of the
#   drink", look at fifty cups, and at cups in other places (lesson 16).
# - **Cost.** Steps 1 to 5 need about ten passes, and step 6 one for each image that you
#   change.
#
# ## Exercises
#
# a) A certificate says: score 2.5, at baseline −1.5. What must the contributions add up
# to?
#
# b) For a photo of 224 × 224 pixels you choose occlusion with a window of 56 and a
# stride of 28. How many windows are there?
#
# c) Your map stays the same when the last layer forgets. Which of the six steps has
# found the problem, and is the map "right", "wrong" or "unknown"? Give the number of
# the step, and then the word in `mine_d`.

# %%
mine_a = None
mine_b = None
mine_c = None  # the number of a step
mine_d = None  # "right", "wrong" or "unknown"

traps = {"from −1.5 to 2.5 is more than that": 1.0, "that is the score itself": 2.5}
answer("a", mine_a, 2.5 - -1.5, traps)
side = (224 - 56) // 28 + 1
traps = {"that is along one side": side, "that is without overlap": 16}
answer("b", mine_b, side * side, traps | {"count the first position, too": 36})
traps = {"step 4 checks the sum, which can be right for a foolish map": 4}
answer("c", mine_c, 5, traps)
traps = {
    "a map that ignores the last layer cannot explain the answer": "right",
    "the network forgot the answer and the map did not: it is refuted": "unknown",
}
answer("d", mine_d, "wrong", traps)

# %% [markdown]
# ## To read on
#
# - `minixai methods`: all methods, with the question that each one answers.
# - Tan & Le 2019, *EfficientNet: Rethinking Model Scaling for Convolutional Neural
#   Networks*: the network of this lesson, in its Lite variant.
# - Samek, Montavon, Lapuschkin, Anders & Müller 2021, *Explaining Deep Neural Networks
#   and Beyond*: a review of the methods.
# - In minixai: `images.py`, `zoo/`, `checking.py`.
