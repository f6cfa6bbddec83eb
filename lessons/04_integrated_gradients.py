# %% [markdown]
# # 4. Integrated gradients
#
# **Question.** Where a network is saturated its slopes are 0 (lesson 3). What if we take slopes all along the way, from
# "nothing there" to the input?
#
# **Afterwards.** You can compute integrated gradients by hand, tell from the result itself whether enough steps were
# taken, and say which factor many descriptions leave out.
#
# **Minutes.** 25
#
# The network is y = 1 − relu(1 − (i1 + i2)) once more, at (1, 0.25). As long as i1 + i2 is below 1, y is their sum;
# from there on it stays at 1. We start at the *baseline* (0, 0) and walk straight to (1, 0.25): after the part α of the
# way (α is a Greek a, "alpha") we are at (α · 1, α · 0.25).
#
# **Predict before you run.** Which part of the way is uphill, which part level? On the way up i1 moves four times as
# far as i2. How should they share the 1 that y has gained?

# %%
import warnings

import numpy as np
from matplotlib.figure import Figure

import minixai as mx
from minixai.lesson import answer, claim, save


def slope(i1, i2):
    """The slope of y by i1, and just as well by i2: 1 below the plateau, 0 on it."""
    return 1.0 if i1 + i2 < 1 else 0.0


# %% [markdown]
# ## The method by hand
#
# In one small step of the way, i1 moves by a small part of 1, i2 by the same part of 0.25, and y moves by slope × move
# for each of them. So over the whole way i1 has brought (mean of its slopes on the way) × (how far it went): mean slope
# × (x − x'), where x is the input and x' the baseline. That is all. We take the slope in the middle of each of so many
# equal steps.


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
    print(f"at {point}: i1 brings {first:.2f}, i2 brings {second:.2f}, together {first + second:.2f}")
claim("at (1, 1), where all slopes are 0, each brings 0.50", np.allclose(integrated(1, 1), 0.5))
claim("at (1, 0.25) they bring 0.80 and 0.20", np.allclose(integrated(1, 0.25), (0.8, 0.2)))

# %% [markdown]
# They add up to what y has gained. That is no accident: adding up slope × step along a way gives the height gained, the
# *fundamental theorem of calculus*. The property has a name, **completeness**, and it comes with a test. The *gap* is
# the sum of all shares minus the gain of y. If it is not near 0, there were too few steps.

# %%
print("steps:", *(f"{n:8}" for n in (2, 4, 5, 8, 16, 256)))
gaps = {n: sum(integrated(1, 0.25, n)) - 1 for n in (2, 4, 5, 8, 16, 256)}
print("gap:  ", *(f"{gap:8.4f}" for gap in gaps.values()))
claim("2 steps miss by 0.2500, 256 steps by 0.0010", np.allclose([gaps[2], gaps[256]], [0.25, 0.0010], atol=5e-5))
claim("more steps are not always better: 5 steps are exact, 8 are not", abs(gaps[5]) < 1e-12 < abs(gaps[8]))

# %% [markdown]
# ## The same in minixai
#
# The certificate prints the gap of every result. The default steps stand at cleverly chosen places (*Gauss-Legendre*);
# "midpoint" takes ours. `multiply=False` leaves out the last factor, (x − x').

# %%
point = [[1.0, 0.25]]
result = mx.integrated_gradients(mx.toys.saturation, point, steps=256, quadrature="midpoint")
print(result)
claim("minixai finds the same", np.allclose(result.values, integrated(1, 0.25, 256)))
mean_slope = mx.integrated_gradients(mx.toys.saturation, point, steps=1000, quadrature="midpoint", multiply=False)
print("without the factor:", mean_slope.values[0], " sum", mean_slope.values.sum().round(2))
half = np.multiply(slope(0.5, 0.125), (1, 0.25))
claim("the slope at the mean point gives 1 and 0.25 at (1, 0.25), and not the mean slope's shares", half == (1, 0.25))
claim("without the factor both get 0.8, which adds up to 1.6 and not to 1", np.isclose(mean_slope.values.sum(), 1.6))

# %% [markdown]
# Many descriptions (and the tool tf-explain) stop at the mean of the slopes. It is a picture worth looking at, but it
# is no share of anything: it tells how steep the way was for each input, not how far the input went.
#
# Where to take the slopes matters, too. On a *smooth* score, here 1 / (1 + exp(3 − 8t)) from t = 0 to t = 1, twenty
# points that include both ends count the ends too much. Twenty midpoints do not.


# %%
def smooth_slope(t):
    y = 1 / (1 + np.exp(3 - 8 * t))
    return 8 * y * (1 - y)


gain = 1 / (1 + np.exp(-5)) - 1 / (1 + np.exp(3))
ends = smooth_slope(np.arange(20) / 19).mean() - gain
middles = smooth_slope((np.arange(20) + 0.5) / 20).mean() - gain
print(f"20 points with both ends miss by {abs(ends):.4f}, 20 midpoints by {abs(middles):.4f}")
claim("with both ends 0.0376 is missing", np.isclose(abs(ends), 0.0376, atol=5e-5))
claim("with midpoints 0.0003", np.isclose(abs(middles), 0.0003, atol=5e-5))

# %% [markdown]
# ## A picture
#
# On the left, the ground plan: y seen from above, and the way to (1, 0.25). On the right, the slopes met on it. Their
# mean is the area under the red line, and only the first part counts: the plateau begins when 0.8 of the way is done.

# %%
figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
axis = np.linspace(0, 1.2, 121)
surface = np.minimum(axis[:, None] + axis, 1)
left.imshow(surface, origin="lower", extent=(0, 1.2, 0, 1.2), cmap="Greys", vmin=0, vmax=2.5)
left.plot([0, 1], [1, 0], color="black", linewidth=1, linestyle="--")
left.annotate("", (1, 0.25), (0, 0), arrowprops={"arrowstyle": "->", "color": "#c1121f", "linewidth": 2})
left.text(0.62, 0.75, "plateau: y = 1", ha="center")
left.set(xlabel="i1", ylabel="i2", title="the way from (0, 0) to (1, 0.25)")
alpha = np.linspace(0, 1, 1001)
slopes = np.array([slope(a, 0.25 * a) for a in alpha])
right.fill_between(alpha, slopes, color="#c1121f", alpha=0.2, linewidth=0)
right.plot(alpha, slopes, color="#c1121f", linewidth=2)
right.text(0.4, 0.5, "mean slope 0.8", ha="center")
right.set(xlabel="α, the part of the way", ylabel="slope there", title="the slopes on the way", ylim=(-0.05, 1.2))
save(figure, "way")

# %% [markdown]
# ## On birds
#
# From here on the lessons have pictures. They are drawn by a program, part by part, so that we know what is in them:
# eight species of *shorebirds*, 64 by 64 pixels. A redshank has red legs; a greenshank is the same bird with green
# ones. A small network has learnt to tell the eight apart. The highest of its eight scores wins.
#
# The way now leads from a black picture to the bird, brighter at each step. The figure shows three rows: the picture on
# the way, its slopes (red raises the score, blue lowers it), and the sum so far.

# %%
model = mx.load("shorebirds")
scenes = mx.datasets.birds.draw(6, seed=4, species=["redshank"])
birds = mx.integrated_gradients(model, scenes.images, scenes.labels, steps=48, quadrature="midpoint", path=True)
save(mx.plots.series(birds, row=0, classes=model.classes), "series")

gained = birds.score - birds.reference_score
with warnings.catch_warnings(record=True) as warned:  # where a gap is above 5 % of the gain, minixai warns
    warnings.simplefilter("always")
    few = mx.integrated_gradients(model, scenes.images, scenes.labels, steps=4, quadrature="midpoint")
print("gain of the score         ", *(f"{v:7.2f}" for v in gained))
for name, each in (("gap in %, with 4 steps", few), ("gap in %, with 48 steps", birds)):
    print(f"{name:26}", *(f"{v:7.2f}" for v in 100 * each.gap / gained))
for each in warned:
    print("the warning that came with 4 steps:", each.message)
claim("48 steps leave less than 5 % of the gain open, for each of six birds", np.abs(birds.gap) < 0.05 * gained)
claim("all scores have risen on the way from black", gained > 0)

# %% [markdown]
# The slopes on a picture are three for each pixel, for its red, green and blue; the map shows their sum. Now look at
# the legs in the second row, and then in the third. What do the mean slopes say of them, and what do the shares?

# %%
legs = scenes.masks[..., mx.datasets.birds.PARTS.index("legs"), None]  # how much of each pixel is leg
mean_slopes = birds.extras["gradients"].mean(axis=1)
by_colour = (mean_slopes * legs).sum(axis=(1, 2))
brought = (birds.values * legs).sum(axis=(1, 2, 3))
print("redshank                  ", *(f"{i:7}" for i in range(6)))
for name, row in [*zip(("red", "green", "blue"), by_colour.T, strict=True), ("all", by_colour.sum(axis=1))]:
    print(f"mean slopes, legs, {name:7}", *(f"{v:7.1f}" for v in row))
print("shares of the legs        ", *(f"{v:7.1f}" for v in brought))
claim("more red on the legs would raise the score, more blue lower it", (by_colour[:, 0] > 0) & (by_colour[:, 2] < 0))
claim("summed, the mean slopes speak against the red legs", by_colour.sum(axis=1) < 0)
claim("the shares speak for them", brought > 0)

# %% [markdown]
# All right, and all about different things. Slopes tell what *more light* would do: more red is good, more green or
# blue is bad. The legs have much red, and hardly any of the others. The factor (x − x') weighs every slope by the light
# that came, and what came was red. Without the factor the map of a redshank says its red legs are a reason against it.

# %% [markdown]
# ## When it fails, and what it costs
#
# - **It costs** a pass forward and back for every step. The certificate counts them.
# - **It does not average pictures.** The slope at the mean of the pictures on the way is one slope, and may say
#   anything. Half-way to (1, 0.25) it is 1, and would give 1 and 0.25, which is more than y has gained.
# - **Steps are no knob for quality.** With enough of them the sum is right. It can be right and the map foolish, if the
#   baseline asks a foolish question: lesson 5.
# - **It is still about one input,** and now about one baseline and one straight way, too.
#
# ## Exercises
#
# a) Without the machine: how do i1 and i2 share y at (1, 0.25), if the baseline is (0, 0)?
#
# b) And at (2, 2)?
#
# c) The smooth score again: how many points that include both ends are needed for a gap below 2.5 % of the gain?

# %%
mine_a = None  # (i1 brings, i2 brings)
mine_b = None
mine_c = None

swapped = {"that is the Shapley value of lesson 7": (0.875, 0.125), "multiply by x − baseline": (0.8, 0.8)}
answer("a", mine_a, integrated(1, 0.25), swapped)
flat = {"those are the slopes at the end of the way": (0, 0), "only a quarter of the way is uphill": (2, 2)}
answer("b", mine_b, integrated(2, 2), flat)


def fewest(points, limit):
    return next(n for n in range(2, 100) if abs(smooth_slope(points(n)).mean() - gain) < limit)


right = fewest(lambda n: np.arange(n) / (n - 1), 0.025 * gain)
middle = fewest(lambda n: (np.arange(n) + 0.5) / n, 0.025 * gain)
absolute = fewest(lambda n: np.arange(n) / (n - 1), 0.025)
answer("c", mine_c, right, {"so few do with midpoints": middle, "2.5 % of the gain, not of 1": absolute}, tol=0.1)

# %% [markdown]
# ## To read on
#
# - Sundararajan, Taly & Yan 2017, *Axiomatic Attribution for Deep Networks*: the method, and the demands that lead to
#   it.
# - Sturmfels, Lundberg & Lee 2020, *Visualizing the Impact of Feature Attribution Baselines*, Distill: the pictures on
#   the way, their slopes and their sum.
# - Aumann & Shapley 1974, *Values of Non-Atomic Games*: the same formula, forty years earlier, for sharing costs.
# - In minixai: `methods/integrated_gradients.py`.
