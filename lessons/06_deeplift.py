# %% [markdown]
# # 6. DeepLIFT: what moved the output
#
# **Question.** The output is not where it was at the baseline. Which inputs moved it, and by how much? And can one walk
# back through the network tell, without the many steps of lesson 4?
#
# **Afterwards.** You can carry differences back through a small network by hand, say what happens at a ReLU and at a
# maximum, and name a case in which the answer is still unfair.
#
# **Minutes.** 20
#
# The network of lesson 1 once more, now step by step. The baseline is (0, 0), as before:
#
#     s = i1 + i2        z = 1 − s        h = relu(z)        y = 1 − h
#
# At the baseline s, z, h, y are 0, 1, 1, 0. At (1, 1) they are 2, −1, 0, 1. How far a number has moved from the
# baseline we write with the Greek letter Δ ("delta"): Δs = 2 − 0 = 2, Δz = −2, Δh = −1, Δy = 1.
#
# **Predict before you run.** The *slope* of relu at z = −1 is 0, so a walk back with slopes (lesson 2) dies there. Take
# instead Δh/Δz, how far h moved for each step of z. What is it here? And what will the walk say i1 and i2 are worth?

# %%
import numpy as np
from matplotlib.figure import Figure

import minixai as mx
from minixai.lesson import answer, claim, save
from minixai.rules import RESCALE


def relu(z):
    return max(z, 0.0)


# %% [markdown]
# ## The method by hand
#
# Go forward twice: with the inputs, and with the baseline. Then walk back from y with a number m, the *multiplier*: how
# far y moved for each step of the place where we stand. At y it is 1. Each step back multiplies it by the Δ after the
# step over the Δ before it. For sums that is the weight, as for slopes. For relu it is Δh/Δz: this is the *Rescale*
# rule. Last, an input brings its multiplier times how far it moved itself.


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


print("   i1    i2  |    y   | Δh/Δz at the relu | i1 brings  i2 brings |  sum")
for i1, i2 in [(0.4, 0.4), (1, 1), (1, 0.25)]:
    a, b, chord = deep_lift(i1, i2)
    print(
        f"{i1:5.2f} {i2:5.2f}  | {min(i1 + i2, 1):5.2f}  | {chord:12.2f}      | {a:8.2f} {b:10.2f}   | {a + b:5.2f}"
    )

# %% [markdown]
# - At (0.4, 0.4) nothing is saturated, and each input brings its 0.40.
# - At (1, 1) z went from 1 to −1, but h only from 1 to 0: Δh/Δz = 0.50. So each input brings 0.50, where slopes say 0.
# - At (1, 0.25) y is 1, and is shared in the proportion of the two inputs: 0.80 and 0.20. That is what the many steps
#   of integrated gradients found (lesson 4); here it took one walk.

# %%
claim("at (1, 1) each input brings one half", np.allclose(deep_lift(1, 1)[:2], 0.5))
claim(
    "at (1, 0.25) they bring 0.80 and 0.20",
    np.allclose(deep_lift(1, 0.25)[:2], (0.8, 0.2)),
)

# %% [markdown]
# Why do they add up? Because fractions cancel. With F for what comes last, Y for what is between, x for what is first:
#
#     ΔF/Δx = ΔY/Δx · ΔF/ΔY        the finite chain rule
#
# Walking back multiplies such factors; at the end, times Δx, only ΔF is left. (In the article this lesson follows, the
# middle factor is printed as ΔY/ΔF, a slip of the pen. Exercise c asks what the line would then say.)

# %%
F, Y, x = 1.0, 0.0 - 1.0, 1.25  # how far y, h and s moved at (1, 0.25)
print(
    f"ΔF/Δx = {F / x:.2f}, and ΔY/Δx · ΔF/ΔY = {Y / x:.2f} · {F / Y:.2f} = {Y / x * F / Y:.2f}"
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
claim("for one walk back each", result.cost.backward == len(points))

# %% [markdown]
# What is it in general? Here are networks with random weights, of 5 inputs.
#
# - In a linear network it is slope times Δx: there is nothing to rescale.
# - With one layer of relus it equals integrated gradients: along the straight way each relu switches at most once, so
#   that its mean slope is Δh/Δz. With n steps the sum over the way can be off by half a step for each relu, no more.
# - With two layers of relus it need not: the second layer's inputs no longer move along a straight way.

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
    apart[name] = abs(
        lift.values
        - mx.integrated_gradients(net, here, baseline=base, steps=steps).values
    ).max()
    print(
        f"{name:20} DeepLIFT − integrated gradients: at most {apart[name]:.4f}; gap {abs(lift.gap).max():.0e}"
    )
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
# Networks for images often take the largest of neighbouring numbers (*max-pool*). Say the entries are 4 and 1 at the
# baseline, and 2 and 5 now: the maximum went from 4 to 5. The slope goes to the winner, the second entry; but that one
# moved by 4, and slope times Δ would be 4, where the maximum moved by 1. DeepLIFT gives Δy, whole, to the entry that
# moved the maximum: its multiplier is 1/4, and it brings 1. (The authors' own library takes the slope; then the sum
# need not be right.)
#
# Who is that? The whole rule, which minixai follows at every max-pool:
#
# - If the maximum rose, the entry that is the maximum *now* gets Δy.
# - If it fell, the entry that was the maximum *at the baseline* gets Δy.
# - Among equal entries the one gets it that is largest on the other side: at the baseline if the maximum rose, now if
#   it fell. If they are equal there as well, the first gets it, reading row by row.
#
# The five pairs below are the example above, one that fell, and equal entries now, at the baseline, and in both. Then
# we try the slope and this rule on a network with two max-pools, which reads handwritten digits: `mx.load` brings it,
# with the weights it has learnt. The baseline of each digit is another digit.

# %%
entries, before = (
    [[2.0, 5], [2, 3], [5, 5], [2, 3], [5, 5]],
    [[4.0, 1], [4, 1], [1, 4], [4, 4], [4, 4]],
)
for pool in ("gradient", "mover"):
    brings = mx.deep_lift(
        lambda node: mx.ops.max(node, axis=1), entries, baseline=before, pool=pool
    ).values
    print(
        f"pool={pool!r:10}: the two entries bring",
        *(f"({a:+.0f}, {b:+.0f})" for a, b in brings + 0.0),
    )
claim(
    "one entry brings all that the maximum moved by",
    brings.tolist() == [[0, 1], [-1, 0], [0, 1], [0, -1], [1, 0]],
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
print(
    f"10 digits, each from another digit: the sum misses the movement of the score by {missing:.0e} of it, at most;"
)
print(f"with slopes at the maxima by {np.median(lost):.0%}, typically (the median)")
claim("in a network with max-pools the contributions add up to 1e-6", missing < 1e-6)
claim(
    "with slopes at the maxima it misses by more than 5% for most digits",
    np.mean(lost > 0.05) > 0.5,
)

# %% [markdown]
# ## When two inputs pull in opposite directions
#
# y = min(i1, i2), written i1 − relu(i1 − i2), at (1, 2): y is 1. The relu's input moved by +1 (i1) and by −2 (i2),
# together −1, so relu stayed at 0. Rescale sees that nothing moved there, and gives all of y to i1. But without i2 y
# would be 0 as well! The rule *RevealCancel* looks at what raises and what lowers the relu's input apart: first one,
# then the other, in both orders, and takes the mean.

# %%
up, down = 1.0, -2.0
rise = (
    (relu(up) - relu(0)) + (relu(down + up) - relu(down))
) / 2  # i1 first; i1 second
fall = (
    (relu(down) - relu(0)) + (relu(up + down) - relu(up))
) / 2  # i2 first; i2 second
print(
    f"relu moved by {rise:+.2f} for i1 and by {fall:+.2f} for i2: i1 brings {1 - rise:.2f}, i2 brings {-fall:.2f}"
)
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
# ## Two pictures
#
# On the left the relu of the first network: Rescale looks along the chord, a slope along the tangent. On the right that
# of min(1, 2): the same step of i1 lifts relu by 1 if it comes first, and by nothing once i2 has come. The second
# picture is the whole walk: what went forward in each box, the multiplier that comes back beneath it.

# %%
figure = Figure(figsize=(9, 3.8), layout="constrained")
left, right = figure.subplots(1, 2, sharey=True)
line = np.linspace(-2.3, 1.6, 200)
for ax in (left, right):
    ax.plot(line, np.maximum(line, 0), color="black", linewidth=1.5)
left.plot(
    [1, -1],
    [1, 0],
    "o-",
    color="#c1121f",
    linewidth=2,
    label="chord, from baseline to input: Δh/Δz = 1/2",
)
left.plot(
    [-1.8, -0.2],
    [0, 0],
    color="#1452a3",
    linewidth=4,
    alpha=0.6,
    label="tangent at the input: slope 0",
)
left.annotate("baseline", (1, 1), (0.2, 1.05))
left.annotate("input", (-1, 0), (-1.2, 0.12))
left.set(
    title="Rescale: the chord, not the tangent",
    xlabel="z",
    ylabel="relu(z)",
    ylim=(-0.25, 2.1),
)
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
right.set(title="RevealCancel: i1's step in both orders", xlabel="i1 − i2")
left.legend(frameon=False, loc="upper left")
save(figure, "chord")
node = mx.toys.saturation(mx.Node([[1.0, 0.25]], reference=0.0).named("x"))
save(
    mx.plots.graph(
        node, {"DeepLIFT": RESCALE}, title="The walk back at (1, 0.25), baseline (0, 0)"
    ),
    "walk",
)

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Cost.** One pass forward for the input, one for the baseline, one walk back; and one more for the baseline by
#   itself, which the certificate compares with.
# - **Inputs that cancel, or need each other.** Rescale looks at the sum of what reaches a relu, and can miss what is in
#   it. RevealCancel looks deeper, at about four times the work.
# - **"It approximates the gradient."** No: both are exact, and they answer different questions. At (1, 1) the slope is
#   0, and each input brought one half.
# - **"It is integrated gradients in one pass."** With one layer of relus. Beyond that it is a method of its own.
# - **It is still about one image and one baseline.** The article hopes that integrated gradients and DeepLIFT cure the
#   locality of slopes (lesson 3). They look further, as far as the baseline, and no further.
#
# ## Exercises
#
# a) What is relu's multiplier if its input goes from −1 to 3? From 2 to 3? From −2 to −1? (Three numbers.)
#
# b) Two inputs of a relu cancel: its input is 2 at the baseline, and 2 again. Δy/Δx is 0/0. What should the multiplier
#    be, so that the two inputs get their +1 and −1? And if it is −3, and −3 again? (Two numbers.)
#
# c) With the middle factor as printed, ΔF/Δx = ΔY/ΔF · ΔF/ΔY, what would ΔF/Δx be at (1, 0.25)?

# %%
mine_a = None  # (from −1 to 3, from 2 to 3, from −2 to −1)
mine_b = None  # (at 2, at −3)
mine_c = None


def multipliers(pairs):
    nodes = [mx.Node([[to]], reference=start) for start, to in pairs]
    return [
        float(mx.backward(mx.ops.relu(node), RESCALE)[node][0, 0]) for node in nodes
    ]


traps = {
    "these are slopes at the end, not over the way": (1, 1, 0),
    "this is Δy: divide it by Δx": (3, 1, 0),
}
answer("a", mine_a, multipliers([(-1, 3), (2, 3), (-2, -1)]), traps)
traps = {
    "then +1 and −1 would both be lost; take the slope there": (0, 0),
    "at −3 the slope is 0": (1, 1),
}
answer("b", mine_b, multipliers([(2, 2), (-3, -3)]), traps)
answer(
    "c",
    mine_c,
    (Y / F) * (F / Y),
    {"that is the left side; work out the right side": F / x, "mind the signs": -1},
)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*: the article that these lessons
#   follow.
# - Shrikumar, Greenside & Kundaje 2017, *Learning Important Features Through Propagating Activation Differences*: §3.2
#   multipliers and their chain rule, §3.5 the rules, Fig. 3 min(i1, i2).
# - Ancona, Ceolini, Öztireli & Gross 2018, *Towards better understanding of gradient-based attribution methods*: when
#   DeepLIFT and integrated gradients agree.
# - In minixai: `rules/slopes.py` (Rescale, the maximum), `rules/reveal_cancel.py`, `methods/deep_lift.py`.
