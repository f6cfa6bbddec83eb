# %% [markdown]
# # 2. The slope here
#
# **Question.** Lesson 1 paid one pass through the network for every input. Can all inputs be had in a single pass?
#
# **Afterwards.** You can carry slopes backwards through a small network with pencil and paper, say what they cost, and
# say why the largest slope need not belong to the input that matters most.
#
# **Minutes.** 15
#
# Today's network has three inputs, two adders and one multiplier. We look at it at a = 3, b = 1, c = 2:
#
#     d = a + b        e = b + c        f = d · e
#
# The *slope* of f by a tells how many times as far as a f moves, when a moves a tiny bit and b and c stay. It is also
# called the *partial derivative*, in signs ∂f/∂a. All the slopes together are the *gradient* of f.
#
# **Predict before you run.** What is f? Which of the three inputs has the largest slope? If you could set only one of
# them to 0, which would cost the most?

# %%
import numpy as np

import minixai as mx
from minixai.lesson import answer, claim, save


def network(a, b, c):
    return (a + b) * (b + c)


# %% [markdown]
# ## The method by hand
#
# Forward we compute d, e and f. Backward we start at f, whose slope by itself is 1, and ask at every *gate* (adder or
# multiplier): if this is the slope that arrives at its output, what do its inputs get?
#
# - **Multiply swaps.** In f = d · e, move d by a little: f moves e times as far. So d gets the slope times e, the value
#   of the *other* input, and e gets it times d.
# - **Add copies.** In d = a + b, d moves just as far as a, and just as far as b. Both get the slope unchanged.
# - **Where ways meet, they add up.** b goes into both adders. When b moves, f moves along both ways at once.
#
# That a slope along a way is the product of the slopes at its gates is the *chain rule*.


# %%
def forward_and_backward(a, b, c):
    d, e = a + b, b + c  # forward
    f = d * e
    slope_f = 1.0  # backward
    slope_d, slope_e = slope_f * e, slope_f * d  # multiply swaps
    slope_a, slope_c = slope_d, slope_e  # add copies
    slope_b = slope_d + slope_e  # two ways meet at b
    return f, (slope_a, slope_b, slope_c)


x = 3.0, 1.0, 2.0
f, slopes = forward_and_backward(*x)
print(f"f = {f}, slopes by a, b, c: {slopes}")

# %% [markdown]
# Is it true? Move each input by a hair in both directions, and see how far f really moves. This is lesson 1 again, with
# two passes for each input; it is how every slope can be checked.


# %%
def nudged(j, h):
    moved = list(x)
    moved[j] += h
    return network(*moved)


measured = [(nudged(j, 1e-5) - nudged(j, -1e-5)) / 2e-5 for j in range(3)]
claim("the slopes at (3, 1, 2) are 3, 7 and 4", (f, slopes) == (12, (3, 7, 4)))
claim("nudging each input gives the same, to a millionth", np.allclose(measured, slopes, rtol=0, atol=1e-6))

# %% [markdown]
# ## The same in minixai
#
# In minixai a network computes with *nodes* in place of numbers. A node remembers what it was made from, so that the
# way back can be walked. Our `network` takes nodes as it takes numbers, and can be drawn: in green what goes forward,
# in red the slopes that come back. Follow the red numbers from right to left: at the multiplier the values 4 and 3
# swap, the adders copy, and at b two slopes meet.
#
# Methods take a whole network at once: `mx.toys.add_multiply` is ours, as a function of one row of inputs.

# %%
nodes = [mx.Node([value], name=name) for name, value in zip("abc", x, strict=True)]
save(mx.plots.graph(network(*nodes), title="f = (a + b)(b + c)"), "circuit")

result = mx.gradient(mx.toys.add_multiply, [list(x)])
print(result)
claim("minixai finds the same slopes", np.allclose(result.values, [slopes]))


# %% [markdown]
# **The cost** is one pass forward and one pass back, however many inputs there are. The certificate says so for three
# inputs. Here it is for a network with 150,528 of them, as many as a colour image of 224 × 224 pixels has numbers.

# %%
many = mx.gradient(lambda x: (x * x).sum(axis=1), np.ones((1, 224 * 224 * 3)))
print(f"224 × 224 × 3 = {many.values.size:,} slopes cost {many.cost}")
claim("one pass forward and one back, for 3 inputs and for 150,528", result.cost == many.cost == (1, 1))

# %% [markdown]
# ## When it fails, and what it costs
#
# b has the largest slope. Is b then the most important input? Let us take the inputs away, as in lesson 1, and also
# multiply each slope by its input ("gradient × input": what the input would be worth if f were a straight line).

# %%
drops = [f - network(0, 1, 2), f - network(3, 0, 2), f - network(3, 1, 0)]
shares = mx.integrated_gradients(mx.toys.add_multiply, [list(x)]).values[0]
print("                            a     b     c")
for name, row in [("slope", slopes), ("slope × input", np.multiply(slopes, x)), ("f loses without it", drops)]:
    print(f"{name:24}" + "".join(f"{v:6.1f}" for v in row))
print(f"{'share of f (lesson 4)':24}" + "".join(f"{v:6.1f}" for v in shares) + f"    sum {shares.sum():.1f}")
claim("b has the largest slope", np.argmax(slopes) == 1)
claim("but a costs the most when taken away, and b the least", (np.argmax(drops), np.argmin(drops)) == (0, 1))
claim("slope × input says the same as the drops: a first, b last", np.argsort(np.multiply(slopes, x))[[0, 2]] == [1, 0])
claim("slope × input adds up to twice f here", np.dot(slopes, x) == 2 * f)
claim("the shares of lesson 4 are 4.5, 3.5 and 4.0, and add up to f", np.allclose(shares, [4.5, 3.5, 4.0]))

# %% [markdown]
# - **A slope is not a contribution.** It tells what a *change* of b would do, not what b has brought. A steep slope
#   times a small input can be little: b is 1, and a is 3.
# - **It looks at this point only.** f is no straight line. Slope × input adds up to 24, and f is 12.
# - **A slope of what?** A network that sorts pictures gives each class (redshank, robin ...) a number, its *score*; the
#   highest wins. To explain, the walk back starts at a score. In training it starts at the *loss*, which says how wrong
#   the network is, and these are not the same slopes. Say f is the score of one class, and the only other class has the
#   score 0. That makes the first one's probability 1 / (1 + exp(−f)), and the usual loss is minus its logarithm. Where
#   the network is as sure as here, the loss hardly moves any more, and its slopes nearly vanish.


# %%
def loss(x):
    return mx.ops.softplus(-mx.toys.add_multiply(x))  # log(1 + exp(−f)), which is −log(1 / (1 + exp(−f)))


of_loss = mx.gradient(loss, [list(x)]).values[0]
print("slopes of the score:", *slopes, "  slopes of the loss:", *(f"{v:.6f}" for v in of_loss))
claim("the loss has slopes ten thousand times smaller, of the other sign", (of_loss < 0) & (of_loss * 1e4 > -1))

# %% [markdown]
# ## Exercises
#
# a) What are the three slopes at (−1, 2, 3)?
#
# b) A gate h = max(d, e) stands at d = 4, e = 3, and a slope of 2 arrives at h. What do d and e get?
#
# c) Write the way back through h = relu(d · e): a function that takes d, e and the slope m that arrives at h, and
# returns what d and e get. It is tried at (d, e, m) = (2, 3, 1), (−2, 3, 1) and (2, 3, −1).

# %%
mine_a = None  # (by a, by b, by c)
mine_b = None  # (d gets, e gets)
mine_c = None  # def mine_c(d, e, m): return ..., ...

a, b, c = forward_and_backward(-1, 2, 3)[1]
one_way, input_times = "b feeds both adders, and its two ways add up", "that is slope × input"
traps = {
    "multiply swaps: d gets e's value, not its own": (c, b, a),
    one_way: (a, a, c),
    input_times: (-a, 2 * b, 3 * c),
}
answer("a", mine_a, (a, b, c), traps)
pair = mx.gradient(lambda x: 2 * mx.ops.max(x, axis=1), [[4.0, 3.0]]).values[0]
answer("b", mine_b, pair, {"an adder copies; max lets one input through": (2, 2), "that is a multiplier": (6, 8)})
tried = [(2, 3, 1), (-2, 3, 1), (2, 3, -1)]
right = [mx.gradient(lambda x, m=m: m * mx.ops.relu(x[:, 0] * x[:, 1]), [[d, e]]).values[0] for d, e, m in tried]
traps = {
    "relu lets nothing back where d · e is negative": [(e * m, d * m) for d, e, m in tried],
    "multiply swaps": [(d * m * (d * e > 0), e * m * (d * e > 0)) for d, e, m in tried],
    "relu asks what went forward, not what comes back (who asks that is called deconvnet)": [
        (e * max(m, 0), d * max(m, 0)) for d, e, m in tried
    ],
}
answer("c", None if mine_c is None else [mine_c(*each) for each in tried], right, traps)

# %% [markdown]
# ## To read on
#
# - The CS231n course notes, *Backpropagation, Intuitions*: circuits in green and red, and the words for gates.
# - Simonyan, Vedaldi & Zisserman 2014, *Deep Inside Convolutional Networks*, §3: slopes of a class score as a picture.
# - Baydin, Pearlmutter, Radul & Siskind 2018, *Automatic Differentiation in Machine Learning: a Survey*.
# - In minixai: `graph.py`, where `backward` is this walk back for any network, and `methods/gradients.py`.
