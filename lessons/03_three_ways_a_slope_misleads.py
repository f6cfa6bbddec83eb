# %% [markdown]
# # 3. Three ways a slope misleads
#
# **Question.** Slopes cost one pass (lesson 2). When do they say something wrong about
# the worth of an input?
#
# **Afterwards.** You can name three such cases, build a network for each, say why a
# comparison with a baseline cures them, and say what the comparison does not cure.
#
# **Minutes.** 15
#
# **Predict before you run.** A network pays nothing up to x = 10, and one for each unit
# above: y = relu(x − 10). What is slope × input at x = 9.999? What is it at x = 10.001?
# How much has y really changed in between?

# %%
import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.lesson import answer, claim, save


def relu(z):
    return np.maximum(z, 0)


# %% [markdown]
# ## The method by hand
#
# Every network of this lesson consists of sums and relus. The slope of relu(z) is 1
# where z is positive, and 0 elsewhere. The chain rule of lesson 2 does the rest.
#
# **1. Saturation.** Take the network of lesson 1, y = 1 − relu(1 − (i1 + i2)), at (1,
# 1). The input of the relu is −1. The relu is off, so nothing passes back, and both
# slopes are 0. Yet y is 1 only because of i1 and i2.


# %%
def saturation(i1, i2):
    z = 1 - (i1 + i2)
    slope = 1.0 if z > 0 else 0.0  # two minus signs cancel, so it is +1 for both inputs
    return 1 - relu(z), (slope, slope)


for point in [(0.2, 0.2), (0.4, 0.4), (1.0, 1.0)]:
    y, slopes = saturation(*point)
    print(f"at {point}: y = {y:.1f}, slopes {slopes}")
claim("at (1, 1) both slopes are 0", saturation(1, 1)[1] == (0, 0))
claim(
    "and yet y has risen by 1 since (0, 0)",
    saturation(1, 1)[0] - saturation(0, 0)[0] == 1,
)

# %% [markdown]
# **2. The jump.** y = relu(x − 10) does not jump. Its slope jumps, from 0 to 1, and so
# does slope × input. The last column shows what the input really contributed: how much
# y has gained since x = 0.


# %%
def threshold(x):
    return relu(x - 10.0), float(x > 10)


print("      x        y   slope   slope × x   gained since x = 0")
for x in (9.999, 10.001):
    y, slope = threshold(x)
    gained = y - threshold(0.0)[0]
    print(f"{x:7.3f}  {y:7.3f}  {slope:6.0f}  {slope * x:10.3f}  {gained:19.3f}")
low, high = (threshold(x)[1] * x for x in (9.999, 10.001))
claim("slope × x jumps from 0 to 10.001", (low, high) == (0, 10.001))
claim(
    "while y has moved by 0.001",
    np.isclose(threshold(10.001)[0] - threshold(9.999)[0], 0.001),
)

# %% [markdown]
# This is often called "the discontinuity of the gradient". A discontinuity alone would
# be harmless. It misleads because a change of x that is too small to see turns "worth
# nothing" into "worth 10.001", ten thousand times as much as y itself.
#
# **3. Locality.** The slope here is not the slope elsewhere. A network of twenty relus
# makes a saw. From x = 0 to x = 1 it climbs by 1. Each tooth first rises with slope 3,
# and then falls with slope −1. Two inputs that differ by 0.05 get opposite answers, and
# neither answer is the climb.

# %%
corners = np.arange(20) / 20
bends = np.array(
    [3.0] + [-4.0, 4.0] * 9 + [-4.0]
)  # by how much the slope changes at each corner


def saw(x):
    return (bends * relu(x - corners)).sum(), bends[x > corners].sum()


print("two inputs, 0.05 apart:")
for x in (0.52, 0.57):
    print(f"at x = {x}: y = {saw(x)[0]:.2f}, slope {saw(x)[1]:+.0f}")
everywhere = np.array([saw(x)[1] for x in (np.arange(1000) + 0.5) / 1000])
print(
    f"the saw climbs by {saw(1.0)[0] - saw(0.0)[0]:.0f};",
    f"the mean of 1,000 slopes along the path is {everywhere.mean():.2f}",
)
claim(
    "the slopes at 0.52 and 0.57 are +3 and −1", (saw(0.52)[1], saw(0.57)[1]) == (3, -1)
)
claim("from 0 to 1 the saw climbs by 1", np.isclose(saw(1.0)[0] - saw(0.0)[0], 1))
claim(
    "no single slope says so, but the mean of all slopes does",
    np.isclose(everywhere.mean(), 1),
)

# %% [markdown]
# Keep the last line in mind: lesson 4 is built on it.
#
# ## The same in minixai

# %%
two = mx.gradient(mx.toys.saturation, [[1.0, 1.0]])
jump = mx.input_x_gradient(mx.toys.threshold, [[9.999], [10.001]])
teeth = mx.gradient(
    lambda x: (mx.ops.relu(x - corners) * bends).sum(axis=1), [[0.52], [0.57]]
)
claim("minixai finds the same slopes at (1, 1)", np.all(two.values == 0))
claim("the same jump", np.allclose(jump.values[:, 0], [0, 10.001]))
claim("and the same teeth", np.allclose(teeth.values[:, 0], [3, -1]))

# %% [markdown]
# Here are the three cases.

# %%
# Drawing: saturation, the jump, and the saw
figure = Figure(figsize=(7.3, 2.9), layout="constrained")
first, second, third = figure.subplots(1, 3)
t = np.linspace(0, 1.2, 200)
first.plot(t, [saturation(s, s)[0] for s in t], color="black", linewidth=2)
first.plot([0.8, 1.2], [1, 1], color="#c1121f", linewidth=5, alpha=0.4)
first.plot(1, 1, "o", color="#c1121f")
first.text(1.17, 0.88, "slope 0 here,\nbut y rose by 1", ha="right", va="top")
first.set(title="1. Saturation", xlabel="i1 = i2", ylabel="y")
x = np.linspace(9, 11, 400)
second.plot(
    x, [threshold(v)[0] for v in x], color="black", linewidth=4, label="y: no jump"
)
split = np.where(np.abs(x - 10) < 0.004, np.nan, [threshold(v)[1] * v for v in x])
second.plot(x, split, color="#c1121f", linewidth=2, label="slope × x")
second.set(title="2. The jump", xlabel="x")
second.legend(frameon=False)
x = np.linspace(0, 1, 401)
third.plot(x, [saw(v)[0] for v in x], color="black", linewidth=1.5)
third.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
for at, colour, words, place in (
    (0.52, "#c1121f", "slope +3", (0.15, 0.75)),
    (0.57, "#1452a3", "slope −1", (0.65, 0.3)),
):
    third.plot(at, saw(at)[0], "o", color=colour)
    third.annotate(
        words,
        (at, saw(at)[0]),
        place,
        color=colour,
        arrowprops={"arrowstyle": "->", "color": colour},
    )
third.set(title="3. Locality", xlabel="x", ylabel="y (dashed: the climb)")
save(figure, "three-ways")

# %% [markdown]
# ## Try it
#
# *Softplus* is a relu with a round corner. Its sharpness is the number b: softplus(z) =
# log(1 + exp(b·z)) / b. Make the corner sharper. The curve of y hardly changes, but
# slope × x gets ever closer to a jump.

# %%
# Drawing: softplus in place of the relu, and slope × x


def rounded(sharpness):
    figure = Figure((6.4, 2.6), layout="constrained")
    ax = figure.subplots()
    x = np.linspace(9, 11, 401)
    z = sharpness * (x - 10)
    ax.plot(x, np.logaddexp(0, z) / sharpness, color="black", label="y, with softplus")
    ax.plot(x, x / (1 + np.exp(-z)), color="#c1121f", label="slope × x")
    ax.set(xlabel="x", ylim=(-0.5, 11.5))
    ax.legend(frameon=False, loc="upper left")
    return figure


sharp = mx.plots.slider(
    rounded,
    "sharpness b",
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    alt="softplus in place of relu, and slope × x",
    start=4,
    strip=[4, 128],
)
save(sharp, "sharpness")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **White does not mean ignored.** The slopes of an image are drawn as a map, and a
#   map is white where they are 0. The network may depend on such a place so much that
#   it is saturated there.
# - **A difference from a baseline cures all three cases.** Do not ask how steep y is
#   here. Ask how far y has come from the baseline, as in lesson 1, but with all inputs
#   at once. At (1, 1), y has come by 1. On the two sides of the jump it has come by 0
#   and by 0.001. At the two points of the saw it has come by 0.56 and by 0.63, almost
#   the same. Lessons 4 and 6 distribute such differences among the inputs.
# - **What remains is weaker.** A difference, too, is about one input and one baseline.
#   Take y = |x − 1|, which falls to 0 at x = 1 and rises again. From the baseline 0, y
#   has fallen by 0.5 at x = 0.5, and risen by 1 at x = 3. Another input gets another
#   answer, and both are right.

# %%
come = [saw(x)[0] - saw(0.0)[0] for x in (0.52, 0.57)]
print(f"the saw has come by {come[0]:.2f} and by {come[1]:.2f}")
since = {x: abs(x - 1) - abs(0 - 1) for x in (0.5, 3.0)}
print(
    "from 0,", *(f"|x − 1| has changed by {d:+.1f} at {x};" for x, d in since.items())
)
claim(
    "at the two points of the saw the differences are alike",
    abs(come[1] - come[0]) < 0.1,
)
claim(
    "y = |x − 1| has fallen at 0.5, and risen at 3",
    since[0.5] == -0.5 and since[3] == 1,
)


# %% [markdown]
# How sharp may the corner of softplus be? The slope of softplus is 1 / (1 + exp(−b·z)).
# Here is how much slope × input changes from x = 9.999 to x = 10.001, for some b.


# %%
def change(b):
    """How much slope × input of softplus changes from 9.999 to 10.001."""
    return sum(
        sign * x / (1 + np.exp(-b * (x - 10))) for sign, x in ((1, 10.001), (-1, 9.999))
    )


for b in (10, 100, 1000):
    print(f"b = {b:4}: slope × input changes by {change(b):.2f}")

# %% [markdown]
# ## Exercises
#
# a) By how much does slope × input of y = relu(x − 10) jump when x passes 10?
#
# b) Replace the relu by softplus. What is the largest whole number b for which slope ×
# input changes by less than 1 from x = 9.999 to x = 10.001? (See the last table. While
# b is small, the change is almost proportional to b.)
#
# c) y = |x − 1| at x = 1.5. How far has y come from the baseline 0, and how far from
# the baseline 1? (Two numbers.)

# %%
mine_a = None
mine_b = None
mine_c = None  # (from 0, from 1)

just_above = np.nextafter(10.0, 11.0)
answer(
    "a",
    mine_a,
    just_above * threshold(just_above)[1],
    {"y does not jump": 0, "that is the slope alone": 1},
)
largest = max(b for b in range(1, 1000) if change(b) < 1)
slip = np.arctanh(0.0999) / 0.001
smooth = "no: the table shows that with b = 1000 it changes by far more than 1"
answer(
    "b",
    mine_b,
    largest,
    {smooth: np.inf, "there are two sides, each 0.001 away from 10": slip},
    tol=0.6,
)
far = [abs(1.5 - 1) - abs(start - 1) for start in (0, 1)]
traps = {
    "that is the slope at 1.5: ask how far y has come": (1, 1),
    "that is y itself: subtract y at the baseline": (0.5, 0.5),
    "subtract y at the baseline from y, not y from it": (0.5, -0.5),
}
answer("c", mine_c, far, traps)

# %% [markdown]
# ## To read on
#
# - Shrikumar, Greenside & Kundaje 2017, *Learning Important Features Through
#   Propagating Activation Differences*, §2.2, Fig. 1 and 2: saturation, the jump at 10,
#   and why differences help.
# - Sundararajan, Taly & Yan 2017, *Axiomatic Attribution for Deep Networks*, §2.1: why
#   an input that makes a difference must not get 0.
# - Balduzzi and others 2017, *The Shattered Gradients Problem*: how often the slopes of
#   deep networks change sign.
# - In minixai: `methods/gradients.py`, and the networks in `toys.py`.
