# %% [markdown]
# # 1. Change one input at a time
#
# **Question.** What is each input of a network worth: what does the output lose if I take that input away?
#
# **Afterwards.** You can measure it for any network, say what it costs, and name the case in which it says "nothing" of
# inputs that matter.
#
# **Minutes.** 10
#
# The network is so small that you can compute it in your head. It has two inputs, i1 and i2, and one output y:
#
#     y = 1 − relu(1 − (i1 + i2))        relu(z) is z where z is positive, and 0 elsewhere
#
# While i1 + i2 is below 1, y is just that sum. From there on y stays at 1, however large the inputs become: it is
# *saturated*. (It is the network of Fig. 1 in the DeepLIFT paper.)
#
# **Predict before you run.** At i1 = 1, i2 = 1 the output is 1. Take i2 away (set it to 0): what happens to y? And if
# you take i1 away instead? So what is each of them worth?

# %%
import numpy as np
from matplotlib.figure import Figure

import minixai as mx
from minixai.lesson import answer, claim, save


def network(i1, i2):
    return 1 - max(1 - (i1 + i2), 0)


# %% [markdown]
# ## The method by hand
#
# Keep all inputs but one, set that one to 0, and see how far the output falls. 0 is our *baseline*: what an input is
# when it is "taken away".


# %%
def drops(i1, i2):
    y = network(i1, i2)
    return y - network(0, i2), y - network(i1, 0)


print("  i1    i2   |    y   | y loses without i1   without i2 |  sum of both")
for i1, i2 in [(1, 1), (0.4, 0.4), (0.7, 0.7), (1, 0.25)]:
    a, b = drops(i1, i2)
    print(f"{i1:5.2f} {i2:5.2f}  | {network(i1, i2):5.2f}  | {a:16.2f} {b:14.2f}    | {a + b:8.2f}")

# %% [markdown]
# Read the table line by line.
#
# - At (0.4, 0.4) the network is not saturated: each input is worth 0.40, and the two add up to y = 0.80. All is well.
# - At (0.7, 0.7) each is worth 0.30, because the other one alone still gives 0.70. They add up to 0.60, and y is 1.
# - At (1, 1) each is worth 0.00. Yet if *both* go, y falls from 1 to 0.

# %%
claim("at (1, 1) neither input is worth anything", drops(1, 1) == (0, 0))
claim("and yet y falls by 1 if both are taken away", network(1, 1) - network(0, 0) == 1)
claim("at (0.4, 0.4) the drops add up to y", np.isclose(sum(drops(0.4, 0.4)), network(0.4, 0.4)))
claim("at (0.7, 0.7) they add up to 0.60 only", np.isclose(sum(drops(0.7, 0.7)), 0.6))

# %% [markdown]
# ## The same in minixai
#
# The method is called *feature ablation*. In minixai a network is a trained model, or a function such as ours. (The
# function is handed a *node*, an array that remembers what it was made from; lesson 2 tells why.) Rows come first:
# three questions are an array of three rows.
#
# What `print` shows is the result's certificate. *Class* is the number of the output that is explained, and ours has
# only output 0. *Score* is y, and *at baseline* is y at (0, 0). The cost is 11 rows sent forward: 3 questions, 2 inputs
# taken away in each of them, which is 6 more, the baseline, and the baseline once more by itself: a certificate is
# measured.

# %%
result = mx.feature_ablation(mx.toys.saturation, [[1.0, 1.0], [0.4, 0.4], [0.7, 0.7]], baseline=0.0)
print(result)
claim("minixai finds the same", np.allclose(result.values, [drops(1, 1), drops(0.4, 0.4), drops(0.7, 0.7)]))
claim("with 3 + 3 · 2 + 2 rows forward", result.cost == (3 + 3 * 2 + 2, 0))

# %% [markdown]
# Where it is right: in a *linear* network, y = w1·i1 + w2·i2 + ..., the drop of an input is exactly its weight times
# how far it is from its baseline b, whatever the others do. (Here are five inputs with weights drawn by chance.)

# %%
rng = np.random.default_rng(0)
w, x, b = rng.normal(size=(3, 5))
linear = mx.feature_ablation(lambda node: (node * w).sum(axis=1), x[None], baseline=b)
claim("in a linear network the drop is w · (x − b), exactly", np.allclose(linear.values[0], w * (x - b)))

# %% [markdown]
# ## A picture of what goes wrong
#
# Seen from above, y is a slope that ends on a plateau. Taking i2 away moves us straight down in the left picture. From
# (1, 1) that path never leaves the plateau; from (0.4, 0.4) it runs down the slope.

# %%
axis = np.linspace(0, 1.2, 121)
surface = np.minimum(axis[:, None] + axis, 1)
figure = Figure(figsize=(9, 3.8), layout="constrained")
left, right = figure.subplots(1, 2)
left.imshow(surface, origin="lower", extent=(0, 1.2, 0, 1.2), cmap="Greys", vmin=0, vmax=2.5)
left.plot([0, 1], [1, 0], color="black", linewidth=1, linestyle="--")
left.text(0.62, 0.62, "plateau: y = 1", ha="center")
left.text(0.03, 0.12, "slope:\ny = i1 + i2")
for (i1, i2), colour in (((1, 1), "#c1121f"), ((0.4, 0.4), "#1452a3")):
    left.annotate("", (i1, 0), (i1, i2), arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 2})
    left.plot(i1, i2, "o", color=colour)
    path = np.linspace(i2, 0, 50)
    right.plot(path, [network(i1, p) for p in path], color=colour, linewidth=2, label=f"from ({i1}, {i2})")
left.set(xlabel="i1", ylabel="i2", title="y over the square: taking i2 away")
right.set(
    xlabel="i2, on its way to 0", ylabel="y", title="y along the two arrows", ylim=(-0.05, 1.1), xlim=(1.05, -0.05)
)
right.legend(frameon=False)
save(figure, "saturation")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Saturation.** Where several inputs can stand in for each other, none of them is missed. "No effect alone" is not
#   "unimportant".
# - **Cost.** One pass through the network for each input and for each value you try in its place.
# - **Sums.** Drops need not add up to y. They add up to less where inputs can replace each other, to more where they
#   need each other (exercise c).
#
# ## Exercises
#
# Write your answers in place of `None`, and run the lesson again.
#
# a) What are the two drops at (1, 0.25), as a pair?
#
# b) An image has 224 × 224 pixels of 3 colours. How many forward passes are needed to try 5 values for each number?
#
# c) y = relu(i1 + i2 − 1) is an AND: it is 1 only if both switches are 1. What do its two drops at (1, 1) add up to?

# %%
mine_a = None  # (without i1, without i2)
mine_b = None
mine_c = None

a, b = drops(1, 0.25)
answer("a", mine_a, (a, b), {"that is what integrated gradients will say in lesson 4": (0.8, 0.2)})
passes = 224 * 224 * 3 * 5
traps = {"the 3 colours are forgotten": 224 * 224 * 5, "one value only": 224 * 224 * 3}
answer("b", mine_b, passes, traps | {"the 5 values are forgotten, and the 3 colours": 224 * 224})
both = mx.feature_ablation(lambda x: mx.ops.relu(x.sum(axis=1) - 1), [[1.0, 1.0]]).values.sum()
answer("c", mine_c, both, {"that is y itself; but each drop is 1": 1, "that is what an OR would give": 0})

# %% [markdown]
# ## To read on
#
# - Zeiler & Fergus 2014, *Visualizing and Understanding Convolutional Networks*, §4.2: the same, with patches of an
#   image in place of single inputs.
# - Shrikumar, Greenside & Kundaje 2017, *Learning Important Features Through Propagating Activation Differences*,
#   Fig. 1: this network, and why its authors wanted another method.
# - In minixai: `methods/ablation.py`.
