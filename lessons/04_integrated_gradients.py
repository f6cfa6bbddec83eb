# %% [markdown]
# # 4. Integrated gradients
#
# **Question.** Where a network is saturated its slopes are 0 (lesson 3). What if we
# take slopes all along a path, from "nothing there" to the input?
#
# **Afterwards.** You can compute integrated gradients by hand, tell from the result
# itself whether you took enough steps, and name the factor that many descriptions leave
# out.
#
# **Minutes.** 25
#
# The network is again y = 1 − relu(1 − (i1 + i2)), now at (1, 0.25). While i1 + i2 is
# below 1, y is their sum. Above 1 it stays at 1. We start at the *baseline* (0, 0) and
# go straight to (1, 0.25). The letter α (the Greek "alpha") is the fraction of the path
# that lies behind us. At the fraction α we are at (α · 1, α · 0.25).
#
# **Predict before you run.** Which fraction of the path is uphill, and which is level?
# On the way up, i1 grows four times as fast as i2. How should the two share the 1 that
# y has gained?

# %%
import warnings
from dataclasses import replace

import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.lesson import answer, claim, save


def slope(i1, i2):
    """The slope of y, the same for i1 and i2: 1 below the plateau, 0 on it."""
    return 1.0 if i1 + i2 < 1 else 0.0


# %% [markdown]
# ## The method by hand
#
# In one small step along the path, i1 grows by a small fraction of 1, and i2 by the
# same fraction of 0.25. For each of them, y changes by slope × change. Over the whole
# path, i1 contributes (the mean of its slopes along the path) × (the distance it
# travels). The formula is
#
#     φ = mean slope × (x − x')
#
# where φ (the Greek "phi") is the contribution, x the input and x' the baseline. We
# divide the path into equal steps and take the slope in the middle of each step.


# %%
def integrated(i1, i2, steps=1000):
    total = 0.0
    for k in range(steps):
        alpha = (k + 0.5) / steps  # the middle of step k
        total += slope(alpha * i1, alpha * i2)
    mean = total / steps
    return mean * (i1 - 0), mean * (i2 - 0)  # mean slope × how far it went


for point in [(0.4, 0.4), (1, 1), (1, 0.25)]:
    first, second = integrated(*point)
    print(f"at {point}: i1 {first:.2f}, i2 {second:.2f}, together {first + second:.2f}")
claim(
    "at (1, 1), where both slopes are 0, each contributes 0.50",
    np.allclose(integrated(1, 1), 0.5),
)
claim(
    "at (1, 0.25) they contribute 0.80 and 0.20",
    np.allclose(integrated(1, 0.25), (0.8, 0.2)),
)

# %% [markdown]
# The contributions add up to what y has gained. This is no accident. If you add up
# slope × step along a path, you get the height gained: the *fundamental theorem of
# calculus*. The property has a name, **completeness**, and it provides a test. The
# *gap* is the sum of all contributions minus the gain of y. If the gap is not close to
# 0, there were too few steps. (It also matters where the steps lie. The plateau begins
# at α = 0.8, which is 4/5. With 5 steps the border between two of them lies exactly
# there, and the gap is 0. With 8 steps it lies inside a step.)

# %%
print("steps:", *(f"{n:8}" for n in (2, 4, 5, 8, 16, 256)))
gaps = {n: sum(integrated(1, 0.25, n)) - 1 for n in (2, 4, 5, 8, 16, 256)}
print("gap:  ", *(f"{gap:8.4f}" for gap in gaps.values()))
claim(
    "2 steps miss by 0.2500, 256 steps by 0.0010",
    np.allclose([gaps[2], gaps[256]], [0.25, 0.0010], atol=5e-5),
)
claim(
    "more steps are not always better: 5 steps are exact, 8 are not",
    abs(gaps[5]) < 1e-12 < abs(gaps[8]),
)

# %% [markdown]
# ## The same in minixai
#
# The certificate prints the gap of every result, and the cost: here one row forward and
# one back for each step, and 3 more rows forward. These are the point itself, and the
# baseline twice, as in lesson 1. By default the steps are placed at the points of
# *Gauss-Legendre quadrature*, which need fewer steps for smooth functions. "midpoint"
# takes the middles, as we did. `multiply=False` leaves out the last factor, (x − x').

# %%
point = [[1.0, 0.25]]
result = mx.integrated_gradients(
    mx.toys.saturation, point, steps=256, quadrature="midpoint"
)
print(result)
claim("minixai finds the same", np.allclose(result.values, integrated(1, 0.25, 256)))
mean_slope = mx.integrated_gradients(
    mx.toys.saturation, point, steps=1000, quadrature="midpoint", multiply=False
)
print(
    "without the factor:",
    mean_slope.values[0],
    " sum",
    mean_slope.values.sum().round(2),
)
half = np.multiply(slope(0.5, 0.125), (1, 0.25))
claim("the slope at the middle of the path would give 1 and 0.25", half == (1, 0.25))
claim(
    "without the factor both get 0.8, which adds up to 1.6 and not to 1",
    np.isclose(mean_slope.values.sum(), 1.6),
)

# %% [markdown]
# Many descriptions (and the tool tf-explain) stop at the mean of the slopes. That is
# worth looking at, but it is not a share of anything. It says how steep the path was
# for each input, and not how far the input travelled.
#
# The points where we take the slopes matter, too. The *sigmoid* is a smooth step from 0
# to 1: sigmoid(z) = 1 / (1 + exp(−z)). Take the score sigmoid(8t − 3) from t = 0 to
# t = 1. If twenty points include both ends, the ends count too much: beside an end
# there is only half a step, but its slope counts like every other. Twenty midpoints do
# not have this problem.


# %%
def smooth_slope(t):
    y = 1 / (1 + np.exp(-(8 * t - 3)))  # sigmoid(8t − 3)
    return 8 * y * (1 - y)


gain = 1 / (1 + np.exp(-5)) - 1 / (1 + np.exp(3))
ends = smooth_slope(np.arange(20) / 19).mean() - gain
middles = smooth_slope((np.arange(20) + 0.5) / 20).mean() - gain
print(f"20 points with both ends miss by {abs(ends):.4f},", end=" ")
print(f"20 midpoints by {abs(middles):.4f}")
claim("with both ends 0.0376 is missing", np.isclose(abs(ends), 0.0376, atol=5e-5))
claim("with midpoints 0.0003", np.isclose(abs(middles), 0.0003, atol=5e-5))

# %% [markdown]
# ## A picture
#
# On the left you see y from above, and the path to (1, 0.25). On the right you see the
# slopes along that path. Their mean is the area under the red line. Only the first part
# counts, because the plateau begins at α = 0.8.

# %%
# Drawing: the path, and the slopes along it
figure = Figure(figsize=(7.2, 3.1), layout="constrained")
left, right = figure.subplots(1, 2)
axis = np.linspace(0, 1.2, 121)
surface = np.minimum(axis[:, None] + axis, 1)
left.imshow(
    surface, origin="lower", extent=(0, 1.2, 0, 1.2), cmap="Greys", vmin=0, vmax=2.5
)
left.plot([0, 1], [1, 0], color="black", linewidth=1, linestyle="--")
left.annotate(
    "",
    (1, 0.25),
    (0, 0),
    arrowprops={"arrowstyle": "->", "color": "#c1121f", "linewidth": 2},
)
left.text(0.62, 0.75, "plateau: y = 1", ha="center")
left.set(xlabel="i1", ylabel="i2", title="the path from (0, 0) to (1, 0.25)")
alpha = np.linspace(0, 1, 1001)
slopes = np.array([slope(a, 0.25 * a) for a in alpha])
right.fill_between(alpha, slopes, color="#c1121f", alpha=0.2, linewidth=0)
right.plot(alpha, slopes, color="#c1121f", linewidth=2)
right.text(0.4, 0.5, "mean slope 0.8", ha="center")
right.set(
    xlabel="α, the fraction of the path",
    ylabel="slope there",
    title="the slopes along the path",
    ylim=(-0.05, 1.2),
)
save(figure, "path")

# %% [markdown]
# ## What a network for images does
#
# From here on the lessons use images, and networks that read them. Such a network has
# three kinds of layers. The figure below shows each of them with numbers.
#
# - A *convolution* slides a small square of weights, the *kernel*, over the image. At
#   each place it multiplies every pixel under the kernel by the weight that lies on it,
#   and adds up. The result is a new image, the *activation map*. A convolutional layer
#   has many kernels, and so it produces many activation maps. A relu follows. (The
#   figure shows an image with one number for each pixel. If there are three colours, or
#   many activation maps, the kernel has weights for each of them, and everything is
#   added up.)
# - A *max-pool* keeps the largest number of every 2 × 2 square. The activation maps
#   become half as high and half as wide, so that the next kernel sees more of the
#   image.
# - A *dense layer* comes last. It computes each class's score as one weighted sum of
#   all numbers that are left. Each number inside a network is called a *unit*.
#
# Nobody chooses the weights. They are learnt from examples. The lower half of the
# figure shows the layers of our network. Below the name of a layer stand its rows ×
# columns, and the number of its activation maps. `flatten1` puts all their numbers in
# one row, and `scores` is the dense layer.

# %%
model = mx.load("shorebirds")
save(mx.plots.primer(model), "network")

# %% [markdown]
# ## On birds
#
# The images are drawn by a program, part by part, so that we know what is in them.
# There are eight species of *shorebirds*, on 64 × 64 pixels. A redshank has red legs. A
# greenshank is the same bird with green legs. The network of the figure has learnt to
# tell the eight species apart. The highest of its eight scores wins.
#
# The path now leads from a black image to the bird, brighter at each step. The figure
# has three rows of pictures: the image on the path, its slopes, and the sum so far. The
# curve below them shows the sum over all pixels. In the row of slopes, orange means
# that a brighter pixel would raise the score, and green that a darker pixel would. In
# the row of sums, red has raised the score, and blue has lowered it.

# %%
scenes = mx.datasets.birds.draw(6, seed=4, species=["redshank"])
birds = mx.integrated_gradients(
    model, scenes.images, scenes.labels, steps=48, quadrature="midpoint", path=True
)
series = mx.plots.series(birds, row=0, classes=model.classes, columns=5, size=1.05)
save(series, "series")

gained = birds.score - birds.reference_score
with warnings.catch_warnings(
    record=True
) as warned:  # where a gap is above 5 % of the gain, minixai warns
    warnings.simplefilter("always")
    few = mx.integrated_gradients(
        model, scenes.images, scenes.labels, steps=4, quadrature="midpoint"
    )
print("gain of the score         ", *(f"{v:7.2f}" for v in gained))
for name, each in (("gap in %, with 4 steps", few), ("gap in %, with 48 steps", birds)):
    print(f"{name:26}", *(f"{v:7.2f}" for v in 100 * each.gap / gained))
for each in warned:
    print("the warning that came with 4 steps:", each.message)
claim(
    "48 steps leave less than 5 % of the gain open, for each of six birds",
    np.abs(birds.gap) < 0.05 * gained,
)
claim("every score has risen since black", gained > 0)

# %% [markdown]
# With 4 steps the gaps are large, and minixai warns. (A *kink* is a place where a slope
# jumps, as that of a relu does: lesson 3. A path through an image network crosses many
# kinks.)
#
# An image has three slopes for each pixel: for its red, its green and its blue. The map
# shows their sum. Look at the legs in the row of slopes, at α around 0.5, and then in
# the row of sums. What do the mean slopes say about the legs? What do the contributions
# say?

# %%
legs = scenes.masks[
    ..., mx.datasets.birds.PARTS.index("legs"), None
]  # how much of each pixel is leg
mean_slopes = birds.extras["gradients"].mean(axis=1)
by_colour = (mean_slopes * legs).sum(axis=(1, 2))
brought = (birds.values * legs).sum(axis=(1, 2, 3))
print("redshank                  ", *(f"{i:7}" for i in range(6)))
for name, row in [
    *zip(("red", "green", "blue"), by_colour.T, strict=True),
    ("all", by_colour.sum(axis=1)),
]:
    print(f"mean slopes, legs, {name:7}", *(f"{v:7.1f}" for v in row))
print("contributions of the legs ", *(f"{v:7.1f}" for v in brought))
claim(
    "more red on the legs would raise the score, more blue lower it",
    (by_colour[:, 0] > 0) & (by_colour[:, 2] < 0),
)
claim("summed, the mean slopes speak against the red legs", by_colour.sum(axis=1) < 0)
claim("the contributions speak for them", brought > 0)

# %% [markdown]
# All of these numbers are right. They answer different questions. A slope says what
# *more light* would do: more red would help, more green or blue would hurt. The legs
# are very red, and hardly green or blue at all. The factor (x − x') weighs every slope
# by the light that is really there, and that light is red. Without this factor, the map
# says that red legs are evidence against a redshank.
#
# ## Try it
#
# Move α from black to the bird. Where on the path does most of the sum come from?

# %%
# Drawing: the image at α, its slopes, and the sum so far
alphas, each_step = birds.extras["alpha"], birds.extras["gradients"].sum(axis=-1)
so_far = birds.extras["sums"].sum(axis=-1)
steepest, largest = abs(each_step[0]).max(), abs(so_far[0]).max()
as_slope = mx.gradient(model, scenes.images[:1])  # only to say how slopes are coloured


def on_the_path(k):
    figure = Figure((7.0, 2.7), layout="constrained")
    axes = figure.subplots(1, 3)
    axes[0].imshow(birds.extras["inputs"][0, k])
    axes[0].set(xticks=[], yticks=[], title="image")
    slopes = replace(as_slope, values=each_step[:1, k, ..., None])
    mx.plots.heat_map(axes[1], slopes, scenes.images[0], vmax=steepest / 2)
    axes[1].set_title("slopes here")
    sums = so_far[:1, k, ..., None]
    mx.plots.heat_map(axes[2], sums, scenes.images[0], vmax=largest / 2)
    axes[2].set_title(f"sum so far: {sums.sum():.1f}")
    return figure


steps = {round(float(alphas[k]), 2): k for k in range(1, 48, 4)}
along = mx.plots.slider(
    lambda a: on_the_path(steps[a]),
    "α",
    list(steps),
    alt="the image at α, its slopes, and the sum of contributions so far",
    strip=[list(steps)[2], list(steps)[8]],
)
save(along, "alpha")
done = so_far[0].sum(axis=(1, 2)) / so_far[0, -1].sum()  # at the end of each step
fifth, half = (done[round(part * 48) - 1] for part in (0.2, 0.5))
print(f"after a fifth of the path {fifth:.0%} of the sum is reached,", end=" ")
print(f"and half-way {half:.0%}")
claim(
    "more than a third of the sum comes from the first fifth of the path", fifth > 0.35
)

# %% [markdown]
# Most of the sum comes from the first half of the path, where the image is still dark.
#
# ## When it fails, and what it costs
#
# - **It costs** one forward and one backward pass for every step. The certificate
#   counts them.
# - **It averages slopes, and not images.** A single slope in the middle of the path is
#   no substitute. Half-way to (1, 0.25) the slope is 1. It would give 1 and 0.25, which
#   is more than y has gained.
# - **More steps make the sum exact, not the explanation better.** The sum can be right,
#   and the map can still be the answer to a question that you did not mean to ask:
#   lesson 5.
# - **It still describes one input,** and now also one baseline and one straight path.
#
# ## Exercises
#
# a) Without the computer: how do i1 and i2 share y at (3, 1), if the baseline is (0,
# 0)?
#
# b) How do they share it at (2, 2)?
#
# c) Take the sigmoid again. How many points that include both ends do you need for a
# gap below 2.5 % of the gain?

# %%
mine_a = None  # (contribution of i1, of i2)
mine_b = None
mine_c = None

swapped = {
    "that is the mean slope: multiply it by x − baseline": (0.25, 0.25),
    "that is the slope at the end of the path": (0, 0),
    "only a quarter of the path is uphill": (3, 1),
}
answer("a", mine_a, integrated(3, 1), swapped)
flat = {
    "those are the slopes at the end of the path": (0, 0),
    "only a quarter of the path is uphill": (2, 2),
}
answer("b", mine_b, integrated(2, 2), flat)


def fewest(points, limit):
    return next(
        n for n in range(2, 100) if abs(smooth_slope(points(n)).mean() - gain) < limit
    )


right = fewest(lambda n: np.arange(n) / (n - 1), 0.025 * gain)
middle = fewest(lambda n: (np.arange(n) + 0.5) / n, 0.025 * gain)
absolute = fewest(lambda n: np.arange(n) / (n - 1), 0.025)
answer(
    "c",
    mine_c,
    right,
    {
        "that is the number of midpoints": middle,
        "2.5 % of the gain, not of 1": absolute,
    },
    tol=0.1,
)

# %% [markdown]
# ## To read on
#
# - Sundararajan, Taly & Yan 2017, *Axiomatic Attribution for Deep Networks*: the
#   method, and the axioms that lead to it.
# - Sturmfels, Lundberg & Lee 2020, *Visualizing the Impact of Feature Attribution
#   Baselines*, Distill: the images on the path, their slopes and their sum.
# - Aumann & Shapley 1974, *Values of Non-Atomic Games*: the same formula, forty years
#   earlier, for sharing costs.
# - In minixai: `methods/integrated_gradients.py`.
