# %% [markdown]
# # 5. A baseline is a question
#
# **Question.** Integrated gradients walk from a baseline to the picture (lesson 4). Black is the usual one. Is black
# "nothing"?
#
# **Afterwards.** You can say which question a baseline asks, choose one for yours, and check a map against what the
# network does when a part is really taken away.
#
# **Minutes.** 20
#
# **Predict before you run.** A hooded crow has a black head, and that is all that tells it from a gull, in our
# pictures. We ask "why a hooded crow?" and start from a black picture. What will the head get?

# %%
import warnings

import numpy as np
from scipy.stats import spearmanr

import minixai as mx
from minixai.datasets.birds import PARTS, draw, render
from minixai.lesson import answer, claim, save

# %% [markdown]
# ## The method by hand
#
# The smallest network that likes it dark: one pixel p, from 0 (black) to 1 (white), and y = 1 − p. Its slope is −1
# everywhere, so integrated gradients give p the share −1 · (p − p'), where p' is the baseline. Our pixel is nearly
# black.


# %%
def share(p, baseline, steps=10):
    mean_slope = (
        sum(-1.0 for step in range(steps)) / steps
    )  # the same wherever we are on the way
    return mean_slope * (p - baseline)


pixel = 0.1
for name, baseline in [
    ("black", 0.0),
    ("its own dark grey", 0.1),
    ("middle grey", 0.5),
    ("white", 1.0),
]:
    gain = (1 - pixel) - (1 - baseline)
    print(
        f"from {name:18} the pixel {pixel} gets {share(pixel, baseline) + 0:4.1f}, and y has gained {gain:4.1f}"
    )
claim(
    "from black the dark pixel gets −0.1, from white 0.9",
    np.allclose([share(0.1, 0), share(0.1, 1)], [-0.1, 0.9]),
)
claim("from its own grey it gets exactly 0", share(pixel, pixel) == 0)

# %% [markdown]
# Is darkness good for y or bad? All four shares add up to what y has gained: completeness (lesson 4) does not choose
# between them. Each is the right answer to its own question. "How did y come from black to here?" By losing 0.1,
# because it got brighter. And whatever a pixel does: **where it equals the baseline it gets exactly 0**, for the last
# factor of the method is (x − x').
#
# ## The same in minixai
#
# A baseline is given by name, as a number, or as pictures. We try seven, the last made for the question:
#
# - black, white, noise (every pixel drawn by chance), the mean of 16 other birds, and another bird: what does the
#   picture have that these have not?
# - the picture itself, blurred: what do sharp edges and small patches of colour bring?
# - the *partner*: the very same scene with the bird's partner in it. Each species has one, which differs in one part
#   only: redshank and greenshank in the legs, hooded crow and gull in the head, curlew and godwit in the beak.
#
# What we explain is the *contrast*: the score of the bird's own class minus the score of its partner's (`versus`). It
# asks "why a redshank rather than a greenshank?"

# %%
model = mx.load("shorebirds")
scenes, others = draw(24, seed=5), draw(16, seed=6)


def explain(birds, baseline, steps=6):
    target = birds.labels
    # classes come in pairs, 0 and 1, 2 and 3 ...: `^ 1` goes from each to its partner
    asked = {
        "target": target,
        "versus": target ^ 1,
        "baseline": baseline,
        "steps": steps,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of gaps: we print them below
        return mx.integrated_gradients(model, birds.images, **asked)


def partners(birds):
    return birds.with_(labels=birds.labels ^ 1).images


three = draw(3, seed=1, species="redshank").with_(
    labels=[0, 6, 4]
)  # a redshank, a hooded crow, a curlew
seven = {
    "black": "black",
    "white": "white",
    "noise": "noise",
    "mean bird": others.images.mean(axis=0),
}
seven |= {
    "another bird": others.images[:3],
    "blurred": "blur",
    "partner": partners(three),
}
maps = [explain(three, baseline) for baseline in seven.values()]
title = "the same birds, the same network, the same method: seven baselines"
save(
    mx.plots.show(
        maps,
        three.images,
        titles=list(seven),
        classes=model.classes,
        title=title,
        percentile=99.8,
    ),
    "baselines",
)

# %% [markdown]
# Red raises the contrast, blue lowers it. All maps have one scale. It leaves out the two most extreme pixels in a
# thousand, which get the darkest red or blue (that is what the line beneath calls a *percentile*). Beneath each map
# stands its gap: from black, six steps are too few.
#
# Now look at the hooded crow's head, in the second row, from black and from white. It is the dark pixel once more: not
# quite black. Here are six hooded crows, with 24 steps from black: what all pixels of the head get together, and how
# steep the way was, the mean slope met by the head's pixels.

# %%
crows = draw(6, seed=7, species="hooded")
head = crows.masks[..., PARTS.index("head")]  # how much of each pixel is head
heads, steep = {}, {}
for name, baseline, steps in [
    ("black", "black", 24),
    ("white", "white", 6),
    ("partner", partners(crows), 6),
]:
    result = explain(crows, baseline, steps)
    heads[name] = (result.values.sum(axis=-1) * head).sum(axis=(1, 2))
    print(f"the head gets, from {name:8}", *(f"{v:6.1f}" for v in heads[name]))
    if name != "partner":  # what it got, divided by how far its pixels went
        steep[name] = heads[name] / (
            (crows.images - result.baseline).sum(axis=-1) * head
        ).sum(axis=(1, 2))
        print(f"mean slope on the way {'':6}", *(f"{v:6.2f}" for v in steep[name]))
print(
    "brightness of the head      ",
    *(
        f"{v:6.2f}"
        for v in (crows.images.mean(-1) * head).sum((1, 2)) / head.sum((1, 2))
    ),
)
claim(
    "from black the black head speaks against a hooded crow, on all six",
    heads["black"] < 0,
)
claim(
    "from white, and from the gull, it speaks for it",
    (heads["white"] > 0) & (heads["partner"] > 0),
)
claim(
    "on both ways the slopes say: the darker, the better",
    (steep["black"] < 0) & (steep["white"] < 0),
)
claim(
    "from black they are more than twice as steep", steep["black"] < 2 * steep["white"]
)

# %% [markdown]
# The slopes have the same sign on both ways, as the one pixel's had. From black the head got brighter, by a little, and
# from white darker, by much. (The little counts for so much because the slopes near black are so much steeper.)
#
# What the map from the partner says can be proved. The gull in the crow's place differs from it in the head only, so
# nothing else can get anything.

# %%
gulls = crows.with_(labels=crows.labels ^ 1)
changed = (crows.images != gulls.images).any(axis=-1)
claim(
    "crow and gull differ nowhere but in the head",
    (head + gulls.masks[..., PARTS.index("head")])[changed] > 0,
)
claim("from the partner every other pixel gets exactly 0", result.values[~changed] == 0)
print(
    f"{(~changed).mean():.0%} of the pixels get exactly 0; the rest add up to the difference of crow and gull:"
)
print("sum of the map     ", *(f"{v:6.1f}" for v in result.values.sum(axis=(1, 2, 3))))
print(
    "contrast, crow−gull", *(f"{v:6.1f}" for v in result.score - result.reference_score)
)
claim(
    "they add up, to a tenth",
    np.abs(result.gap) < 0.1 * (result.score - result.reference_score),
)

# %% [markdown]
# ## Which one to believe?
#
# For drawn pictures there is a test. We draw each scene again with one part left out, so that what is behind it can be
# seen, and measure how far the contrast falls: the *effect* of the part. A map should give much to the parts with a
# large effect. *Rank correlation* compares two orders: 1 if they are the same, 0 if they have nothing to do with each
# other, −1 if one is the other turned round.


# %%
def contrast(images):
    rows, scores = np.arange(len(images)), model.scores(images)
    return scores[rows, scenes.labels] - scores[rows, scenes.labels ^ 1]


players = [
    ["tail"],
    ["legs"],
    ["body"],
    ["breast"],
    ["wing"],
    ["head", "eye"],
    ["beak"],
]
effects = [
    contrast(scenes.images) - contrast(render(scenes, remove=names)[0])
    for names in players
]
masks = [
    scenes.masks[..., [PARTS.index(name) for name in names]].sum(axis=-1)
    for names in players
]

best = np.argmax(effects, axis=0)
ranks, hits, gaps = {}, {}, {}
print(
    "baseline   steps   gap, in % of the mean gain   rank correlation   largest part right"
)
for name, baseline, steps in [("black", "black", 12), ("blurred", "blur", 6)]:
    result = explain(scenes, baseline, steps)
    parts = [(result.values.sum(axis=-1) * mask).sum(axis=(1, 2)) for mask in masks]
    ranks[name] = [
        spearmanr(a, b).statistic
        for a, b in zip(np.transpose(parts), np.transpose(effects), strict=True)
    ]
    hits[name] = np.argmax(parts, axis=0) == best
    gaps[name] = (
        100
        * np.abs(result.gap).mean()
        / np.abs(result.score - result.reference_score).mean()
    )
    found = f"{hits[name].sum()} of {len(scenes)} birds"
    print(
        f"{name:9} {steps:6} {gaps[name]:28.1f} {np.mean(ranks[name]):18.2f} {found:>20}"
    )
claim(
    "blurred agrees with the measured effects far better than black",
    np.mean(ranks["blurred"]) > 0.2 + np.mean(ranks["black"]),
)
claim(
    "and finds the part with the largest effect more often",
    hits["blurred"].mean() > 0.15 + hits["black"].mean(),
)
claim(
    "black needs more steps: with twice as many its gap is still the larger",
    gaps["black"] > gaps["blurred"],
)

# %% [markdown]
# The way from black is long: it crosses pictures the network has never seen, and many kinks. But do not say that
# blurred is right and black wrong. Taking a part away is a question, too: "what if it were not there?" A blurred
# picture asks nearly the same, so they agree. Black asks another one.

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Black is not neutral,** and no colour is. Each is blind to what has exactly its own colour.
# - **A blurred picture** is closer to "this part is not there", but it still holds the large patches: a body blurred is
#   a body. It cannot say what they bring.
# - **Noise and other birds** depend on which one was drawn. Lesson 8 takes the mean over many.
# - **The partner** must be known, and is known for drawn pictures. It says nothing of what the two have in common.
# - **The cost** is that of lesson 4, for each baseline. Say which one you took, whenever you show a map.
#
# ## Exercises
#
# a) y = 1 − p, p = 0.25, baseline p' = 0.5. What does p get?
#
# b) "Why a redshank rather than a greenshank?" Which of the seven baselines asks that? (Its name above the maps.)
#
# c) Two pixels, y = relu(q − p): a dark pixel p beside a bright one q. At p = 0.1, q = 0.8 black gives (−0.1, 0.8).
# What do p and q get from white, as a pair? (On both ways q is the brighter one.)

# %%
mine_a = None
mine_b = None  # "black", "white", "noise", "mean bird", "another bird", "blurred" or "partner"
mine_c = None  # (p gets, q gets)

answer(
    "a",
    mine_a,
    share(0.25, 0.5),
    {"p − p' is negative, and so is the slope": -0.25, "that is from white": 0.75},
)
asks = {
    "black": "that asks how the contrast came out of the dark",
    "white": "that asks how the contrast came out of the light",
    "noise": "that asks what the picture has that chance has not",
    "mean bird": "that asks what sets this bird apart from all the others",
    "blurred": "that asks what the details bring, to whatever they bring it",
    "another bird": "that asks about all that sets the two birds apart, and about their places",
}
answer("b", mine_b, "partner", {why: word for word, why in asks.items()})
pair = mx.integrated_gradients(
    lambda x: mx.ops.relu(x[:, 1] - x[:, 0]), [[0.1, 0.8]], baseline=1.0
).values[0]
answer(
    "c",
    mine_c,
    pair,
    {
        "that is from black": (-0.1, 0.8),
        "q is darker than white, and its slope is +1": (0.9, 0.2),
    },
)

# %% [markdown]
# ## To read on
#
# - Sturmfels, Lundberg & Lee 2020, *Visualizing the Impact of Feature Attribution Baselines*, Distill: black, blurred,
#   noise and other pictures, and why none of them is neutral.
# - Sundararajan, Taly & Yan 2017, *Axiomatic Attribution for Deep Networks*, §3: the choice of a baseline.
# - Hesse, Schaub-Meyer & Roth 2023, *FunnyBirds*: drawn birds, whose parts can be taken away.
# - In minixai: `methods/baselines.py`, and `datasets/birds/`.
