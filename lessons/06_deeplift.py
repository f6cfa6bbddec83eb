# %% [markdown]
# # 6. DeepLIFT: what moved the output
#
# **Question.** The output is not where it was at the baseline. Which inputs moved it,
# and by how much? And can a single backward pass tell, without the many steps of lesson
# 4?
#
# **Afterwards.** You can carry differences backward through a small network by hand,
# say what happens at a relu and at a maximum, and name a case in which the answer is
# still unfair.
#
# **Minutes.** 20
#
# The network is that of lesson 1, now step by step. The baseline is (0, 0), as before:
#
#     s = i1 + i2        z = 1 − s        h = relu(z)        y = 1 − h
#
# At the baseline, s, z, h, y are 0, 1, 1, 0. At (1, 1) they are 2, −1, 0, 1. We write
# the change from the baseline with the Greek letter Δ ("delta"): Δs = 2 − 0 = 2, Δz =
# −2, Δh = −1, Δy = 1.
#
# **Predict before you run.** The *slope* of relu at z = −1 is 0, so a backward pass
# with slopes (lesson 2) stops there. Use Δh/Δz instead: the change of h divided by the
# change of z. What is it here? And what will the backward pass say that i1 and i2 are
# worth?

# %%
import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.lesson import answer, claim, save
from minixai.rules import RESCALE


def relu(z):
    return max(z, 0.0)


# %% [markdown]
# ## The method by hand
#
# Go forward twice: once with the inputs, once with the baseline. Then go backward from
# y with a number m, the *multiplier*. It says by how much y changed for each unit of
# change at the node where we are. At y it is 1. On the way back there are two kinds of
# steps:
#
# - **At a sum, each input keeps its own weight,** as it does for slopes. If s = w1·i1 +
#   w2·i2, the multiplier of i1 is that of s times w1, and the multiplier of i2 is that
#   of s times w2. This is right because w1·Δi1 + w2·Δi2 = Δs.
# - **At a relu, the multiplier is multiplied by Δh/Δz,** the change of the output of
#   the relu divided by the change of its input. This is the *Rescale* rule. (If the
#   input did not change, this is 0/0: see exercise b.)
#
# At the end, an input contributes its multiplier times its own change.


# %%
def deep_lift(i1, i2, b1=0.0, b2=0.0):
    z, z0 = 1 - (i1 + i2), 1 - (b1 + b2)
    h, h0 = relu(z), relu(z0)
    m_y = 1.0
    m_h = m_y * -1  # y = 1 − h
    m_z = m_h * ((h - h0) / (z - z0))  # h = relu(z): Rescale
    m_s = m_z * -1  # z = 1 − s
    m_1, m_2 = m_s * 1, m_s * 1  # s = i1 + i2
    return m_1 * (i1 - b1), m_2 * (i2 - b2), (h - h0) / (z - z0)


print("   i1    i2  |    y   | Δh/Δz at the relu | i1 gives   i2 gives  |  sum")
for i1, i2 in [(0.4, 0.4), (1, 1), (1, 0.25)]:
    a, b, chord = deep_lift(i1, i2)
    print(
        f"{i1:5.2f} {i2:5.2f}  | {min(i1 + i2, 1):5.2f}  | {chord:12.2f}     ", end=" "
    )
    print(f"| {a:8.2f} {b:10.2f}   | {a + b:5.2f}")

# %% [markdown]
# - At (0.4, 0.4) nothing is saturated, and each input contributes its 0.40.
# - At (1, 1), z fell from 1 to −1, but h only from 1 to 0, so Δh/Δz = 0.50. Each input
#   contributes 0.50, where slopes say 0.
# - At (1, 0.25), y is 1 and is shared in proportion to the two inputs: 0.80 and 0.20.
#   The many steps of integrated gradients gave the same (lesson 4). Here it took one
#   backward pass.

# %%
claim(
    "at (1, 1) each input contributes one half", np.allclose(deep_lift(1, 1)[:2], 0.5)
)
claim(
    "at (1, 0.25) they contribute 0.80 and 0.20",
    np.allclose(deep_lift(1, 0.25)[:2], (0.8, 0.2)),
)

# %% [markdown]
# Why do the contributions add up? At a sum, the change is divided among the inputs: if
# m is the multiplier of s, then m·w1·Δi1 + m·w2·Δi2 = m·Δs. Nothing is lost. Along a
# chain, fractions cancel. Let F be the last quantity, Y one in the middle, and x the
# first (here y, h and s):
#
#     ΔF/Δx = ΔY/Δx · ΔF/ΔY        the finite chain rule
#
# The backward pass multiplies such factors. At the end we multiply by Δx, and only ΔF
# is left. So i1 and i2 together contribute Δy.

# %%
F, Y, x = 1.0, 0.0 - 1.0, 1.25  # how far y, h and s moved at (1, 0.25)
product = Y / x * F / Y
m_s, (first, second) = (
    F / x,
    (1.0, 0.25),
)  # the multiplier of s, and how far i1, i2 moved
print(f"at the sum: {m_s:.2f} · {first} + {m_s:.2f} · {second} = {m_s * x:.2f}")
print(f"ΔF/Δx = {F / x:.2f}; ΔY/Δx · ΔF/ΔY = {Y / x:.2f} · {F / Y:.2f} = {product:.2f}")
claim(
    "at the sum the contributions add up to m · Δs",
    np.isclose(m_s * first + m_s * second, m_s * x),
)
claim(
    "the finite chain rule holds with ΔY/Δx as its middle factor",
    np.isclose(F / x, (Y / x) * (F / Y)),
)

# %% [markdown]
# ## The same in minixai

# %%
points = [[1.0, 1.0], [1.0, 0.25]]
result = mx.deep_lift(mx.toys.saturation, points, baseline=0.0)
print(result)
claim(
    "minixai finds the same",
    np.allclose(result.values, [deep_lift(*p)[:2] for p in points]),
)
claim("with one backward pass each", result.cost.backward == len(points))

# %% [markdown]
# How does it compare with other methods? Here are networks with random weights and 5
# inputs.
#
# - In a linear network it is slope × Δx: there is nothing to rescale.
# - With one layer of relus it equals integrated gradients. Along the straight path each
#   relu switches at most once, so its mean slope is Δh/Δz. (The path is divided into
#   steps. The step in which a relu switches counts as a whole step or not at all, so
#   each relu adds an error of at most half a step.)
# - With two layers of relus it need not be equal, because the inputs of the second
#   layer no longer change along a straight path.

# %%
rng = np.random.default_rng(0)
W, V, v = rng.normal(size=(5, 8)), rng.normal(size=(8, 8)), rng.normal(size=(8, 1))
here = rng.normal(size=(6, 5))
nets = {
    "linear": lambda node: node @ W @ v,
    "one layer of relus": lambda node: mx.ops.relu(node @ W) @ v,
    "two layers of relus": lambda node: mx.ops.relu(mx.ops.relu(node @ W) @ V) @ v,
}
steps, base = 1000, rng.normal(size=5)
apart = {}
for name, net in nets.items():
    lift = mx.deep_lift(net, here, baseline=base)
    path = mx.integrated_gradients(net, here, baseline=base, steps=steps)
    apart[name] = abs(lift.values - path.values).max()
    print(f"{name:20} differs from integrated gradients by at most {apart[name]:.4f}")
half_a_step = (abs(here - base)[:, :, None] * abs(W * v[:, 0])).sum(axis=2).max() / (
    2 * steps
)
slope_times_move = (W @ v)[:, 0] * (here - base)
claim(
    "in a linear network DeepLIFT is slope × Δx",
    np.allclose(
        mx.deep_lift(nets["linear"], here, baseline=base).values, slope_times_move
    ),
)
claim(
    "with one layer of relus it equals integrated gradients",
    apart["one layer of relus"] <= half_a_step,
)
claim("with two it does not", apart["two layers of relus"] > 0.1)

# %% [markdown]
# ## At a maximum
#
# A *max-pool* (lesson 4) takes the largest of neighbouring numbers. Suppose its entries
# are 4 and 1 at the baseline, and 2 and 5 now. The maximum rose from 4 to 5. The slope
# goes to the winner, the second entry. But that entry changed by 4, so slope × Δ would
# be 4, although the maximum changed by 1. DeepLIFT gives all of Δy to the entry that
# moved the maximum. Its multiplier is 1/4, and it contributes 1. (The authors' own
# library uses the slope, and then the sum need not be right.)
#
# **The rule for max-pool.** minixai follows it at every maximum:
#
# - If the maximum rose, the entry that is the maximum *now* gets Δy. It is the one that
#   pushed the maximum up.
# - If it fell, the entry that was the maximum *at the baseline* gets Δy. The maximum
#   fell because this entry gave way.
# - The maximum can stand in several places at once. If it rose, and several entries are
#   the maximum now, the one of them that was largest at the baseline gets Δy. If it
#   fell, and several entries were the maximum at the baseline, the one of them that is
#   largest now gets Δy. If this does not decide either, the first of them in reading
#   order gets it.
#
# The five pairs below are the example above, one where the maximum fell, and equal
# entries now, at the baseline, and on both sides. Then we try the slope and this rule
# on a network with two max-pools that reads handwritten digits. `mx.load` loads it with
# the weights that it has learnt. The baseline of each digit is another digit.

# %%
entries, before = (
    [[2.0, 5], [2, 3], [5, 5], [2, 3], [5, 5]],
    [[4.0, 1], [4, 1], [1, 4], [4, 4], [4, 4]],
)
for pool in ("gradient", "mover"):
    shares = mx.deep_lift(
        lambda node: mx.ops.max(node, axis=1), entries, baseline=before, pool=pool
    ).values
    told = (f"({a:+.0f}, {b:+.0f})" for a, b in shares + 0.0)
    print(f"pool={pool!r:10}: the two entries contribute", *told)
claim(
    "one entry gets all of the change of the maximum",
    shares.tolist() == [[0, 1], [-1, 0], [0, 1], [0, -1], [1, 0]],
)
model = mx.load("digits").astype(np.float64)
images, labels = mx.datasets.digits("test")
whole = mx.deep_lift(model, images[:10], labels[:10], baseline=images[10:20])
moved = whole.score - whole.reference_score
missing = abs(whole.gap / moved).max()
by_slope = mx.deep_lift(
    model, images[:10], labels[:10], baseline=images[10:20], pool="gradient"
)
lost = abs(by_slope.values.sum(axis=(1, 2, 3)) / moved - 1)
print("10 digits, each from another digit: the sum misses the change of the score")
print(f"by {missing:.0e} of it at most;", end=" ")
print(f"with slopes at the maxima by {np.median(lost):.0%} (the median)")
claim("with max-pools the contributions add up to one millionth", missing < 1e-6)
claim(
    "with slopes at the maxima it misses by more than 5% for most digits",
    np.mean(lost > 0.05) > 0.5,
)

# %% [markdown]
# ## When two inputs pull in opposite directions
#
# y = min(i1, i2), written as i1 − relu(i1 − i2), is 1 at (1, 2). The input of the relu
# changed by +1 (because of i1) and by −2 (because of i2). In total it changed by −1, so
# the relu stayed at 0. Rescale sees no change there, and gives all of y to i1. But
# without i2, y would be 0 as well! The rule *RevealCancel* looks separately at what
# raises and what lowers the input of the relu. It applies one first and then the other,
# in both orders, and takes the mean.

# %%
up, down = 1.0, -2.0
rise = (
    (relu(up) - relu(0)) + (relu(down + up) - relu(down))
) / 2  # i1 first; i1 second
fall = (
    (relu(down) - relu(0)) + (relu(up + down) - relu(up))
) / 2  # i2 first; i2 second
print(f"the relu moved by {rise:+.2f} for i1 and by {fall:+.2f} for i2:")
print(f"i1 contributes {1 - rise:.2f}, i2 contributes {-fall:.2f}")
said = {
    rule: mx.deep_lift(mx.toys.minimum, [[1.0, 2.0]], rule=rule).values[0]
    for rule in ("rescale", "reveal-cancel")
}
said["integrated gradients"] = mx.integrated_gradients(
    mx.toys.minimum, [[1.0, 2.0]]
).values[0]
for name, values in said.items():
    print(f"{name:22} i1 {values[0]:.2f}   i2 {values[1]:.2f}")
claim("for min(1, 2) Rescale gives i2 nothing", np.allclose(said["rescale"], (1, 0)))
claim(
    "and so do integrated gradients", np.allclose(said["integrated gradients"], (1, 0))
)
claim("RevealCancel gives one half each", np.allclose(said["reveal-cancel"], 0.5))
claim("and so it does by hand", (1 - rise, -fall) == (0.5, 0.5))

# %% [markdown]
# ## Two figures
#
# On the left is the relu of the first network: Rescale uses the chord, a slope uses the
# tangent. On the right is the relu of min(1, 2): the same step of i1 lifts the relu by
# 1 if it comes first, and by nothing if i2 has come before. The second figure shows the
# whole backward pass at (1, 0.25). Each box holds a value at the baseline, and after
# the arrow the value now. The multiplier stands below the box.

# %%
# Drawing: the chord of Rescale, both orders of RevealCancel, and the backward pass
figure = Figure(figsize=(7.2, 3.3), layout="constrained")
left, right = figure.subplots(1, 2, sharey=True)
line = np.linspace(-2.3, 1.6, 200)
for ax in (left, right):
    ax.plot(line, np.maximum(line, 0), color="black", linewidth=1.5)
left.plot(
    [1, -1], [1, 0], "o-", color="#c1121f", linewidth=2, label="chord: Δh/Δz = 1/2"
)
left.plot(
    [-1.8, -0.2],
    [0, 0],
    color="#1452a3",
    linewidth=4,
    alpha=0.6,
    label="tangent: slope 0",
)
left.annotate("baseline", (1, 1), (0.2, 1.05))
left.annotate("input", (-1, 0), (-1.2, 0.12))
left.set(title="Rescale: the chord", xlabel="z", ylabel="relu(z)", ylim=(-0.25, 2.1))
right.plot(
    [0, 1], [0, 1], "o-", color="#c1121f", linewidth=2, label="i1 first: relu up by 1"
)
right.plot(
    [-2, -1],
    [0, 0],
    "o-",
    color="#1452a3",
    linewidth=2,
    label="i1 after i2: relu up by 0",
)
right.legend(frameon=False, loc="upper left")
right.set(title="RevealCancel: both orders", xlabel="i1 − i2")
left.legend(frameon=False, loc="upper left")
save(figure, "chord")
i1, i2 = (mx.Node(v, reference=0.0).named(n) for v, n in ((1.0, "i1"), (0.25, "i2")))
s = (i1 + i2).named("s")
node = (1 - mx.ops.relu((1 - s).named("z")).named("h")).named("y")
title = "DeepLIFT at (1, 0.25), baseline (0, 0)"
save(mx.plots.graph(node, {"DeepLIFT": RESCALE}, title=title), "walk")

# %% [markdown]
# ## Try it
#
# Move the input along the relu. The baseline stays at z = 1. Where do chord and tangent
# agree?

# %%
# Drawing: the relu, its chord and its tangent


def along_the_relu(z):
    figure = Figure((6.0, 2.8), layout="constrained")
    ax = figure.subplots()
    ax.plot(line, np.maximum(line, 0), color="black", linewidth=1.5)
    slope = 1.0 if z > 0 else 0.0
    chord = (relu(z) - relu(1)) / (z - 1)
    near = np.array([z - 0.7, z + 0.7])
    ax.plot(near, relu(z) + slope * (near - z), color="#1452a3", linewidth=4, alpha=0.5)
    ax.plot([1, z], [1, relu(z)], "o-", color="#c1121f", linewidth=2)
    title = f"chord (red): Δh/Δz = {chord:.2f}   tangent (blue): slope {slope:.0f}"
    ax.set(title=title, xlabel="z", ylabel="relu(z)", xlim=(-2.4, 1.7), ylim=(-0.6, 2))
    return figure


move = mx.plots.slider(
    along_the_relu,
    "z at the input",
    [-2, -1.5, -1, -0.5, 0.5, 1.5],
    alt="the relu, the chord from the baseline z = 1, and the tangent",
    start=-1,
    strip=[-1, 0.5],
)
save(move, "chord-and-tangent")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Cost.** One forward pass for the input, one for the baseline, and one backward
#   pass. One more forward pass of the baseline by itself serves the certificate.
# - **Inputs that cancel, or need each other.** Rescale looks at the sum that reaches a
#   relu, and can miss what is inside that sum. RevealCancel looks deeper, and needs
#   more work at every relu.
# - **"It approximates the gradient."** No. Both are exact, and they answer different
#   questions. At (1, 1) the slope is 0, and each input contributed one half.
# - **"It is integrated gradients in one pass."** This is true with one layer of relus.
#   Beyond that it is a method of its own.
# - **It still describes one image and one baseline.** Integrated gradients and DeepLIFT
#   look further than a slope does: as far as the baseline, and no further.
#
# **The same backward pass with other rules** gives other methods. *Layer-wise relevance
# propagation* (LRP) distributes the score itself, layer by layer, in proportion to
# weight × input. To do this, it divides by the sum that it distributes. Its ε rule adds
# a small number ε (the Greek "epsilon") to that sum, so that it never divides by 0;
# `mx.lrp` has this rule and others. For a network of relus without biases, the ε rule
# with ε = 0 equals input × gradient. Lesson 13 has two more methods, which replace the
# slope of the relu.

# %%
relevance = mx.lrp(nets["two layers of relus"], here).values
products = mx.input_x_gradient(nets["two layers of relus"], here).values
claim(
    "with ε close to 0 the ε rule of LRP equals input × gradient in a network of relus",
    np.allclose(relevance, products, rtol=1e-3, atol=1e-3),
)

# %% [markdown]
# ## Exercises
#
# a) What is the multiplier of relu if its input goes from −1 to 3? From 2 to 3? From −2
# to −1? (Three numbers.)
#
# b) The input of a relu is z = i1 + i2. Since the baseline i1 has risen by 1 and i2 has
# fallen by 1, so z has not changed, and Δh/Δz is 0/0. What should the multiplier be if
# z is 2? And if z is −3? (Two numbers. Imagine that z has changed a very little.)
#
# c) A printed formula has ΔY/ΔF in the middle: ΔF/Δx = ΔY/ΔF · ΔF/ΔY. What would ΔF/Δx
# be at (1, 0.25)?
#
# d) A max-pool has the entries (3, 5) at the baseline, and (4, 2) now. What do the two
# entries contribute? (Two numbers.)

# %%
mine_a = None  # (from −1 to 3, from 2 to 3, from −2 to −1)
mine_b = None  # (at 2, at −3)
mine_c = None
mine_d = None  # (first entry, second entry)


def multipliers(pairs):
    nodes = [mx.Node([[to]], reference=start) for start, to in pairs]
    return [
        float(mx.backward(mx.ops.relu(node), RESCALE)[node][0, 0]) for node in nodes
    ]


traps = {
    "these are slopes at the end, not along the path": (1, 1, 0),
    "this is Δy: divide it by Δx": (3, 1, 0),
}
answer("a", mine_a, multipliers([(-1, 3), (2, 3), (-2, -1)]), traps)
traps = {
    "at 2 the relu passes each change on: +1 from i1 and −1 from i2": (0, 0),
    "at −3 the slope is 0": (1, 1),
}
answer("b", mine_b, multipliers([(2, 2), (-3, -3)]), traps)
traps = {"that is the left side; work out the right side": F / x, "mind the signs": -1}
answer("c", mine_c, (Y / F) * (F / Y), traps)
fell = mx.deep_lift(
    lambda node: mx.ops.max(node, axis=1), [[4.0, 2.0]], baseline=[[3.0, 5.0]]
).values[0]
traps = {
    "the maximum fell: its old place gets Δy, not the new one": (-1, 0),
    "that is the change of each entry: the maximum fell by 1": (1, -3),
    "the maximum fell, so the contribution is negative": (0, 1),
}
answer("d", mine_d, fell, traps)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*:
#   the article that these lessons follow. Its finite chain rule has the misprint of
#   exercise c, and it hopes that these two methods cure the locality of slopes.
# - Shrikumar, Greenside & Kundaje 2017, *Learning Important Features Through
#   Propagating Activation Differences*: §3.2 multipliers and their chain rule, §3.5 the
#   rules, Fig. 3 min(i1, i2).
# - Ancona, Ceolini, Öztireli & Gross 2018, *Towards better understanding of
#   gradient-based attribution methods*: when DeepLIFT and integrated gradients agree.
# - Bach, Binder, Montavon, Klauschen, Müller & Samek 2015, *On Pixel-Wise Explanations
#   for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation*: LRP.
# - In minixai: `rules/slopes.py` (Rescale, the maximum), `rules/reveal_cancel.py`,
#   `methods/deep_lift.py`, `methods/lrp.py`.
