# %% [markdown]
# # 2. The slope here
#
# **Question.** Lesson 1 needed one pass through the network for every input. Can we get
# an answer for all inputs in a single pass?
#
# **Afterwards.** You can carry slopes backward through a small network with pencil and
# paper, say what they cost, and say why the largest slope need not belong to the input
# that matters most.
#
# **Minutes.** 15
#
# This network has three inputs, two adders and one multiplier. We give its inputs the
# values a = 3, b = 1, c = 2:
#
#     d = a + b        e = b + c        f = d · e
#
# The *slope* of f with respect to a says how fast f changes when a changes by a tiny
# amount and b and c stay fixed. Its other name is the *partial derivative*, written
# ∂f/∂a. All the slopes together form the *gradient* of f.
#
# **Predict before you run.** What is f? Which of the three inputs has the largest
# slope? If you could set only one of them to 0, which one would cost the most?

# %%
import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.lesson import answer, claim, save


def network(a, b, c):
    return (a + b) * (b + c)


# %% [markdown]
# ## The method by hand
#
# On the way forward we compute d, e and f. On the way back we start at f, whose slope
# with respect to itself is 1. At every *gate* (here an adder or a multiplier) we ask:
# if this slope arrives at the output of the gate, which slopes leave at its inputs?
#
# - **A multiplier swaps.** In f = d · e, a small change of d changes f by e times as
#   much. So d receives the slope times e, the value of the *other* input. And e
#   receives the slope times d.
# - **An adder copies.** In d = a + b, d changes as much as a does, and as much as b
#   does. Both receive the slope unchanged.
# - **Where paths meet, slopes add up.** b feeds both adders. When b changes, f changes
#   along both paths at once.
#
# The slope along a path is the product of the slopes at its gates. This is the *chain
# rule*.


# %%
def forward_and_backward(a, b, c):
    d, e = a + b, b + c  # forward
    f = d * e
    slope_f = 1.0  # backward
    slope_d, slope_e = slope_f * e, slope_f * d  # multiply swaps
    slope_a, slope_c = slope_d, slope_e  # add copies
    slope_b = slope_d + slope_e  # two paths meet at b
    return f, (slope_a, slope_b, slope_c)


x = 3.0, 1.0, 2.0
f, slopes = forward_and_backward(*x)
print(f"f = {f}, slopes with respect to a, b, c: {slopes}")

# %% [markdown]
# Is this right? Change each input by a tiny amount in both directions, and see how much
# f really changes. This is lesson 1 again, with two passes for each input. Every slope
# can be checked in this manner.


# %%
def nudged(j, h):
    moved = list(x)
    moved[j] += h
    return network(*moved)


measured = [(nudged(j, 1e-5) - nudged(j, -1e-5)) / 2e-5 for j in range(3)]
claim("the slopes at (3, 1, 2) are 3, 7 and 4", (f, slopes) == (12, (3, 7, 4)))
claim(
    "changing each input gives the same, to a millionth",
    np.allclose(measured, slopes, rtol=0, atol=1e-6),
)

# %% [markdown]
# ## The same in minixai
#
# In minixai a network computes with *nodes* instead of numbers. A node remembers how it
# was computed, so that we can follow the path back. Our `network` accepts nodes as well
# as numbers, and can be drawn. The green numbers go forward. The red numbers are the
# slopes that come back. Follow the red numbers from right to left. At the multiplier
# the values 4 and 3 swap; the adders copy; and at b two slopes meet.
#
# A method takes a whole network at once: `mx.toys.add_multiply` is ours, as a function
# of rows of inputs.

# %%
nodes = [mx.Node([value], name=name) for name, value in zip("abc", x, strict=True)]
save(mx.plots.graph(network(*nodes), title="f = (a + b)(b + c)"), "circuit")

result = mx.gradient(mx.toys.add_multiply, [list(x)])
print(result)
claim("minixai finds the same slopes", np.allclose(result.values, [slopes]))

# %% [markdown]
# ## Try it
#
# Change a, b and c, and watch the numbers of the graph. The numbers in the boxes go
# forward, and the slopes below them come back. When is the slope of a negative? When is
# that of b zero?

# %%
# Drawing: the graph, with its values and its slopes
canvas = Figure((6.4, 2.7))
page = canvas.add_axes((0, 0, 1, 1), xlim=(0, 6.4), ylim=(0, 2.7))
page.set_axis_off()
boxes = {"a": (0.6, 2.2), "b": (0.6, 1.35), "c": (0.6, 0.5), "d": (2.9, 1.9)}
boxes |= {"e": (2.9, 0.8), "f": (5.4, 1.35)}
gates = {"d": "d = a + b", "e": "e = b + c", "f": "f = d · e"}
for start, end in ("ad", "bd", "be", "ce", "df", "ef"):
    (x0, y0), (x1, y1) = boxes[start], boxes[end]
    arrow = {"arrowstyle": "->", "color": "grey", "shrinkA": 42, "shrinkB": 42}
    page.annotate("", (x1, y1), (x0, y0), arrowprops=arrow)
for name, (px, py) in boxes.items():
    frame = {"boxstyle": "round", "facecolor": "white", "edgecolor": "grey"}
    words = gates.get(name, name) + " = {" + name + "}"
    page.text(px, py, words, ha="center", va="center", color="#1b7a3d", bbox=frame)
    slope = "{slope of " + name + "}"
    page.text(
        px, py - 0.36, f"slope {slope}", ha="center", va="center", color="#c0272d"
    )


def numbers(a, b, c):
    d, e = a + b, b + c
    f, (slope_a, slope_b, slope_c) = forward_and_backward(a, b, c)
    table = {"a": a, "b": b, "c": c, "d": d, "e": e, "f": f}
    slopes = {"a": slope_a, "b": slope_b, "c": slope_c, "d": e, "e": d, "f": 1}
    return table | {f"slope of {name}": value for name, value in slopes.items()}


choices = [-3, -2, -1, 0, 1, 2, 3]
drag = mx.plots.slider(
    numbers,
    {"a": choices, "b": choices, "c": choices},
    alt="the graph of f = (a + b)(b + c), its values and its slopes",
    start=(3, 1, 2),
    strip=[(3, 1, 2), (-2, 1, 2)],
    template=canvas,
)
save(drag, "numbers")
every = [(a, b, c) for a in choices for b in choices for c in choices]
found = {each: forward_and_backward(*each)[1] for each in every}
claim(
    "the slope of a is negative where b + c is negative",
    [(s[0] < 0) == (each[1] + each[2] < 0) for each, s in found.items()],
)
claim(
    "that of b is zero where a + 2b + c is zero",
    [
        (s[1] == 0) == (each[0] + 2 * each[1] + each[2] == 0)
        for each, s in found.items()
    ],
)

# %% [markdown]
# The slope of a is e, so it is negative where b + c is. The slope of b is d + e, so it
# is zero where a + 2b + c is zero, for example at (−3, 1, 1).
#
# **The cost** is one forward pass and one backward pass, however many inputs there are.
# The certificate says so for three inputs. Here is the cost for 150,528 inputs, as many
# as a colour image of 224 × 224 pixels has numbers.

# %%
many = mx.gradient(lambda x: (x * x).sum(axis=1), np.ones((1, 224 * 224 * 3)))
print(f"224 × 224 × 3 = {many.values.size:,} slopes cost {many.cost}")
claim(
    "one pass forward and one back, for 3 inputs and for 150,528",
    result.cost == many.cost == (1, 1),
)

# %% [markdown]
# ## When it fails, and what it costs
#
# b has the largest slope. Does this make b the most important input? Let us remove each
# input, as in lesson 1, and let us also multiply each slope by its input. ("Slope ×
# input" is what the input would be worth if f were linear.) The last row of the table
# looks ahead: in lesson 4 you will compute shares of f that add up to f.

# %%
drops = [f - network(0, 1, 2), f - network(3, 0, 2), f - network(3, 1, 0)]
shares = mx.integrated_gradients(mx.toys.add_multiply, [list(x)]).values[0]
print("                            a     b     c")
for name, row in [
    ("slope", slopes),
    ("slope × input", np.multiply(slopes, x)),
    ("f loses without it", drops),
]:
    print(f"{name:24}" + "".join(f"{v:6.1f}" for v in row))
print(
    f"{'share of f (lesson 4)':24}"
    + "".join(f"{v:6.1f}" for v in shares)
    + f"    sum {shares.sum():.1f}"
)
claim("b has the largest slope", np.argmax(slopes) == 1)
claim(
    "but a costs the most when taken away, and b the least",
    (np.argmax(drops), np.argmin(drops)) == (0, 1),
)
claim(
    "slope × input says the same as the drops: a first, b last",
    np.argsort(np.multiply(slopes, x))[[0, 2]] == [1, 0],
)
claim("slope × input adds up to twice f here", np.dot(slopes, x) == 2 * f)
claim(
    "the shares of lesson 4 are 4.5, 3.5 and 4.0, and add up to f",
    np.allclose(shares, [4.5, 3.5, 4.0]),
)

# %% [markdown]
# - **A slope is not a contribution.** It says what a *change* of b would do. It does
#   not say what b has contributed. b has the slope 7, but b is only 1, and so slope ×
#   input is 7. a has the slope 3, but a is 3, and so slope × input is 9.
# - **A slope describes this point only.** f is not a straight line. Slope × input adds
#   up to 24, but f is 12.
# - **The slope of what?** A network that classifies images gives each class (redshank,
#   robin, ...) a number, its *score*. The highest score wins. An explanation starts the
#   backward pass at a score. Training starts it at the *loss*, which says how wrong the
#   network is. These slopes differ. Suppose that f is the score of the right class, and
#   that there is only one other class, with the score 0. Then the usual loss is log(1 +
#   exp(−f)). (Lesson 8 explains probabilities of classes; the loss is minus the
#   logarithm of the one of the right class.) The loss falls when f rises, so its slopes
#   have the opposite sign. And where f is as large as 12, the loss is nearly 0 and can
#   hardly fall any further, so its slopes almost vanish.


# %%
def loss(x):
    return mx.ops.softplus(-mx.toys.add_multiply(x))  # log(1 + exp(−f))


of_loss = mx.gradient(loss, [list(x)]).values[0]
print(
    "slopes of the score:",
    *slopes,
    "  slopes of the loss:",
    *(f"{v:.6f}" for v in of_loss),
)
claim(
    "the slopes of the loss are a hundred thousand times smaller, of opposite sign",
    (of_loss < 0) & (of_loss * 1e5 > -np.array(slopes)),
)

# %% [markdown]
# ## Exercises
#
# a) What are the three slopes at (−1, 2, 3)?
#
# b) A gate h = max(d, e) has the inputs d = 4, e = 3, and a slope of 2 arrives at h.
# Which slopes do d and e receive?
#
# c) In h = relu(d · e), a slope m arrives at h. Which slopes do d and e receive if (d,
# e, m) is (2, 3, 1)? If it is (−2, 3, 1)? If it is (2, 3, −1)? (Six numbers: first the
# two of the first case.)
#
# For the gates in b and c, argue as for the adder and the multiplier: if one input of
# the gate changes a little, how far does its output move?

# %%
mine_a = None  # (slope of a, slope of b, slope of c)
mine_b = None  # (d gets, e gets)
mine_c = None  # (d gets, e gets, d gets, e gets, d gets, e gets)

a, b, c = forward_and_backward(-1, 2, 3)[1]
one_way, input_times = (
    "b feeds both adders, and the slopes of its two paths add up",
    "that is slope × input",
)
traps = {
    "a multiplier swaps: d gets the value of e, not its own": (c, b, a),
    one_way: (a, a, c),
    input_times: (-a, 2 * b, 3 * c),
}
answer("a", mine_a, (a, b, c), traps)
pair = mx.gradient(lambda x: 2 * mx.ops.max(x, axis=1), [[4.0, 3.0]]).values[0]
answer(
    "b",
    mine_b,
    pair,
    {
        "an adder copies; max lets one input through": (2, 2),
        "that is a multiplier": (6, 8),
        "multiply by the slope that arrives at h": (1, 0),
    },
)
tried = [(2, 3, 1), (-2, 3, 1), (2, 3, -1)]
right = [
    mx.gradient(lambda x, m=m: m * mx.ops.relu(x[:, 0] * x[:, 1]), [[d, e]]).values[0]
    for d, e, m in tried
]
traps = {
    "relu lets nothing back where d · e is negative": [
        (e * m, d * m) for d, e, m in tried
    ],
    "a multiplier swaps": [
        (d * m * (d * e > 0), e * m * (d * e > 0)) for d, e, m in tried
    ],
    "relu depends on what went forward, not on what comes back": [
        (e * max(m, 0), d * max(m, 0)) for d, e, m in tried
    ],
}
answer("c", mine_c, np.ravel(right), {why: np.ravel(x) for why, x in traps.items()})

# %% [markdown]
# ## To read on
#
# - The CS231n course notes, *Backpropagation, Intuitions*: circuits in green and red,
#   and the words for gates.
# - Simonyan, Vedaldi & Zisserman 2014, *Deep Inside Convolutional Networks*, §3: the
#   slopes of a class score as a picture.
# - Baydin, Pearlmutter, Radul & Siskind 2018, *Automatic Differentiation in Machine
#   Learning: a Survey*.
# - In minixai: `graph.py`, where `backward` is this backward pass for any network, and
#   `methods/gradients.py`.
