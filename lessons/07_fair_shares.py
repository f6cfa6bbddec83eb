# %% [markdown]
# # 7. Fair shares
#
# **Question.** Several players win something together that none of them wins alone. What is a fair share for each? And
# what does that make of the parts of a bird?
#
# **Afterwards.** You can compute Shapley values in eight lines, say which four demands single them out, and what they
# cost; and you have the exact shares of seven parts of a bird to measure other methods against.
#
# **Minutes.** 20
#
# Three people have gloves: A one left glove, B and C one right glove each. A pair is worth 1, single gloves nothing. So
# a group of players (a *coalition*) is worth 1 if it holds A and at least one of B and C, and 0 otherwise.
#
# **Predict before you run.** All three together make one pair, worth 1. What is A's fair share, what B's, what C's?

# %%
from itertools import permutations
from math import factorial

import numpy as np
from matplotlib.figure import Figure

import minixai as mx
from minixai.lesson import answer, claim, save


def gloves(group):
    return 1.0 if "A" in group and ("B" in group or "C" in group) else 0.0


# %% [markdown]
# ## The method by hand
#
# Let the players arrive one after the other, and pay each what the group gains by its arrival. That depends on the
# order; so take every order once, and the mean. This is the *Shapley value*.


# %%
def shapley(value, players):
    orders = list(permutations(players))
    shares = dict.fromkeys(players, 0.0)
    for order in orders:
        for k, player in enumerate(order):
            gain = value(set(order[: k + 1])) - value(set(order[:k]))
            shares[player] += gain / len(orders)
    return shares


for order in permutations("ABC"):
    gains = [gloves(set(order[: k + 1])) - gloves(set(order[:k])) for k in range(3)]
    print("   ".join(f"{player} brings {gain:.0f}" for player, gain in zip(order, gains, strict=True)))
fair = shapley(gloves, "ABC")
print("on average", ", ".join(f"{player} {share:.4f}" for player, share in fair.items()))

# %% [markdown]
# In 4 of the 6 orders it is A who makes the pair, in one it is B, in one C: shares 4/6, 1/6, 1/6. A gets more, because
# nobody can stand in for A.

# %%
claim("the shares are 2/3, 1/6 and 1/6", np.allclose(list(fair.values()), (2 / 3, 1 / 6, 1 / 6)))

# %% [markdown]
# Lloyd Shapley showed in 1953 that these are the only shares for which
#
# - they add up to what all reach together (*efficiency*);
# - players who can stand in for each other get the same (*symmetry*);
# - who never adds anything gets nothing (the *dummy*);
# - if two games are played, the shares in both together are the sums of those in each (*additivity*).
#
# We do not prove it here; but let us see that they hold, in 20 random games of four players. A game is a table: what
# each coalition of A, B, C, D reaches, by who is in it.

# %%
rng = np.random.default_rng(0)


def played(table):
    return shapley(lambda group: table[tuple(int(player in group) for player in "ABCD")], "ABCD")


off = {"efficiency": 0.0, "symmetry": 0.0, "dummy": 0.0, "additivity": 0.0}
for _ in range(20):
    one, two = rng.normal(size=(2, 2, 2, 2, 2))
    a, b, both = played(one), played(two), played(one + two)
    twins = played(one + one.swapaxes(0, 1))  # if A and B change places, nothing changes
    idle = played(np.stack([one[..., 0], one[..., 0]], axis=-1))  # D changes nothing
    found = sum(a.values()) - (one[1, 1, 1, 1] - one[0, 0, 0, 0]), twins["A"] - twins["B"], idle["D"]
    found += (max(abs(a[player] + b[player] - both[player]) for player in "ABCD"),)
    off = {demand: max(off[demand], abs(miss)) for demand, miss in zip(off, found, strict=True)}
print("missed by, at most:", ", ".join(f"{demand} {miss:.0e}" for demand, miss in off.items()))
claim("efficiency, symmetry, dummy and additivity hold, to rounding", max(off.values()) < 1e-12)

# %% [markdown]
# ## The inputs of a network as players
#
# A coalition of inputs: these have their values, the others that of the baseline. An AND needs both inputs, an OR one
# of them; lesson 1's network is an OR. Alone, lesson 1 found, no input of the OR is missed. Over all orders each has
# its half.

# %%
points = {"AND at (1, 1)": (lambda i, j: max(i + j - 1, 0), 1, 1), "OR at (1, 1)": (lambda i, j: min(i + j, 1), 1, 1)}
points |= {"lesson 1 at (1, 0.25)": (points["OR at (1, 1)"][0], 1, 0.25), "min(1, 2)": (min, 1, 2)}
shares = {}
for name, (f, i1, i2) in points.items():
    found = shapley(lambda group, f=f, i1=i1, i2=i2: f(i1 * ("i1" in group), i2 * ("i2" in group)), ["i1", "i2"])
    shares[name] = tuple(found.values())
    print(f"{name:22} i1 {shares[name][0]:.3f}   i2 {shares[name][1]:.3f}")
claim("AND and OR give each input one half", shares["AND at (1, 1)"] == shares["OR at (1, 1)"] == (0.5, 0.5))
claim("at (1, 0.25) the shares are 0.875 and 0.125", shares["lesson 1 at (1, 0.25)"] == (0.875, 0.125))
claim("and for min(1, 2) one half each", shares["min(1, 2)"] == (0.5, 0.5))

# %% [markdown]
# At (1, 0.25) integrated gradients and DeepLIFT said 0.8 and 0.2 (lessons 4 and 6). Nobody is wrong. Shapley's orders
# switch one input on completely, then the other: they walk along the edges of the square. Integrated gradients walk
# its diagonal, where both inputs grow together.
#
# ## The same in minixai

# %%
games = [
    mx.shapley_values(net, [x]).values[0] for net, x in ((mx.toys.saturation, (1, 0.25)), (mx.toys.minimum, (1, 2)))
]
claim("minixai finds the same for both networks", np.allclose(games, list(shares.values())[2:]))
straight = mx.integrated_gradients(mx.toys.saturation, [[1.0, 0.25]], steps=1000).values[0]
print(f"at (1, 0.25): Shapley {games[0]}, integrated gradients {straight.round(3)}")
claim("integrated gradients say 0.8 and 0.2", np.allclose(straight, (0.8, 0.2), atol=1e-3))

# BIRDS

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Cost.** Seven players make 5,040 orders, but only 2 × 2 × ... × 2 = 128 coalitions: the same coalition comes up in
#   many orders, and is played once. For the pixels of an image even that is hopeless: each pixel more doubles it. So
#   orders are drawn by lot, or the game is changed into one that can be solved (lessons 8 and 9).
# - **"Shapley values need no baseline."** "Not in the coalition" must mean something: here what the picture shows when
#   a part is not drawn. With another meaning of absence it is another game, with other fair shares.
# - **"They are the causal truth."** They share out what *this network* says. A part can have a large share because the
#   network was taught nonsense.
#
# ## Exercises
#
# a) Three players vote; the majority wins 1. What are the three shares?
#
# b) For seven players: how many orders, how many coalitions? (Two numbers; nobody and all are coalitions too.)
#
# c) Instead of all orders you draw 50 by lot. In the glove game an order pays A 1 with probability 2/3, else 0. How far
#    is the mean of the 50 typically from 2/3? (The *standard error*: the root of p(1 − p)/n.)

# %%
mine_a = None  # (A, B, C)
mine_b = None  # (orders, coalitions)
mine_c = None

majority = mx.shapley(lambda rows: rows.sum(axis=1) >= 2, 3).values
answer("a", mine_a, majority, {"the shares must add up to 1": (1, 1, 1), "who is more than the others?": (0.5, 0.5, 0)})
traps = {"the other way round": (2**7, factorial(7)), "7² counts pairs of players": (factorial(7), 7**2)}
answer("b", mine_b, (factorial(7), 2**7), traps)
right = np.sqrt(2 / 3 * 1 / 3 / 50)
traps = {"that is how far one order is off": np.sqrt(2 / 9), "the root is missing": 2 / 9 / 50}
answer("c", mine_c, right, traps)

# %% [markdown]
# ## To read on
#
# - Shapley 1953, *A value for n-person games*.
# - Lundberg & Lee 2017, *A Unified Approach to Interpreting Model Predictions*: the inputs of a model as players.
# - Sundararajan & Najmi 2020, *The many Shapley values for model explanation*: what "absent" can mean.
# - In minixai: `methods/games.py` (any game), `methods/coalitions.py` (inputs of a network).
