# %% [markdown]
# # 1. Change one input at a time
#
# **Question.** What is each input of a network worth? How far does the output fall when
# I remove that input?
#
# **Afterwards.** You can measure the worth of an input for any network, say what the
# measurement costs, and name the case in which it reports "nothing" for inputs that
# matter.
#
# **Minutes.** 10
#
# This network is small enough to compute in your head. It has two inputs, i1 and i2,
# and one output y:
#
#     y = 1 − relu(1 − (i1 + i2))
#
# Here relu(z) is z where z is positive, and 0 elsewhere.
#
# While i1 + i2 is below 1, y equals that sum. Above 1, y stays at 1, however large the
# inputs become. We say that the network is *saturated*. (It is the network of Fig. 1 in
# the DeepLIFT paper.)
#
# **Predict before you run.** At i1 = 1, i2 = 1 the output is 1. Remove i2, that is, set
# it to 0. What happens to y? What happens if you remove i1 instead? So what is each
# input worth?

# %%
import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.lesson import answer, claim, save


def network(i1, i2):
    return 1 - max(1 - (i1 + i2), 0)


# %% [markdown]
# ## The method by hand
#
# Set one input to 0, keep all the others, and see how far the output falls. The value 0
# is our *baseline*: the value that an input takes when it is "removed".


# %%
def drops(i1, i2):
    y = network(i1, i2)
    return y - network(0, i2), y - network(i1, 0)


print("  i1    i2   |    y   | y loses without i1   without i2 |  sum of both")
for i1, i2 in [(0.4, 0.4), (0.7, 0.7), (1, 1)]:
    a, b = drops(i1, i2)
    print(f"{i1:5.2f} {i2:5.2f}  | {network(i1, i2):5.2f}  |", end=" ")
    print(f"{a:16.2f} {b:14.2f}    | {a + b:8.2f}")

# %% [markdown]
# Read the table row by row.
#
# - At (0.4, 0.4) the network is not saturated. Each input is worth 0.40, and the two
#   add up to y = 0.80.
# - At (0.7, 0.7) each input is worth 0.30, because the other one alone still gives
#   0.70. They add up to 0.60, but y is 1.
# - At (1, 1) each input is worth 0.00. Yet if we remove *both*, y falls from 1 to 0.

# %%
claim("at (1, 1) neither input is worth anything", drops(1, 1) == (0, 0))
claim("and yet y falls by 1 if both are removed", network(1, 1) - network(0, 0) == 1)
claim(
    "at (0.4, 0.4) the drops add up to y",
    np.isclose(sum(drops(0.4, 0.4)), network(0.4, 0.4)),
)
claim("at (0.7, 0.7) they add up to 0.60 only", np.isclose(sum(drops(0.7, 0.7)), 0.6))

# %% [markdown]
# ## The same in minixai
#
# The method is called *feature ablation*. In minixai a network is either a trained
# model or a Python function like ours. The first axis of an array counts the rows.
# Three questions are an array of three rows.
#
# `print` shows the *certificate* of the result: what was asked, what it cost, and how
# well the numbers add up. `groups=None` says that every input is removed by itself.
# *Class* is the number of the output that we explain; our network has only output 0.
# *Score* is y, and *at baseline* is y at (0, 0). The cost is 11 rows sent forward: the
# 3 questions, 6 rows with one input removed, and the baseline twice. It goes through
# the network once together with the others and once alone, as a check.

# %%
result = mx.feature_ablation(
    mx.toys.saturation, [[1.0, 1.0], [0.4, 0.4], [0.7, 0.7]], baseline=0.0
)
print(result)
claim(
    "minixai finds the same",
    np.allclose(result.values, [drops(1, 1), drops(0.4, 0.4), drops(0.7, 0.7)]),
)
claim("with 3 + 3 · 2 + 2 rows forward", result.cost == (3 + 3 * 2 + 2, 0))

# %% [markdown]
# When is the method right? In a *linear* network, y = w1·i1 + w2·i2 + ..., the drop of
# an input is exactly its weight times its distance from its baseline b, whatever the
# other inputs do. Here are five inputs with random weights.

# %%
rng = np.random.default_rng(0)
w, x, b = rng.normal(size=(3, 5))
linear = mx.feature_ablation(lambda node: (node * w).sum(axis=1), x[None], baseline=b)
claim(
    "in a linear network the drop is w · (x − b), exactly",
    np.allclose(linear.values[0], w * (x - b)),
)

# %% [markdown]
# ## A picture of what goes wrong
#
# Seen from above, y is a hillside that ends on a plateau. The darker the grey, the
# higher is y. Removing i2 moves us straight down in the left picture. From (1, 1) that
# path never leaves the plateau. From (0.4, 0.4) it runs down the hillside. The right
# picture shows y along both paths.

# %%
# Drawing: y from above, and y while i2 is removed
axis = np.linspace(0, 1.2, 121)
surface = np.minimum(axis[:, None] + axis, 1)
figure = Figure(figsize=(7.2, 3.2), layout="constrained")
left, right = figure.subplots(1, 2)
left.imshow(
    surface, origin="lower", extent=(0, 1.2, 0, 1.2), cmap="Greys", vmin=0, vmax=2.5
)
left.plot([0, 1], [1, 0], color="black", linewidth=1, linestyle="--")
left.text(0.48, 0.92, "plateau: y = 1", ha="center")
left.text(0.03, 0.12, "hillside:\ny = i1 + i2", size=8)
for (i1, i2), colour in (((1, 1), "#c1121f"), ((0.4, 0.4), "#1452a3")):
    left.annotate(
        "",
        (i1, 0),
        (i1, i2),
        arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 2},
    )
    left.plot(i1, i2, "o", color=colour)
    removed = np.linspace(0, i2, 50)
    right.plot(
        removed,
        [network(i1, i2 - r) for r in removed],
        color=colour,
        linewidth=2,
        label=f"from ({i1}, {i2})",
    )
left.set(xlabel="i1", ylabel="i2", title="y seen from above: removing i2")
right.set(
    xlabel="how much of i2 is removed",
    ylabel="y",
    title="y along the two arrows",
    ylim=(-0.05, 1.1),
)
right.legend(frameon=False)
save(figure, "saturation")

# %% [markdown]
# ## Try it
#
# Move i1 and i2. When do the two drops add up to y? Where are both of them 0, although
# y is 1?

# %%
# Drawing: y and both drops at any (i1, i2)


def row(i1, i2):
    a, b = drops(i1, i2)
    table = {"y": network(i1, i2), "y loses without i1": a, "y loses without i2": b}
    return table | {"sum of both drops": a + b}


steps = (np.arange(13) / 10).tolist()
drag = mx.plots.slider(
    row,
    {"i1": steps, "i2": steps},
    alt="y and the two drops at (i1, i2)",
    start=(1.0, 1.0),
    strip=[(0.4, 0.4), (0.7, 0.7), (1.0, 1.0)],
)
save(drag, "drops")
grid = [(i1, i2) for i1 in steps for i2 in steps if i1 and i2]
adding = [p for p in grid if np.isclose(sum(drops(*p)), network(*p))]
blind = [p for p in grid if np.allclose(drops(*p), 0)]
claim(
    "both drops add up to y where i1 + i2 is at most 1, and nowhere else",
    adding == [p for p in grid if sum(p) < 1 + 1e-9],
)
claim(
    "both are 0 where i1 and i2 are at least 1 each",
    blind == [p for p in grid if min(p) >= 1],
)

# %% [markdown]
# The drops add up to y while i1 + i2 is at most 1, where nothing is saturated. Both are
# 0 where each input alone is enough, that is, where i1 and i2 are both at least 1. (And
# if one input is 0, the other one gets all of y.)
#
# ## When it fails, and what it costs
#
# - **Saturation.** Where one input can replace another, removing either of them changes
#   nothing. "No effect alone" does not mean "unimportant".
# - **Cost.** The method needs one forward pass for each input, and for each value that
#   you try in its place.
# - **Sums.** The drops need not add up to y. They add up to less where inputs can
#   replace each other, and to more where inputs need each other (exercise c).
#
# ## Exercises
#
# In the book, type your answers into the fields. In the script, write them in place of
# `None`, and run it again: `minixai check 1` judges them.
#
# a) What are the two drops at (1, 0.25), as a pair?
#
# b) An image has 224 × 224 pixels of 3 colours. Each pixel has one number for each
# colour. How many forward passes do you need to try 5 values for each of these numbers?
#
# c) y = relu(i1 + i2 − 1) is an AND: it is 1 only if both switches are 1. What do its
# two drops at (1, 1) add up to?

# %%
mine_a = None  # (without i1, without i2)
mine_b = None
mine_c = None

a, b = drops(1, 0.25)
traps = {
    "that is what integrated gradients will say in lesson 4": (0.8, 0.2),
    "that is what remains of y: subtract it from y": (0.25, 1),
    "without i1 y falls, without i2 it does not": (0, 0.75),
}
answer("a", mine_a, (a, b), traps)
passes = 224 * 224 * 3 * 5
traps = {
    "you forgot the 3 colours": 224 * 224 * 5,
    "you tried only one value": 224 * 224 * 3,
}
answer(
    "b",
    mine_b,
    passes,
    traps | {"you forgot the 5 values and the 3 colours": 224 * 224},
)
both = mx.feature_ablation(
    lambda x: mx.ops.relu(x.sum(axis=1) - 1), [[1.0, 1.0]]
).values.sum()
answer(
    "c",
    mine_c,
    both,
    {"that is y itself; but each drop is 1": 1, "that is what an OR would give": 0},
)

# %% [markdown]
# ## To read on
#
# - Zeiler & Fergus 2014, *Visualizing and Understanding Convolutional Networks*, §4.2:
#   the same method, with patches of an image in place of single inputs.
# - Shrikumar, Greenside & Kundaje 2017, *Learning Important Features Through
#   Propagating Activation Differences*, Fig. 1: this network, and why its authors
#   wanted another method.
# - In minixai: `methods/ablation.py`.
