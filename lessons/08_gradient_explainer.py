# %% [markdown]
# # 8. GradientExplainer: many baselines, by lot
#
# **Question.** One baseline asks one question (lesson 5). How does an image compare with a whole set of others, and
# must one walk all the way from every one of them?
#
# **Afterwards.** You can explain an image against a set of baselines by drawing lots, say how far off the result
# typically is, and how many draws would make it as good as you need.
#
# **Minutes.** 25
#
# Integrated gradients (lesson 4) go from one baseline to the image in many small steps, and take the mean of slope ×
# difference. *Expected gradients* take the same mean by lot: each draw picks one baseline out of a set, the
# *background*, no matter whether it was drawn before (*with replacement*), and one point on the way from there to the
# image. The shap library calls it GradientExplainer, and makes 200 draws.
#
# In the network of lessons 1, 4 and 6, from the baseline (0, 0) to (1, 1), the slope is 1 on the first half of the way,
# and 0 on the second. So a draw says 1 or 0, each with probability 1/2.
#
# **Predict before you run.** The mean of 200 such draws: within what distance of 0.5 will it typically be: 0.2, 0.04 or
# 0.002?

# %%
import numpy as np

import minixai as mx
from minixai.datasets import birds
from minixai.lesson import answer, claim, save


def slope(i1, i2):
    return (
        1.0 if i1 + i2 < 1 else 0.0
    )  # of 1 − relu(1 − (i1 + i2)), along i1 as along i2


# %% [markdown]
# ## The method by hand


# %%
def expected_gradients(x, background, n, rng):
    draws = []
    for _ in range(n):
        baseline = background[
            rng.integers(len(background))
        ]  # any of them, however often it was drawn before
        point = baseline + rng.random() * (
            x - baseline
        )  # anywhere on the way to x, uniformly
        draws.append((x - baseline) * slope(*point))
    return np.mean(draws, axis=0), np.std(draws, axis=0, ddof=1) / np.sqrt(n)


x, zero = np.array([1.0, 1.0]), np.array([[0.0, 0.0]])
for n in (50, 200, 800, 3200):
    mean, error = expected_gradients(x, zero, n, np.random.default_rng(0))
    print(
        f"{n:5} draws: i1 {mean[0]:.3f} ± {error[0]:.4f}, and 0.5/√n is {0.5 / np.sqrt(n):.4f}"
    )

# %% [markdown]
# The number after ± is the *standard error*: how far the mean is typically from what infinitely many draws would give.
# One draw is off by 0.5, up or down; the errors of n draws partly cancel, and √n times less is left: 0.5/√200 = 0.0354.
# We do not see the truth when we draw, but the scatter of the draws tells their standard error: it is the root of s²/n,
# with s² their variance, the mean of their squared distances from their mean. In two of three cases the mean of the
# draws is closer to the truth than that, and as good as never 4 times as far.

# %%
found = [
    expected_gradients(x, zero, 200, np.random.default_rng(seed))
    for seed in range(1, 21)
]
off = np.array([abs(mean[0] - 0.5) / error[0] for mean, error in found])
print(
    f"20 repetitions of 200 draws: {np.sum(off < 1)} within one standard error, the worst {off.max():.1f} away"
)
claim("all 20 are within 4 standard errors of one half", off.max() < 4)
ratio = (
    expected_gradients(x, zero, 800, np.random.default_rng(1))[1][0] / found[0][1][0]
)
claim(
    "four times as many draws halve the standard error",
    np.isclose(ratio, 0.5, atol=0.02),
)

# %% [markdown]
# ## The same in minixai
#
# `standard_error` comes with the values. That of their sum stands in the certificate, beside the *gap*: how far the sum
# is from f(x) − the mean of f over the background. Here two baselines, (0, 0) and (1, 1), where f is 0 and 1: so the
# values should sum to 1 − 0.5. With a single baseline the draws tend to integrated gradients.

# %%
background = np.array([[0.0, 0.0], [1.0, 1.0]])
result = mx.expected_gradients(
    mx.toys.saturation, [[1.0, 0.25]], background=background, samples=200
)
print(result)
claim(
    "the gap is within 4 standard errors",
    abs(result.gap) < 4 * result.gap_standard_error,
)
one = mx.expected_gradients(
    mx.toys.saturation, [[1.0, 0.25]], background=zero, samples=200
)
print(f"one baseline: {one.values[0].round(3)} ± {one.standard_error[0].round(3)}")
claim(
    "with one baseline it is integrated gradients",
    abs(one.values[0] - (0.8, 0.2)) < 4 * one.standard_error[0],
)

# %% [markdown]
# The article speaks of the mean of the *gradients*. The factor x − baseline belongs into each draw (into the draws, not
# after them: lesson 9). Without it nothing adds up: 0.8 of the way has slope 1 for both inputs, 0.8 + 0.8 = 1.60.
#
# It also says that this mean is a good approximation of the Shapley value (lesson 7). What it tends to is the mean of
# *integrated gradients* over the background. The two agree if f is linear in each input by itself, as a product is. In
# general they do not.

# %%
mean_slopes = mx.integrated_gradients(
    mx.toys.saturation, [[1.0, 0.25]], steps=1000
).values[0] / (1, 0.25)
print(f"mean slopes {mean_slopes.round(2)}, sum {mean_slopes.sum():.2f}; f moved by 1")
claim("mean slopes do not add up", np.isclose(mean_slopes.sum(), 1.6, atol=0.01))
far = {}
for name, net, at in (
    ("2 · 3", mx.toys.product, [[2.0, 3.0]]),
    ("min(1, 2)", mx.toys.minimum, [[1.0, 2.0]]),
):
    drawn = mx.expected_gradients(net, at, background=zero, samples=2000)
    fair = mx.shapley_values(net, at).values[0]
    far[name] = abs(drawn.values[0] - fair) - 4 * drawn.standard_error[0]
    print(
        f"{name:10} expected gradients {drawn.values[0].round(2)} ± {drawn.standard_error[0].round(2)}, Shapley {fair}"
    )
claim("for a product it tends to the Shapley values", far["2 · 3"] < 0)
claim("for min(1, 2) it does not", far["min(1, 2)"] > 0.4)

# %% [markdown]
# Two more things can be chosen. *Local smoothing* adds a little noise to x before each draw (as SmoothGrad does, lesson
# 12). The image is then a small cloud, and the sum tends to the mean of f over the cloud. At (0.5, 0.5), just where the
# network saturates, noise can only lower f. With noise of standard deviation 0.3 on both inputs, their sum has 0.3·√2 =
# s. Half the time it lies below 1; counting 0 for the other half, it lies s/√(2π) below on average, and so does f.

# %%
edge = [[0.5, 0.5]]
cloud = mx.expected_gradients(
    mx.toys.saturation, edge, background=zero, samples=4000, local_smoothing=0.3
)
expect = 1 - 0.3 * np.sqrt(2) / np.sqrt(2 * np.pi)
print(
    f"with noise the sum is {cloud.values.sum():.3f} ± {cloud.gap_standard_error[0]:.3f}; f is 1, its mean {expect:.3f}"
)
claim(
    "the sum tends to f's mean over the cloud",
    abs(cloud.values.sum() - expect) < 4 * cloud.gap_standard_error[0],
)

# %% [markdown]
# And *what* is explained: a class's score, or its probability, which is exp(score) divided by the sum of exp(score)
# over all classes (*softmax*). In pictures red raises and blue lowers what was asked about. (The article says: the
# probability; that is so if one asks for it.) Say two classes have scores a + b and a + 3b. Then b raises the score of
# the first class; but it raises the other more, and lowers the probability of the first.

# %%


def scores(node):
    return node @ np.array([[1.0, 1.0], [1.0, 3.0]])


asked = {}
for output in ("score", "probability"):
    asked[output] = mx.expected_gradients(
        scores, [[1.0, 1.0]], 0, background=zero, output=output, samples=500
    ).values[0]
    print(
        f"class 0, {output:11}: a {asked[output][0]:+.2f}   b {asked[output][1]:+.2f}"
    )
claim(
    "b raises the score of class 0 and lowers its probability",
    asked["score"][1] > 0 > asked["probability"][1],
)

# %% [markdown]
# ## A bird against fifty birds
#
# The network of lesson 7, and a redshank. The background is 50 birds of all eight species, so we ask what makes this
# bird score higher than birds do on average. The article's picture is made like this: for two classes, red where a
# pixel raises the score of the class, blue where it lowers it. We ask the same of the cells of a hidden layer, coarser
# and nearer to what the network makes of the pixels. When you look at the figure, look at the legs: what do they do to
# the score for greenshank? Having legs of a colour at all can speak for it, and their being red against it.

# %%
model, background = mx.load("shorebirds"), birds.draw(50, seed=11).images
scenes = birds.draw(5, seed=3, species=["redshank"])
bird, legs = scenes.images[:1], scenes.masks[..., birds.PARTS.index("legs")]
redshank, greenshank = (
    birds.CLASSES.index("redshank"),
    birds.CLASSES.index("greenshank"),
)
classes = {redshank: "redshank", greenshank: "greenshank"}


def explained(images, target, samples=200, **more):
    how = {
        "background": background,
        "samples": samples,
        "batch": 16,
    }  # 16 rows at a time: they fit into the cache
    return mx.expected_gradients(model, images, target, **how, **more)


two = [explained(bird, k) for k in classes]
hidden = [explained(bird, k, layer="pool2") for k in classes]
for result in two + hidden:
    where = f"cells of {result.layer}" if result.layer else "pixels"
    print(
        f"{classes[result.target[0]]:10} by {where:14}: sum {result.values.sum():7.2f}, "
        f"to explain {result.score[0] - result.reference_score[0]:6.2f}, "
        f"gap {result.gap[0]:+.2f} ± {result.gap_standard_error[0]:.2f}"
    )
off = [abs(result.gap[0]) / result.gap_standard_error[0] for result in two + hidden]
claim("all four gaps are within 4 standard errors", max(off) < 4)
save(
    mx.plots.show(two + hidden, bird, classes=classes, percentile=99.9, overlay=True),
    "two-classes",
)

# %% [markdown]
# Whose are the red pixels? The program that draws the birds tells where the legs are. If |φ| were spread evenly, they
# would have just their share of the area: we count how many times as much they have. Five redshanks, 40 draws each, for
# the contrast of lesson 7, the score for redshank minus the score for greenshank:

# %%
five = explained(scenes.images, redshank, samples=40, versus=greenshank)
signed = five.values.sum(axis=-1)
times = (
    (abs(signed) * legs).sum(axis=(1, 2))
    / abs(signed).sum(axis=(1, 2))
    / legs.mean(axis=(1, 2))
)
on_legs = (signed * legs).sum(axis=(1, 2))
print(
    f"redshank versus greenshank: on the legs {on_legs.round(1)}, {times.round(0)} times their area's share"
)
for k, result in zip(classes, two, strict=True):
    print(
        f"score for {classes[k]:10}: on the first bird's legs {(result.values[0].sum(axis=-1) * legs[0]).sum():+.1f}"
    )
claim(
    "in five birds of five the legs have more than 5 times their share", times.min() > 5
)
claim("and speak for redshank rather than greenshank", on_legs.min() > 0)
claim(
    "all five gaps are within 4 standard errors",
    abs(five.gap) < 4 * five.gap_standard_error,
)

# %% [markdown]
# How many draws does one need? What is strong shows after five; but many of the faint colours around it are noise, and
# one does not see which. Here are the first 5, 20 and 80 of the 200 draws, and all: the same lots, only more of them.

# %%
few = [explained(bird, redshank, samples=n) for n in (5, 20, 80)]
for result in (*few, two[0]):
    n, error = result.parameters["samples"], result.standard_error.mean()
    print(f"{n:4} draws: a pixel's standard error is {error:.4f} on average")
ratio = two[0].standard_error.mean() / few[1].standard_error.mean()
claim(
    "ten times as many draws make it about √10 times smaller",
    0.6 < ratio * np.sqrt(10) < 1.6,
)
titles = [f"{result.parameters['samples']} draws" for result in (*few, two[0])]
save(
    mx.plots.show(
        [*few, two[0]], bird, titles=titles, classes=classes, percentile=99.9
    ),
    "more-draws",
)

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Cost.** One pass forward and back for each draw. Half the error costs four times as many.
# - **"200 is the number of pixels", or of steps, or of images.** It is the number of draws, for all pixels together. Of
#   a large background some images are never drawn (exercise b).
# - **"It is the result."** It is an estimate. Another seed gives another map; look at the standard error before you
#   look at a pixel.
# - **"Blue is what is absent."** Blue lowers the output asked about, compared with the background.
#
# ## Exercises
#
# a) How many draws make the standard error at (1, 1) as small as 0.01?
#
# b) 200 draws from a background of 50 images. What is the probability that a given image is never drawn?
#
# c) At (1, 1) the draws have the variance 0.25. The shap library (0.51) returns var/√n as "variances of the means",
#    here 0.0177. What is the standard error of 200 draws?

# %%
mine_a = None
mine_b = None
mine_c = None

traps = {"that is 0.5/0.01, the root of n": 50, "that makes it 0.005": 10_000}
answer("a", mine_a, (0.5 / 0.01) ** 2, traps)
traps = {
    "that is the probability that it is drawn": 1 - (49 / 50) ** 200,
    "that is for one draw": 49 / 50,
}
answer("b", mine_b, (49 / 50) ** 200, traps, tol=2e-4)
traps = {
    "that is var/√n, of which neither the root nor the number is of use": 0.25
    / np.sqrt(200)
}
answer(
    "c",
    mine_c,
    np.sqrt(0.25 / 200),
    traps | {"that is the variance of the mean: take its root": 0.25 / 200},
    tol=5e-4,
)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*: the article that these lessons
#   follow.
# - Erion, Janizek, Sturmfels, Lundberg & Lee 2021, *Improving performance of deep learning models with axiomatic
#   attribution priors and expected gradients*.
# - Sundararajan & Najmi 2020, *The many Shapley values for model explanation*: integrated gradients as shares in a game
#   with infinitely many small players (Aumann and Shapley).
# - In minixai: `methods/expected_gradients.py`, and `methods/explainers.py` for those who come from shap.
