# %% [markdown]
# # 5. A baseline is a question
#
# **Question.** Integrated gradients follow a path from a baseline to the image (lesson
# 4). The usual baseline is black. Does black mean "nothing"?
#
# **Afterwards.** You can say which question a baseline asks, choose one for your
# question, and check a map against what the network does when a part is really removed.
#
# **Minutes.** 20
#
# **Predict before you run.** In our pictures a hooded crow has a black head, and
# nothing else distinguishes it from a gull. We ask "why a hooded crow?" and start from
# a black image. What will the head receive?

# %%
import warnings

import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.datasets.birds import PARTS, draw, render
from minixai.lesson import answer, claim, save
from scipy.stats import spearmanr

# %% [markdown]
# ## The method by hand
#
# Here is the smallest network that prefers dark pixels: one pixel p, from 0 (black) to
# 1 (white), and y = 1 − p. Its slope is −1 everywhere. So integrated gradients give p
# the contribution −1 · (p − p'), where p' is the baseline. Our pixel is nearly black.


# %%
def share(p, baseline, steps=10):
    mean_slope = (
        sum(-1.0 for step in range(steps)) / steps
    )  # the same on the whole path
    return mean_slope * (p - baseline)


pixel = 0.1
for name, baseline in [
    ("black", 0.0),
    ("its own dark grey", 0.1),
    ("middle grey", 0.5),
    ("white", 1.0),
]:
    gain = (1 - pixel) - (1 - baseline)
    got = share(pixel, baseline) + 0
    print(f"from {name:18} the pixel {pixel} gets {got:4.1f}; y gained {gain:4.1f}")
claim(
    "from black the dark pixel gets −0.1, from white 0.9",
    np.allclose([share(0.1, 0), share(0.1, 1)], [-0.1, 0.9]),
)
claim("from its own grey it gets exactly 0", share(pixel, pixel) == 0)

# %% [markdown]
# Is darkness good or bad for y? All four contributions add up to what y has gained, so
# completeness (lesson 4) does not choose between them. Each is the right answer to its
# own question. "How did y change from black to here?" It lost 0.1, because the pixel
# became brighter. And note: **where a pixel equals the baseline it gets exactly 0**,
# whatever it does, because the last factor of the method is (x − x').
#
# ## The same in minixai
#
# A baseline is given by name, as a number, or as images. We try seven. The last one is
# made for our question.
#
# - Black, white, noise (every pixel random), the mean of 16 other birds, and another
#   bird. They ask: what does this image have that those do not have?
# - The image itself, blurred. It asks: what do sharp edges and small patches of colour
#   contribute?
# - The *partner*: the same scene with the bird's partner in it. Each species has a
#   partner that differs in one part only: redshank and greenshank in the legs, hooded
#   crow and gull in the head, curlew and godwit in the beak.
#
# We explain the *contrast*: the score of the bird's own class minus the score of its
# partner's class (`versus`). It asks "why a redshank rather than a greenshank?"

# %%
model = mx.load("shorebirds")
scenes, others = draw(24, seed=5), draw(16, seed=6)


def explain(birds, baseline, steps=6):
    target = birds.labels
    # classes come in pairs, 0 and 1, 2 and 3 ...: `^ 1` goes from each to its partner
    how = {"versus": target ^ 1, "baseline": baseline, "steps": steps}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # we print the gaps below
        return mx.integrated_gradients(model, birds.images, target, **how)


def partners(birds):
    return birds.with_(labels=birds.labels ^ 1).images


two = draw(2, seed=1, species="redshank").with_(labels=[6, 0])  # crow, redshank
seven = {
    "black": "black",
    "white": "white",
    "noise": "noise",
    "mean bird": others.images.mean(axis=0),
}
seven |= {
    "another bird": others.images[:2],
    "blurred": "blur",
    "partner": partners(two),
}
maps = [explain(two, baseline) for baseline in seven.values()]
title = "the same birds, the same network, the same method: seven baselines"
save(
    mx.plots.show(
        maps,
        two.images,
        titles=list(seven),
        classes=model.classes,
        title=title,
        percentile=99.8,
        overlay=True,
        size=1.6,
        columns=4,
    ),
    "baselines",
)

# %% [markdown]
# Red raises the contrast, and blue lowers it. All maps have one scale. The scale leaves
# out the two most extreme pixels in a thousand, which get the darkest red or blue.
# (This is what the line below the maps calls a *percentile*.) Below each map you find
# its gap. From black, six steps are too few.
#
# Now look at the head of the hooded crow, from black, from white and from the partner.
# It is the dark pixel again: not quite black. Some of its pixels are red and some are
# blue, and what counts is their sum. Here are six hooded crows, with 24 steps from
# black. The table shows what all pixels of the head receive together, and how steep the
# path was for them on average.

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
        print(f"mean slope from {name:12}", *(f"{v:6.2f}" for v in steep[name]))
print(
    "brightness of the head      ",
    *(
        f"{v:6.2f}"
        for v in (crows.images.mean(-1) * head).sum((1, 2)) / head.sum((1, 2))
    ),
)
claim(
    "from black the black head is evidence against a hooded crow, on all six",
    heads["black"] < 0,
)
claim(
    "from white, and from the gull, it is evidence for it",
    (heads["white"] > 0) & (heads["partner"] > 0),
)
claim(
    "on both paths the slopes say: the darker, the better",
    (steep["black"] < 0) & (steep["white"] < 0),
)
claim(
    "from black they are more than twice as steep", steep["black"] < 2 * steep["white"]
)

# %% [markdown]
# The slopes have the same sign on both paths, as they had for the single pixel. From
# black, the head became a little brighter. From white, it became much darker. (From
# black the head changed only a little, and still its sum is large. The rows of mean
# slopes show why: near black the slopes are much steeper.)
#
# What the map from the partner says can be proved. The gull in the crow's place differs
# from the crow in the head only, so no other pixel can receive anything.

# %%
gulls = crows.with_(labels=crows.labels ^ 1)
changed = (crows.images != gulls.images).any(axis=-1)
claim(
    "crow and gull differ nowhere but in the head",
    (head + gulls.masks[..., PARTS.index("head")])[changed] > 0,
)
claim("from the partner every other pixel gets exactly 0", result.values[~changed] == 0)
print(f"{(~changed).mean():.0%} of the pixels get exactly 0;")
print("the rest add up to the difference of crow and gull:")
print("sum of the map     ", *(f"{v:6.1f}" for v in result.values.sum(axis=(1, 2, 3))))
print(
    "contrast, crow−gull", *(f"{v:6.1f}" for v in result.score - result.reference_score)
)
claim(
    "they add up, to within 10 %",
    np.abs(result.gap) < 0.1 * (result.score - result.reference_score),
)

# %% [markdown]
# ## Which one should you believe?
#
# For drawn images there is a test. We draw each scene again with one part left out, so
# that the background behind it is visible, and measure how far the contrast falls. This
# is the *effect* of the part. A good map gives much to the parts with a large effect.
# *Rank correlation* compares two orders: it is 1 if they are the same, 0 if they are
# unrelated, and −1 if one is the reverse of the other.


# %%
def contrast(images):
    rows, scores = np.arange(len(images)), model.scores(images)
    return scores[rows, scenes.labels] - scores[rows, scenes.labels ^ 1]


groups = [
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
    for names in groups
]
masks = [
    scenes.masks[..., [PARTS.index(name) for name in names]].sum(axis=-1)
    for names in groups
]

best = np.argmax(effects, axis=0)
ranks, hits, gaps = {}, {}, {}
print(
    "baseline   steps   gap, % of the mean gain   rank correlation   largest part right"
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
    print(f"{name:9} {steps:6} {gaps[name]:25.1f}", end=" ")
    print(f"{np.mean(ranks[name]):18.2f} {found:>20}")
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
# The path from black is long. It crosses images that the network has never seen, and
# many kinks. But do not conclude that the blurred baseline is right and the black one
# is wrong. Removing a part is a question, too: "what if it were not there?" For a small
# part, a blurred image asks almost the same question: thin legs and a thin beak vanish
# in the blur. For a large part it does not: a blurred body is still a body. The parts
# that distinguish our birds are mostly small, so the two questions mostly agree. Black
# asks a different question.
#
# How far does the blur remove each part? We compare two changes of the pixels of the
# part: the change from the blurred image to the bird, and the change from the image
# without the part to the bird. If they are the same, the blur removes all of the part.

# %%
blurred = mx.deep_lift(model, scenes.images, 0, baseline="blur").baseline
removed = {}
for names, mask in zip(groups, masks, strict=True):
    away = (scenes.images - render(scenes, remove=names)[0]) * mask[..., None]
    removed[names[0]] = ((scenes.images - blurred) * away).sum() / (away**2).sum()
print("the blur removes", *(f"{name} {part:.0%}," for name, part in removed.items()))
claim(
    "it removes most of tail, legs and beak, and only about half of the body",
    (min(removed[p] for p in ("tail", "legs", "beak")) > 0.75)
    & (removed["body"] < 0.6),
)

# %% [markdown]
# ## Try it
#
# Move the baseline from black to white. At which grey level does the crow's head change
# its sign?

# %%
# Drawing: a hooded crow, and its map from a grey baseline
crow = crows.images[:1]
levels = [round(0.1 * k, 1) for k in range(11)]
of_grey = dict.fromkeys(levels)
whole = head + crows.masks[..., PARTS.index("eye")]


def from_grey(level):
    if of_grey[level] is None:  # each level is computed when it is first shown
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            of_grey[level] = mx.integrated_gradients(
                model, crow, 6, versus=7, baseline=level, steps=16
            )
    result = of_grey[level]
    figure = Figure((5.6, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(crow[0])
    left.set(xticks=[], yticks=[], title="hooded crow")
    mx.plots.heat_map(right, result, crow[0], outline=whole[0], percentile=99.5)
    share_of_head = (result.values[0].sum(axis=-1) * head[0]).sum()
    right.set_title(f"the head gets {share_of_head:+.1f}")
    return figure


greys = mx.plots.slider(
    from_grey,
    "grey level of the baseline",
    levels,
    alt="a hooded crow, and its map from a grey baseline; the head is outlined",
    strip=[0.0, 1.0],
)
save(greys, "grey")
turn = []
for level in levels:
    from_grey(level)
    turn.append((of_grey[level].values[0].sum(axis=-1) * head[0]).sum())
print("the head gets", *(f"{share:+.1f}" for share in turn), "from black to white")
turns = next(level for level, share in zip(levels, turn, strict=True) if share > 0)
print(f"it turns positive at grey {turns}")
claim(
    "from black it is evidence against the crow, and from white for it",
    turn[0] < 0 < turn[-1],
)

# %% [markdown]
# **Which baseline for which question?**
#
# - "Why this class and not that one?" The partner, if you can make it.
# - "Which details and small parts matter?" The image itself, blurred.
# - "What does this image have that others do not have?" Other images, averaged (lesson
#   8).
# - "How did the score come about, starting from darkness?" Black. This is seldom the
#   question that you have.
#
# ## When it fails, and what it costs
#
# - **Black is not neutral,** and no colour is. Each baseline is blind to pixels of
#   exactly its own colour.
# - **A blurred image** comes closer to "this part is not there", but only for small
#   parts. It still contains the large patches, so it cannot say what they contribute.
# - **Noise and other birds** depend on which one you drew. Lesson 8 averages over many.
# - **The partner** must be known, as it is for drawn images. It says nothing about what
#   the two have in common.
# - **The cost** is that of lesson 4, for each baseline. Say which baseline you used
#   whenever you show a map.
#
# ## Exercises
#
# a) y = 1 − p, p = 0.25, baseline p' = 0.5. What does p get?
#
# b) "Why a redshank rather than a greenshank?" Which of the seven baselines asks that?
# (Give its name above the maps.)
#
# c) Two pixels, y = relu(q − p): a dark pixel p beside a bright one q. At p = 0.1, q =
# 0.8 the baseline black gives (−0.1, 0.8). What do p and q get from white, as a pair?
# (On both paths q is the brighter one.)

# %%
mine_a = None
mine_b = None  # one of the seven names, as a word
mine_c = None  # (p gets, q gets)

answer(
    "a",
    mine_a,
    share(0.25, 0.5),
    {"p − p' is negative, and so is the slope": -0.25, "that is from white": 0.75},
)
asks = {
    "black": "black asks how the contrast came about from darkness",
    "white": "white asks how the contrast came about from white",
    "noise": "noise asks what the image has that random pixels do not have",
    "mean bird": "the mean bird asks what distinguishes this bird from all others",
    "blurred": "the blurred image asks what the details contribute",
    "another bird": "another bird asks about everything in which the two scenes differ",
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
# - Sturmfels, Lundberg & Lee 2020, *Visualizing the Impact of Feature Attribution
#   Baselines*, Distill: black, blurred, noise and other images, and why none of them is
#   neutral.
# - Sundararajan, Taly & Yan 2017, *Axiomatic Attribution for Deep Networks*, §3: the
#   choice of a baseline.
# - Hesse, Schaub-Meyer & Roth 2023, *FunnyBirds*: drawn birds whose parts can be
#   removed.
# - In minixai: `methods/baselines.py`, and `datasets/birds/`.
