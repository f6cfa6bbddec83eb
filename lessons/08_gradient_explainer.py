# %% [markdown]
# # 8. GradientExplainer: a random sample of baselines
#
# **Question.** One baseline asks one question (lesson 5). How does an image compare
# with a whole set of other images, and must we follow the whole path from each of them?
#
# **Afterwards.** You can explain an image against a set of baselines with random
# samples, say how large the error typically is, and how many samples you need for the
# accuracy that you want.
#
# **Minutes.** 25
#
# Integrated gradients (lesson 4) go from one baseline to the image in many small steps,
# and average slope × difference. *Expected gradients* estimate such a mean from a
# random sample. Each draw picks one baseline from a set, the *background*, and one
# point on the path from there to the image. The same baseline may be picked again
# (sampling *with replacement*). The shap library calls the method GradientExplainer,
# and makes 200 draws.
#
# Take the network of lessons 1, 4 and 6, the baseline (0, 0) and the input (1, 1). The
# slope is 1 on the first half of the path, and 0 on the second. So a draw says 1 or 0,
# each with probability 1/2.
#
# **Predict before you run.** Take the mean of 200 such draws. How far is it typically
# from 0.5: by 0.2, 0.04 or 0.002?

# %%
import minixai as mx
import numpy as np
from matplotlib.figure import Figure
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
        baseline = background[rng.integers(len(background))]  # with replacement
        point = baseline + rng.random() * (x - baseline)  # uniformly on the path to x
        draws.append((x - baseline) * slope(*point))
    return np.mean(draws, axis=0), np.std(draws, axis=0, ddof=1) / np.sqrt(n)


x, zero = np.array([1.0, 1.0]), np.array([[0.0, 0.0]])
for n in (50, 200, 800, 3200):
    mean, error = expected_gradients(x, zero, n, np.random.default_rng(0))
    print(
        f"{n:5} draws: i1 {mean[0]:.3f} ± {error[0]:.4f}; 0.5/√n {0.5 / np.sqrt(n):.4f}"
    )

# %% [markdown]
# The number after ± is the *standard error*: the typical distance of the mean from what
# infinitely many draws would give. A single draw is off by 0.5, up or down. The errors
# of n draws partly cancel, so that the mean is off by √n times less: 0.5/√200 = 0.0354.
# In practice we do not know the truth, but the spread of the draws tells us the
# standard error. It is s/√n, where s² is the *variance* of the draws: the mean of their
# squared distances from their mean. In two of three cases the mean is within one
# standard error of the truth. It is almost never more than four away. (The *seed* of a
# random generator is the number that it starts from. The same seed gives the same
# draws.)

# %%
generators = map(np.random.default_rng, range(1, 21))
found = [expected_gradients(x, zero, 200, rng) for rng in generators]
off = np.array([abs(mean[0] - 0.5) / error[0] for mean, error in found])
print(f"20 repetitions of 200 draws: {np.sum(off < 1)} are within one standard error,")
print(f"the worst is {off.max():.1f} away")
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
# `standard_error` comes with the values. The standard error of their sum stands in the
# certificate, beside the *gap*: the sum minus (f(x) − the mean of f over the
# background). Here there are two baselines, (0, 0) and (1, 1), where f is 0 and 1. So
# the values should sum to 1 − 0.5. With a single baseline the mean of the draws
# converges to integrated gradients.

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
# Each draw has the factor x − baseline. If you leave it out, nothing adds up: on 0.8 of
# the path the slope is 1 for both inputs, so the mean slopes are 0.8 and 0.8. Their sum
# is 1.60, and f changed by 1. (Another mistake is to multiply after the mean. Lesson 9
# is about it.)
#
# What do the draws converge to? To the mean of *integrated gradients* over the
# background. For a product this is the Shapley value (lesson 7): each of its factors
# gets the same share, by symmetry. The same holds for sums of products. In general the
# two differ.

# %%
path = mx.integrated_gradients(mx.toys.saturation, [[1.0, 0.25]], steps=1000)
mean_slopes = path.values[0] / (1, 0.25)
print(f"mean slopes {mean_slopes.round(2)}, sum {mean_slopes.sum():.2f}; f moved by 1")
claim("mean slopes do not add up", np.isclose(mean_slopes.sum(), 1.6, atol=0.01))
far = {}
cases = (
    ("2 · 3", mx.toys.product, [[2.0, 3.0]]),
    ("min(1, 2)", mx.toys.minimum, [[1.0, 2.0]]),
)
for name, net, at in cases:
    drawn = mx.expected_gradients(net, at, background=zero, samples=2000)
    fair = mx.shapley_values(net, at).values[0]
    far[name] = abs(drawn.values[0] - fair) - 4 * drawn.standard_error[0]
    error = drawn.standard_error[0].round(2)
    print(f"{name:10} {drawn.values[0].round(2)} ± {error}, Shapley {fair}")
claim("for a product it converges to the Shapley values", far["2 · 3"] < 0)
claim("for min(1, 2) it does not", far["min(1, 2)"] > 0.4)

# %% [markdown]
# The method has an option, *local smoothing*: it adds a small random number to every
# input before each draw. So the image becomes a small cloud of images, and the sum
# converges to the mean of f over this cloud. At (0.5, 0.5), exactly where the network
# saturates, f is 1 and cannot rise any further, but it can fall. So the mean over the
# cloud is below 1.

# %%
edge = [[0.5, 0.5]]
cloud = mx.expected_gradients(
    mx.toys.saturation, edge, background=zero, samples=4000, local_smoothing=0.3
)
around = edge + 0.3 * np.random.default_rng(1).normal(size=(1_000_000, 2))
over_cloud = np.minimum(around.sum(axis=1), 1).mean()
sampled = f"{cloud.values.sum():.3f} ± {cloud.gap_standard_error[0]:.3f}"
print(f"with smoothing the sum is {sampled}; f is 1, its mean {over_cloud:.3f}")
claim(
    "the sum converges to the mean of f over the cloud",
    abs(cloud.values.sum() - over_cloud) < 4 * cloud.gap_standard_error[0],
)
claim("which is below f", over_cloud < 0.9)

# %% [markdown]
# ## Scores or probabilities?
#
# You must also choose what to explain: the score of a class, or its probability.
# *Softmax* turns scores into probabilities: it divides exp(score) by the sum of
# exp(score) over all classes. The two answers can differ in sign. Suppose that two
# classes have the scores a + b and a + 3b. Then b raises the score of the first class.
# But it raises the other score more, and so it lowers the first probability.
#
# Which should you explain? **Explain the score, and a contrast of two scores if the
# question is "why this and not that".** Scores are what the layers compute, and they do
# not flatten out: where a probability is 0.99, its slope is less than a hundredth of
# the slope of the score, and the map almost vanishes. (Exercise b of lesson 13 asks for
# the exact number.) A contrast keeps what a probability is good for, the comparison
# with another class. Explain a probability only if the probability itself is what your
# users see, and say so.

# %%


def scores(node):
    return node @ np.array([[1.0, 1.0], [1.0, 3.0]])


b_gets = {}
for output in ("score", "probability"):
    how = {"background": zero, "output": output, "samples": 500}
    a, b_gets[output] = mx.expected_gradients(scores, [[1.0, 1.0]], 0, **how).values[0]
    print(f"class 0, {output:11}: a {a:+.2f}   b {b_gets[output]:+.2f}")
claim(
    "b raises the score of class 0 and lowers its probability",
    b_gets["score"] > 0 > b_gets["probability"],
)
surer = mx.expected_gradients(
    lambda node: scores(node) * np.array([1.0, 0.0]),  # the other score stays 0
    [[np.log(99.0), 0.0]],
    0,
    background=[[np.log(99.0) - 1e-3, 0.0]],
    output="probability",
    samples=10,
)
claim(
    "where p is 0.99, its slope is less than a hundredth of that of the score",
    0 < surer.values[0, 0] / 1e-3 < 0.01,
)

# %% [markdown]
# ## A bird against fifty birds
#
# We take the network of lesson 7, and a redshank. The background is 50 birds of all
# eight species. So we ask what makes this bird score higher than birds do on average.
# We explain the scores of two classes, by pixels and by the *units* of a hidden layer.
# Each unit of this layer, pool2, stands for 4 × 4 pixels. It contributes as an input
# does: the difference of its value from its value on the path's start, times a slope,
# the slope of the score with respect to this unit. The layer is coarser, and closer to
# what the network makes of the pixels. When you look at the figure, compare the legs in
# the two maps of pixels.

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
    how = {"background": background, "samples": samples, "batch": 16}
    return mx.expected_gradients(model, images, target, **how, **more)


two = [explained(bird, k) for k in classes]
hidden = [explained(bird, k, layer="pool2") for k in classes]
for result in two + hidden:
    where = f"units of {result.layer}" if result.layer else "pixels"
    print(
        f"{classes[result.target[0]]:10} {where:14}: sum {result.values.sum():7.2f}, "
        f"to explain {result.score[0] - result.reference_score[0]:6.2f}, "
        f"gap {result.gap[0]:+.2f} ± {result.gap_standard_error[0]:.2f}"
    )
halves = {}
rows = np.flatnonzero(legs[0].any(axis=1))
upper = np.arange(64)[:, None] < (rows[0] + rows[-1] + 1) // 2
for k, result in zip(classes, two, strict=True):
    on_legs = result.values[0].sum(axis=-1) * legs[0]
    above, below = (on_legs * upper).sum(), (on_legs * ~upper).sum()
    halves[k] = above, below
    print(f"{classes[k]:10} the legs get: upper half {above:+.1f}, lower {below:+.1f}")
off = [abs(result.gap[0]) / result.gap_standard_error[0] for result in two + hidden]
claim("all four gaps are within 4 standard errors", max(off) < 4)
claim(
    "the legs are worth more to the redshank", sum(halves[0]) > 2 * sum(halves[1]) > 0
)
claim(
    "to the greenshank their halves say opposite things",
    halves[1][0] < 0 < halves[1][1],
)
figure = mx.plots.show(
    two + hidden,
    bird,
    classes=classes,
    percentile=99.9,
    overlay=True,
    size=1.6,
    columns=3,
)
save(figure, "two-classes")

# %% [markdown]
# Compared with other birds, the legs are evidence for both species. But they are worth
# much more to the redshank. For the greenshank the upper half of the legs is evidence
# against it, and the lower half is evidence for it. The map says where the evidence
# lies. It does not say why the network has learnt so.
#
# How much of the map lies on the legs? The program that draws the birds knows where
# they are. If |φ| were spread evenly, the legs would get a share equal to their area.
# We compute how many times as much they get. We take five redshanks, 40 draws each, and
# the contrast of lesson 7, the score for redshank minus the score for greenshank.

# %%
five = explained(scenes.images, redshank, samples=40, versus=greenshank)
signed = five.values.sum(axis=-1)
times = (
    (abs(signed) * legs).sum(axis=(1, 2))
    / abs(signed).sum(axis=(1, 2))
    / legs.mean(axis=(1, 2))
)
on_legs = (signed * legs).sum(axis=(1, 2))
print(f"redshank versus greenshank: the legs get {on_legs.round(1)},")
print(f"{times.round(0)} times as much as their area")
for k, result in zip(classes, two, strict=True):
    first = (result.values[0].sum(axis=-1) * legs[0]).sum()
    print(f"score for {classes[k]:10}: the first bird's legs get {first:+.1f}")
claim(
    "in five birds of five the legs have more than 5 times their share", times.min() > 5
)
claim("and they are evidence for redshank rather than greenshank", on_legs.min() > 0)
claim(
    "all five gaps are within 4 standard errors",
    abs(five.gap) < 4 * five.gap_standard_error,
)

# %% [markdown]
# How many draws do you need? Strong effects are visible after five draws. But many of
# the faint colours around them are noise, and you cannot see which. Here are the first
# 5, 20 and 80 of the 200 draws, and all of them. Each picture contains the draws of the
# one before.

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
figure = mx.plots.show(
    [*few, two[0]], bird, titles=titles, classes=classes, percentile=99.9, size=1.25
)
save(figure, "more-draws")

# %% [markdown]
# ## Try it
#
# Add draws, one by one at first, then many. Watch the standard error shrink, and the
# faint colours disappear.

# %%
# Drawing: the map after n draws
counts = [2, 5, 10, 20, 40, 80, 120, 160, 200]
by_count = dict(zip((5, 20, 80, 200), (*few, two[0]), strict=True))


def after(n):
    if n not in by_count:
        by_count[n] = explained(bird, redshank, samples=n)
    result = by_count[n]
    figure = Figure((5.6, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(bird[0])
    left.set(xticks=[], yticks=[], title="redshank")
    mx.plots.heat_map(right, result, bird[0], percentile=99.8)
    on_the_legs = (result.values[0].sum(axis=-1) * legs[0]).sum()
    right.set_title(f"the legs get {on_the_legs:.1f}")
    return figure, {
        "mean standard error": round(float(result.standard_error.mean()), 4)
    }


draws = mx.plots.slider(
    after, "draws", counts, alt="a map of a redshank from n random draws", strip=[5, 80]
)
save(draws, "draws")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Cost.** One forward and one backward pass for each draw. Half the error costs four
#   times as many draws.
# - **"200 is the number of pixels", or of steps, or of images.** It is the number of
#   draws, for all pixels together. Some images of a large background are never drawn
#   (exercise b).
# - **"It is the result."** It is an estimate, and another seed gives another map. Look
#   at the standard error before you interpret a pixel.
# - **"Blue shows what is absent."** Blue lowers the explained output, compared with the
#   background.
#
# ## Exercises
#
# a) How many draws make the standard error at (1, 1) as small as 0.01?
#
# b) You make 200 draws from a background of 50 images. What is the probability that a
# given image is never drawn?
#
# c) At (1, 1) the draws have the variance 0.25. The shap library (0.51) returns var/√n
# as "variances of the means", here 0.0177. What is the standard error of 200 draws?

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
    "that is var/√n; the variance of the mean is var/n": 0.25 / np.sqrt(200),
    "that is the variance of the mean: take its square root": 0.25 / 200,
}
answer("c", mine_c, np.sqrt(0.25 / 200), traps, tol=5e-4)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*:
#   the article that these lessons follow. It averages the gradients without the factor
#   x − baseline, and calls the mean an approximation of the Shapley value; see "The
#   same in minixai".
# - Erion, Janizek, Sturmfels, Lundberg & Lee 2021, *Improving performance of deep
#   learning models with axiomatic attribution priors and expected gradients*.
# - Sundararajan & Najmi 2020, *The many Shapley values for model explanation*:
#   integrated gradients as shares in a game with infinitely many small players (Aumann
#   and Shapley).
# - In minixai: `methods/expected_gradients.py`, and `methods/explainers.py` for users
#   of shap.
