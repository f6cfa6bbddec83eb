# %% [markdown]
# # 7. Fair shares
#
# **Question.** Several players win something together that none of them wins alone.
# What is a fair share for each? And what does this say about the parts of a bird?
#
# **Afterwards.** You can compute Shapley values in eight lines, name the four axioms
# that single them out, and say what they cost. And you have the exact shares of seven
# parts of a bird, against which other methods can be measured.
#
# **Minutes.** 20
#
# Three people own gloves: A has one left glove, B and C have one right glove each. A
# pair is worth 1, and single gloves are worth nothing. So a group of players (a
# *coalition*) is worth 1 if it contains A and at least one of B and C, and 0 otherwise.
#
# **Predict before you run.** All three together own one pair, worth 1. What are the
# fair shares of A, B and C?

# %%
from itertools import permutations
from math import factorial

import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.datasets import birds
from minixai.lesson import answer, claim, save


def gloves(group):
    return 1.0 if "A" in group and ("B" in group or "C" in group) else 0.0


# %% [markdown]
# ## The method by hand
#
# Let the players arrive one after the other, and pay each of them what the group gains
# by the arrival. This depends on the order. So take every order once, and average. The
# result is the *Shapley value*.


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
    told = (f"{name} adds {gain:.0f}" for name, gain in zip(order, gains, strict=True))
    print("   ".join(told))
fair = shapley(gloves, "ABC")
print(
    "on average", ", ".join(f"{player} {share:.4f}" for player, share in fair.items())
)

# %% [markdown]
# In 4 of the 6 orders A completes the pair, in one B does, and in one C does. The
# shares are 4/6, 1/6 and 1/6. A gets more because nobody can replace A.

# %%
claim(
    "the shares are 2/3, 1/6 and 1/6",
    np.allclose(list(fair.values()), (2 / 3, 1 / 6, 1 / 6)),
)

# %% [markdown]
# Lloyd Shapley showed in 1953 that these are the only shares with four properties, the
# axioms:
#
# - The shares add up to what all players reach together (*efficiency*).
# - Players who can replace each other get the same share (*symmetry*).
# - A player who never adds anything gets nothing (*dummy*).
# - If two games are played, the shares in both together are the sums of the shares in
#   each (*additivity*).
#
# We do not prove this, but we check that the four properties hold. D joins without a
# glove. And there is a second game, shoes: A and B own one shoe each, and the pair is
# worth 2. C owns slippers worth 0.5.


# %%
def shoes(group):
    return 2.0 * ("A" in group and "B" in group) + 0.5 * ("C" in group)


with_d, with_shoes = shapley(gloves, "ABCD"), shapley(shoes, "ABC")
both = shapley(lambda group: gloves(group) + shoes(group), "ABC")
games = {"gloves, with D": with_d, "shoes": with_shoes, "gloves and shoes": both}
for name, worth in games.items():
    told = (f"{player} {share:.4f}" for player, share in worth.items())
    print(f"{name:17}", "   ".join(told))
claim(
    "efficiency: the shares add up to 1 pair of gloves",
    np.isclose(sum(fair.values()), 1),
)
claim("symmetry: B and C can replace each other", np.isclose(fair["B"], fair["C"]))
claim("dummy: D gets nothing", with_d["D"] == 0)
claim(
    "additivity: both games together",
    all(np.isclose(both[p], fair[p] + with_shoes[p]) for p in "ABC"),
)

# %% [markdown]
# ## The inputs of a network as players
#
# A coalition of inputs means: these inputs have their own values, and the others have
# the value of the baseline. An AND needs both inputs. An OR needs one of them; the
# network of lesson 1 is an OR. Lesson 1 removed one input at a time, and found that
# neither input of the OR is missed. Averaged over all orders, each input gets one half.

# %%
games = {
    "AND at (1, 1)": (lambda i1, i2: max(i1 + i2 - 1, 0), 1, 1),
    "OR at (1, 1)": (lambda i1, i2: min(i1 + i2, 1), 1, 1),
    "OR at (1, 0.25)": (lambda i1, i2: min(i1 + i2, 1), 1, 0.25),
    "min(1, 2)": (min, 1, 2),
}
shares = {}
for name, (f, i1, i2) in games.items():

    def value(group, f=f, i1=i1, i2=i2):
        return f(i1 * ("i1" in group), i2 * ("i2" in group))

    worth = shapley(value, ["i1", "i2"])
    shares[name] = tuple(worth.values())
    print(f"{name:16} i1 {shares[name][0]:.3f}   i2 {shares[name][1]:.3f}")
halves = [share for name, share in shares.items() if "0.25" not in name]
claim("AND, OR and min(1, 2) give each input one half", np.array(halves) == 0.5)
claim(
    "at (1, 0.25) the shares are 0.875 and 0.125",
    shares["OR at (1, 0.25)"] == (0.875, 0.125),
)

# %% [markdown]
# At (1, 0.25) integrated gradients and DeepLIFT gave 0.8 and 0.2 (lessons 4 and 6).
# None of these methods is wrong. Shapley's orders switch one input on completely, and
# then the other: they follow the edges of the square. Integrated gradients follow its
# diagonal, where both inputs grow together. The figure shows all three paths.

# %%
# Drawing: the two orders of Shapley, and the diagonal of integrated gradients
figure = Figure(figsize=(4.6, 2.4), layout="constrained")
ax = figure.subplots()
ways = {"first i1, then i2": [(0, 0), (1, 0), (1, 0.25)]}
ways |= {"first i2, then i1": [(0, 0), (0, 0.25), (1, 0.25)]}
ways |= {"both together (integrated gradients)": [(0, 0), (1, 0.25)]}
for (name, corners), colour in zip(
    ways.items(), ("#c1121f", "#1452a3", "black"), strict=True
):
    ax.plot(*np.transpose(corners), "-", color=colour, linewidth=2, label=name)
ax.plot([0, 1], [0, 0.25], "o", color="black")
ax.text(0.03, -0.06, "baseline (0, 0)", size=8)
ax.text(0.97, 0.28, "input (1, 0.25)", size=8, ha="right")
ax.set(xlabel="i1", ylabel="i2", xlim=(-0.06, 1.06), ylim=(-0.1, 0.62))
ax.set_title("three paths from the baseline to the input", fontsize=10)
ax.legend(frameon=False, fontsize=8, loc="upper left")
save(figure, "paths")

# %% [markdown]
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
# Here are the five methods so far on this one network. Each row answers its own
# question: how steep is y here, what is lost without one input, what did each input
# contribute on the path, what moved y, and what is a fair share?

# %%
points = [[1.0, 1.0], [1.0, 0.25]]
five = [mx.gradient, mx.feature_ablation, mx.integrated_gradients]
five += [mx.deep_lift, mx.shapley_values]
print(f"{'':22} at (1, 1)       at (1, 0.25)")
table = {}
for method in five:
    more = {"steps": 1000} if method is mx.integrated_gradients else {}
    table[method.__name__] = method(mx.toys.saturation, points, **more).values
    one, other = (f"({a:.3f}, {b:.3f})" for a, b in table[method.__name__] + 0.0)
    print(f"{method.__name__:22} {one:15} {other}")
adds_up = [
    name for name, each in table.items() if np.allclose(each.sum(axis=1), 1, atol=1e-2)
]
claim("the last three add up at both points", adds_up == [*table][2:])

# %% [markdown]
# ## The parts of a bird as players
#
# Now we use the network and the drawn birds of lesson 4. The program can draw the same
# bird again, in the same place and light, without its legs; then the landscape behind
# them is visible. (Only the shadow on the ground stays. It is the same for all
# species.) Redshank and greenshank differ in one thing only, the colour of their legs.
# We explain the *contrast*: the score for redshank minus the score for greenshank.
#
# The players are seven parts (the eye belongs to the head). The worth of a coalition is
# the contrast of an image with these parts only. So each bird is drawn once for each
# coalition. We take five redshanks. The eight lines above do the rest, and nothing is
# estimated.

# %%
parts = list(birds.PLAYERS)
model = mx.load("shorebirds")
scenes = birds.draw(5, seed=7, species=["redshank"])
known = {}


def drawn(group):
    absent = [part for part in parts if part not in group]
    pieces = [piece for part in absent for piece in birds.PLAYERS[part]]
    return birds.render(scenes, remove=pieces)[0]


def contrast(group):
    key = frozenset(group)
    if key not in known:  # most orders lead through a coalition that was drawn before
        scores = model.scores(drawn(group)).astype(np.float64)
        known[key] = scores[:, 0] - scores[:, 1]  # class 0 redshank, 1 greenshank
    return known[key]


worth = shapley(contrast, parts)
everybody, nobody = contrast(parts), contrast([])
print(f"{len(known)} drawings of each bird; their contrasts: {everybody.round(1)}")
print(f"and those of the landscapes without any part: {nobody.round(1)}")
print("part       first bird   least and most of five   first bird loses without it")
for part in parts:
    alone = everybody - contrast([other for other in parts if other != part])
    least, most = worth[part].min(), worth[part].max()
    print(f"{part:8} {worth[part][0]:12.2f} {least:12.2f} {most:8.2f} {alone[0]:20.2f}")
missed = abs(sum(worth.values()) - (everybody - nobody)).max()
claim("the shares add up to what the parts add to the landscape", missed < 1e-6)
others = max(abs(worth[part]).max() for part in parts if part != "legs")
claim(
    "in all five birds the legs have more than twice the share of any other part",
    worth["legs"].min() > 2 * others,
)

# %% [markdown]
# In minixai a game is a function of coalitions, given as rows of yes and no.
# `mx.shapley` plays each coalition once, and weighs it by the number of orders that
# lead through it. With `permutations=100` it draws a random sample of a hundred orders
# instead, and says how large the error typically is (the *standard error*; lesson 8
# explains why about two thirds of the errors are smaller).


# %%
def game(rows):
    chosen = [
        [part for part, here in zip(parts, row, strict=True) if here] for row in rows
    ]
    return np.array([contrast(group) for group in chosen])


exact, sample = mx.shapley(game, 7), mx.shapley(game, 7, permutations=100)
claim("mx.shapley finds the same", np.allclose(exact.values, list(worth.values())))
errors = abs(sample.values - exact.values) / sample.standard_error
legs = f"{sample.values[1, 0]:.2f} ± {sample.standard_error[1, 0]:.2f}"
print(f"legs of the first bird, from 100 random orders: {legs}")
print(f"{np.mean(errors < 1):.0%} of the shares are within one standard error,")
print(f"the worst is {errors.max():.1f} standard errors away")
claim("random orders come within 5 standard errors", errors.max() < 5)

# %% [markdown]
# The figure shows the first bird. A *waterfall* chart begins with the landscape alone,
# and adds the share of one part after the other, from the bottom up. Red raises the
# contrast, and blue lowers it. At the top right it arrives at the whole bird. Compare
# the share of the legs with what the legs alone add to the landscape, and with what the
# bird loses without them. The share is a mean of all such gains.

# %%
# Drawing: the first bird, and the shares of its parts
figure = Figure(figsize=(7.2, 5.2), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.4])
panels, chart = top.subplots(1, 3), bottom.subplots()
shown = ([], "no part"), (["legs"], "the legs alone"), (parts, "all")
for panel, (group, name) in zip(panels, shown, strict=True):
    panel.imshow(drawn(group)[0])
    panel.set(xticks=[], yticks=[], title=f"{name}:\n{contrast(group)[0]:+.1f}")
order = sorted(parts, key=lambda part: abs(worth[part][0]))
steps = np.array([worth[part][0] for part in order])
starts = nobody[0] + np.cumsum(steps) - steps
chart.barh(order, steps, left=starts, color=np.where(steps > 0, "#c1121f", "#1452a3"))
for k, (start, step) in enumerate(zip(starts, steps, strict=True)):
    left, right = sorted((start, start + step))
    place = {"x": right + 0.6} if step > 0 else {"x": left - 0.6, "ha": "right"}
    chart.text(y=k, s=f"{step:+.2f}", va="center", fontsize=9, **place)
chart.vlines(
    [nobody[0], everybody[0]], -0.5, 6.5, color="grey", linestyle=":", linewidth=1
)
chart.set(
    xlabel="contrast, redshank − greenshank",
    title="from the landscape (left line) to the bird",
)
chart.set(xlim=(min(starts) - 6, max(starts + steps) + 6))
save(figure, "waterfall")

# %% [markdown]
# ## Try it
#
# Choose the parts of the bird. The page shows the bird that has only these parts, how
# far its contrast lies above that of the landscape alone, and the sum of the shares of
# these parts. The two agree for the whole bird. By how much do the legs raise the worth
# of an otherwise empty landscape, and of an otherwise complete bird? Which of the two
# numbers is closer to their share?

# %%
# Drawing: the bird with the chosen parts only


def coalition(*chosen):
    group = [part for part, here in zip(parts, chosen, strict=True) if here]
    value, empty = float(contrast(group)[0]), float(nobody[0])
    table = {"contrast": f"{value:.1f}", "above the landscape": f"{value - empty:.1f}"}
    table["sum of the shares"] = f"{sum(float(worth[p][0]) for p in group):.1f}"
    pixels = (255 * drawn(group)[0]).round().astype(np.uint8)
    return pixels, table


some = [tuple(part in group for part in parts) for group in ([], ["legs"], parts)]
tick = mx.plots.slider(
    coalition,
    {part: [False, True] for part in parts},
    alt="a redshank with only the chosen parts",
    start=some[2],
    strip=some,
    width=256,
)
save(tick, "coalitions")
to_empty = (contrast(["legs"]) - nobody)[0]
to_full = (everybody - contrast([part for part in parts if part != "legs"]))[0]
share = worth["legs"][0]
print(
    f"the legs add {to_empty:.1f} to the landscape, {to_full:.1f} to the other parts;"
)
print(f"their share is {share:.1f}")
claim("the share lies between the two", to_full < share < to_empty)
claim("and closer to the complete bird", share - to_full < to_empty - share)

# %% [markdown]
# The legs are worth more to the empty landscape than to the other parts. Their share
# lies between the two numbers, because it is a mean over all orders. It is closer to
# what they add to the other parts.
#
# ## When it fails, and what it costs
#
# - **Cost.** Seven players have 7 · 6 · 5 · 4 · 3 · 2 · 1 orders, but only 128
#   coalitions. The same coalition occurs in many orders, and needs to be played only
#   once. For the pixels of an image even that is impossible, because each further pixel
#   doubles the number of coalitions. So one draws a random sample of orders, or asks
#   for something that is easier to compute (lessons 8 and 9).
# - **"Shapley values need no baseline."** "Not in the coalition" must mean something.
#   Here it means what the image shows when a part is not drawn. With another meaning of
#   absence it is another game, with other fair shares.
# - **"They are the causal truth."** They share out what *this network* says. A part can
#   have a large share because the network has learnt nonsense.
#
# ## Exercises
#
# a) Three players vote, and the majority wins 1. What are the three shares?
#
# b) For seven players: how many orders are there, and how many coalitions? (Two
# numbers; "nobody" and "all" are coalitions, too.)
#
# c) Instead of all orders you draw a random sample of 50. In the glove game a random
# order pays A 1 with probability 2/3, and 0 otherwise. How far is the mean of the 50
# typically from 2/3? (This is the *standard error*: the square root of p(1 − p)/n.)

# %%
mine_a = None  # (A, B, C)
mine_b = None  # (orders, coalitions)
mine_c = None

majority = mx.shapley(lambda rows: rows.sum(axis=1) >= 2, 3).values
traps = {
    "the shares must add up to 1": (1, 1, 1),
    "no player differs from the others": (0.5, 0.5, 0),
}
answer("a", mine_a, majority, traps)
traps = {
    "these are the right numbers in the wrong order": (2**7, factorial(7)),
    "7² counts pairs of players": (factorial(7), 7**2),
}
answer("b", mine_b, (factorial(7), 2**7), traps)
right = np.sqrt(2 / 3 * 1 / 3 / 50)
traps = {
    "that is the error of a single order": np.sqrt(2 / 9),
    "the square root is missing": 2 / 9 / 50,
}
answer("c", mine_c, right, traps)

# %% [markdown]
# ## To read on
#
# - Shapley 1953, *A value for n-person games*.
# - Lundberg & Lee 2017, *A Unified Approach to Interpreting Model Predictions*: the
#   inputs of a model as players.
# - Sundararajan & Najmi 2020, *The many Shapley values for model explanation*: what
#   "absent" can mean.
# - In minixai: `methods/shapley.py` (any game), `methods/shapley_values.py` (inputs of
#   a network).
