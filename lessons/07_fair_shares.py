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
from minixai.datasets import birds
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
    print(
        "   ".join(
            f"{player} brings {gain:.0f}"
            for player, gain in zip(order, gains, strict=True)
        )
    )
fair = shapley(gloves, "ABC")
print(
    "on average", ", ".join(f"{player} {share:.4f}" for player, share in fair.items())
)

# %% [markdown]
# In 4 of the 6 orders it is A who makes the pair, in one it is B, in one C: shares 4/6, 1/6, 1/6. A gets more, because
# nobody can stand in for A.

# %%
claim(
    "the shares are 2/3, 1/6 and 1/6",
    np.allclose(list(fair.values()), (2 / 3, 1 / 6, 1 / 6)),
)

# %% [markdown]
# Lloyd Shapley showed in 1953 that these are the only shares for which
#
# - they add up to what all reach together (*efficiency*);
# - players who can stand in for each other get the same (*symmetry*);
# - who never adds anything gets nothing (the *dummy*);
# - if two games are played, the shares in both together are the sums of those in each (*additivity*).
#
# We do not prove it; but let us see that they hold. D comes along without a glove. And in a second game, shoes, A and B
# have one of a pair that is worth 2, and C has slippers worth 0.5.


# %%
def shoes(group):
    return 2.0 * ("A" in group and "B" in group) + 0.5 * ("C" in group)


with_d, with_shoes = shapley(gloves, "ABCD"), shapley(shoes, "ABC")
both = shapley(lambda group: gloves(group) + shoes(group), "ABC")
for name, worth in (
    ("gloves, with D", with_d),
    ("shoes", with_shoes),
    ("gloves and shoes", both),
):
    print(
        f"{name:17}",
        "   ".join(f"{player} {share:.4f}" for player, share in worth.items()),
    )
claim(
    "efficiency: the shares add up to 1 pair of gloves",
    np.isclose(sum(fair.values()), 1),
)
claim(
    "symmetry: B and C can stand in for each other, and get the same",
    np.isclose(fair["B"], fair["C"]),
)
claim("dummy: D gets nothing", with_d["D"] == 0)
claim(
    "additivity: both games together",
    all(np.isclose(both[p], fair[p] + with_shoes[p]) for p in "ABC"),
)

# %% [markdown]
# ## The inputs of a network as players
#
# A coalition of inputs: these have their values, the others that of the baseline. An AND needs both inputs, an OR one
# of them; lesson 1's network is an OR. Alone, lesson 1 found, no input of the OR is missed. Over all orders each has
# its half.

# %%
games = {
    "AND at (1, 1)": (lambda i1, i2: max(i1 + i2 - 1, 0), 1, 1),
    "OR at (1, 1)": (lambda i1, i2: min(i1 + i2, 1), 1, 1),
    "OR at (1, 0.25)": (lambda i1, i2: min(i1 + i2, 1), 1, 0.25),
    "min(1, 2)": (min, 1, 2),
}
shares = {}
for name, (f, i1, i2) in games.items():
    worth = shapley(
        lambda group, f=f, i1=i1, i2=i2: f(i1 * ("i1" in group), i2 * ("i2" in group)),
        ["i1", "i2"],
    )
    shares[name] = tuple(worth.values())
    print(f"{name:16} i1 {shares[name][0]:.3f}   i2 {shares[name][1]:.3f}")
halves = [share for name, share in shares.items() if "0.25" not in name]
claim("AND, OR and min(1, 2) give each input one half", np.array(halves) == 0.5)
claim(
    "at (1, 0.25) the shares are 0.875 and 0.125",
    shares["OR at (1, 0.25)"] == (0.875, 0.125),
)

# %% [markdown]
# At (1, 0.25) integrated gradients and DeepLIFT said 0.8 and 0.2 (lessons 4 and 6). Nobody is wrong. Shapley's orders
# switch one input on completely, then the other: they walk along the edges of the square. Integrated gradients walk
# its diagonal, where both inputs grow together.
#
# ## The same in minixai

# %%
result = mx.shapley_values(mx.toys.saturation, [[1.0, 0.25]], baseline=0.0)
print(result)
claim(
    "minixai finds the same", np.allclose(result.values[0], shares["OR at (1, 0.25)"])
)
diagonal = mx.integrated_gradients(
    mx.toys.saturation, [[1.0, 0.25]], steps=1000
).values[0]
claim("the diagonal gives 0.8 and 0.2", np.allclose(diagonal, (0.8, 0.2), atol=1e-3))

# %% [markdown]
# ## The parts of a bird as players
#
# Now a network that looks at pictures, 64 × 64 pixels of three colours, and gives a score to each of eight species of
# birds. The pictures are drawn by a program, part by part: so it can draw the same bird again, in the same place and
# light, without its legs, and the landscape behind them shows. Redshank and greenshank differ in one thing only, the
# colour of their legs. We ask about the *contrast*: the score for redshank minus the score for greenshank.
#
# The players are seven parts (the eye goes with the head). A coalition of parts is worth the contrast of a picture with
# these parts only; so each bird is drawn once for each coalition. We take five redshanks. The eight lines above do the
# rest, and nothing is estimated.

# %%
parts = list(birds.PLAYERS)
model = mx.load("shorebirds")
scenes = birds.draw(5, seed=7, species=["redshank"])
known = {}


def drawn(group):
    return birds.render(
        scenes,
        remove=[
            piece
            for part in parts
            if part not in group
            for piece in birds.PLAYERS[part]
        ],
    )[0]


def contrast(group):
    if (
        frozenset(group) not in known
    ):  # most orders lead through a coalition that was drawn before
        scores = model.scores(drawn(group)).astype(np.float64)
        known[frozenset(group)] = (
            scores[:, 0] - scores[:, 1]
        )  # redshank is class 0, greenshank class 1
    return known[frozenset(group)]


worth = shapley(contrast, parts)
everybody, nobody = contrast(parts), contrast([])
print(f"{len(known)} drawings of each bird; their contrasts: {everybody.round(1)}")
print(f"and those of the landscapes without any part: {nobody.round(1)}")
print(
    "part       first bird   least and most of five   first bird loses without it (lesson 1)"
)
for part in parts:
    alone = everybody - contrast([other for other in parts if other != part])
    print(
        f"{part:8} {worth[part][0]:12.2f} {worth[part].min():12.2f} {worth[part].max():8.2f} {alone[0]:20.2f}"
    )
missed = abs(sum(worth.values()) - (everybody - nobody)).max()
claim("the shares add up to what the parts add to the landscape", missed < 1e-6)
others = max(abs(worth[part]).max() for part in parts if part != "legs")
claim(
    "in all five birds the legs have more than twice the share of any other part",
    worth["legs"].min() > 2 * others,
)

# %% [markdown]
# In minixai the game is a function of coalitions as rows of yes and no. `mx.shapley` plays each coalition once, and
# weighs it by the number of orders that lead through it. With `permutations=100` it draws a hundred orders by lot
# instead, and says how far off that typically is.


# %%
def game(rows):
    return np.array(
        [
            contrast([part for part, here in zip(parts, row, strict=True) if here])
            for row in rows
        ]
    )


exact, lots = mx.shapley(game, 7), mx.shapley(game, 7, permutations=100)
claim("mx.shapley finds the same", np.allclose(exact.values, list(worth.values())))
errors = abs(lots.values - exact.values) / lots.standard_error
print(
    f"legs of the first bird, by 100 orders: {lots.values[1, 0]:.2f} ± {lots.standard_error[1, 0]:.2f}"
)
print(
    f"{np.mean(errors < 1):.0%} of the shares are within one standard error, the worst is {errors.max():.1f} away"
)
claim("orders by lot come within 5 standard errors", errors.max() < 5)

# %% [markdown]
# The figure shows the first bird. A *waterfall* begins with the landscape alone, and adds the share of one part after
# the other, from the bottom up: red raises the contrast, blue lowers it. At the top, on the right, it has arrived at
# the whole bird. Compare the legs' share with what the legs alone add to the landscape, and with what the bird loses
# without them: it is a mean of all such gains.

# %%
figure = Figure(figsize=(11, 3.4), layout="constrained")
*panels, chart = figure.subplots(1, 4, width_ratios=[1, 1, 1, 2.6])
for panel, group, name in zip(
    panels, ([], ["legs"], parts), ("nobody", "the legs alone", "all"), strict=True
):
    panel.imshow(drawn(group)[0])
    panel.set(xticks=[], yticks=[], title=f"{name}:\n{contrast(group)[0]:+.1f}")
order = sorted(parts, key=lambda part: abs(worth[part][0]))
steps = np.array([worth[part][0] for part in order])
starts = nobody[0] + np.cumsum(steps) - steps
chart.barh(order, steps, left=starts, color=np.where(steps > 0, "#c1121f", "#1452a3"))
for k, (start, step) in enumerate(zip(starts, steps, strict=True)):
    chart.text(
        max(start, start + step) + 0.6, k, f"{step:+.2f}", va="center", fontsize=9
    )
chart.vlines(
    [nobody[0], everybody[0]], -0.5, 6.5, color="grey", linestyle=":", linewidth=1
)
chart.set(
    xlabel="contrast, redshank − greenshank",
    title="from the landscape (left line) to the bird (right line)",
)
chart.set(xlim=(min(starts) - 3, max(starts + steps) + 6))
save(figure, "waterfall")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Cost.** Seven players have 7 · 6 · 5 · 4 · 3 · 2 · 1 orders, but only 128 coalitions: the same coalition comes up
#   in many orders, and need be played only once. For the pixels of an image even that is hopeless: each pixel more
#   doubles it. So orders are drawn by lot, or one asks for something that is easier to compute (lessons 8 and 9).
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
answer(
    "a",
    mine_a,
    majority,
    {
        "the shares must add up to 1": (1, 1, 1),
        "who is more than the others?": (0.5, 0.5, 0),
    },
)
traps = {
    "the other way round": (2**7, factorial(7)),
    "7² counts pairs of players": (factorial(7), 7**2),
}
answer("b", mine_b, (factorial(7), 2**7), traps)
right = np.sqrt(2 / 3 * 1 / 3 / 50)
traps = {
    "that is how far one order is off": np.sqrt(2 / 9),
    "the root is missing": 2 / 9 / 50,
}
answer("c", mine_c, right, traps)

# %% [markdown]
# ## To read on
#
# - Shapley 1953, *A value for n-person games*.
# - Lundberg & Lee 2017, *A Unified Approach to Interpreting Model Predictions*: the inputs of a model as players.
# - Sundararajan & Najmi 2020, *The many Shapley values for model explanation*: what "absent" can mean.
# - In minixai: `methods/shapley.py` (any game), `methods/shapley_values.py` (inputs of a network).
