# %% [markdown]
# # 15. Scores, where the truth is known
#
# **Question.** Ten maps of one redshank hung in the tour. Which of the methods should you have believed?
#
# **Afterwards.** You can score a map against a known truth in four ways, say what chance reaches, and why one number
# does not settle it. And you know the answer to the tour.
#
# **Minutes.** 25
#
# For a photo nobody knows the right map: the network is not the photographer. Our birds are drawn, and that changes
# everything (lesson 5). We can draw a bird again without its legs, and *measure* what the network loses. We know each
# pixel's part. And we know the one part that a bird and its partner differ in, the *decisive* one.
#
# **Predict before you run.** Take out what you wrote down in the tour. Then: of two maps, one that draws the whole bird
# finely, and one with a blot on the legs, which should score higher?

# %%
import warnings

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import spearmanr

import minixai as mx
from minixai import evaluation
from minixai.datasets.birds import PARTS, draw, render
from minixai.lesson import answer, claim, save

warnings.simplefilter("ignore")  # of gaps: what they do to a map is what is scored
model, scenes = mx.load("shorebirds"), draw(20, seed=15)
own, partner, bird_number = (
    scenes.labels,
    scenes.labels ^ 1,
    np.arange(20),
)  # 0 and 1, 2 and 3 ... are partners

# %% [markdown]
# ## The method by hand
#
# First the truth. `effects`: what the contrast, the own species' score minus the partner's, loses without each of seven
# parts (the eye goes with the head). `decisive`: how much of each pixel belongs to the decisive part.

# %%
players = [
    ["tail"],
    ["legs"],
    ["body"],
    ["breast"],
    ["wing"],
    ["head", "eye"],
    ["beak"],
]
masks = np.stack(
    [
        scenes.masks[..., [PARTS.index(p) for p in parts]].sum(axis=-1)
        for parts in players
    ],
    axis=-1,
)
on_bird = 1 - scenes.masks[..., len(PARTS)]
decisive = scenes.masks[bird_number, ..., scenes.decisive]


def contrast(images):
    scores = model.scores(images)
    return scores[bird_number, own] - scores[bird_number, partner]


effects = [
    contrast(scenes.images) - contrast(render(scenes, remove=parts)[0])
    for parts in players
]
effects = np.stack(effects, axis=1)
area = decisive.mean(axis=(1, 2))
truth = [[PARTS[d] in parts for parts in players].index(True) for d in scenes.decisive]
found = np.mean(effects.argmax(axis=1) == truth)
print(
    f"the decisive part covers {area.mean():.1%} of the picture, the whole bird {on_bird.mean():.0%};"
)
print(f"it is the part whose loss costs most on {found:.0%} of the birds")
claim(
    "nearly always the network goes by the decisive part, so there is a truth to find",
    found > 0.8,
)

# %% [markdown]
# Now four scores of a map φ. Some maps tell by their sign what speaks for the species: of those the positive part
# counts. The sign of a slope tells only in which direction to change a pixel: of those the size |φ| counts, in place
# of φ. A map that is 0 everywhere says nothing, and is scored as what it looks like: even.


# %%
def share(amount, mask):  # which share of the amount lies in the mask?
    amount = amount if amount.any() else np.ones_like(amount)
    return (amount * mask).sum() / amount.sum()


def bird_mass(phi, i):  # which share lies on the bird?
    return share(np.maximum(phi, 0), on_bird[i])


def density(
    phi, i
):  # how much denser is |φ| on the decisive part than if it were spread evenly?
    return share(abs(phi), decisive[i]) / area[i]


def pointing(
    phi, i
):  # does the highest pixel lie on the decisive part? (the mean, where several are highest)
    return decisive[i][phi == phi.max()].mean()


def rank(phi, i):  # does it order the seven parts as their loss does?
    sums = [(phi * masks[i, ..., p]).sum() for p in range(7)]
    return spearmanr(sums, effects[i]).statistic if phi.any() else 0.0


scores = {
    "bird mass": bird_mass,
    "density": density,
    "pointing": pointing,
    "rank": rank,
}
x, others = scenes.images, draw(20, seed=16).images
why = {"target": own, "versus": partner, "batch": 16}
by_size = {"gradient", "SmoothGrad", "guided backprop", "edge detector"}
maps = {
    "gradient": mx.gradient(model, x, **why).values,
    "SmoothGrad": mx.smooth_grad(model, x, samples=5, **why).values,
    "guided backprop": mx.guided_backprop(model, x, **why).values,
    "input x gradient": mx.input_x_gradient(model, x, **why).values,
    "Grad-CAM": mx.grad_cam(model, x, resize=True, **why).values,
    "Grad-CAM, one score": mx.grad_cam(model, x, own, resize=True, batch=16).values,
    "HiResCAM": mx.hires_cam(model, x, resize=True, **why).values,
    "occlusion": mx.occlusion(model, x, window=8, stride=8, **why).values,
    "IG, black": mx.integrated_gradients(
        model, x, baseline="black", steps=8, **why
    ).values,
    "IG, blurred": mx.integrated_gradients(
        model, x, baseline="blur", steps=6, **why
    ).values,
    "DeepLIFT, black": mx.deep_lift(model, x, baseline="black", **why).values,
    "DeepLIFT, blurred": mx.deep_lift(model, x, baseline="blur", **why).values,
    "expected gradients": mx.expected_gradients(
        model, x, background=others, samples=10, **why
    ).values,
    "edge detector": evaluation.edge_detector(x),
    "random map": evaluation.random_map(x),
}
table = {}  # (birds, scores) for each method
print(f"{'mean over 20 birds':20}" + "".join(f"{name:>12}" for name in scores))
for name, values in maps.items():
    phi = np.asarray(values, float).sum(axis=-1)
    phi = abs(phi) if name in by_size else phi
    table[name] = np.array(
        [[score(phi[i], i) for score in scores.values()] for i in bird_number]
    )
    print(
        f"{name:20}" + "".join(f"{value:12.2f}" for value in table[name].mean(axis=0))
    )
chance = [on_bird.mean(), 1.0, area.mean(), 0.0]
print(f"{'chance':20}" + "".join(f"{value:12.2f}" for value in chance))

# %% [markdown]
# Begin at the bottom. *Chance* is what knowing nothing reaches: on the bird, what its area is; on the decisive part,
# density 1; of the highest pixel, the part's area. The random map is there, as it must be. The edge detector (lesson
# 14) knows nothing of the network, either: **what scores no better than it has explained nothing.**

# %%
mean = {
    name: dict(zip(scores, each.mean(axis=0), strict=True))
    for name, each in table.items()
}
error = {
    name: dict(zip(scores, each.std(axis=0, ddof=1) / 20**0.5, strict=True))
    for name, each in table.items()
}
off = table["random map"][:, :2] - np.stack(
    [on_bird.mean(axis=(1, 2)), np.ones(20)], axis=1
)
fair = abs(off.mean(axis=0)) < 4 * off.std(axis=0, ddof=1) / 20**0.5
claim("the random map's bird mass and density are chance, to 4 standard errors", fair)
edges = mean["edge detector"]
for name in ("IG, blurred", "DeepLIFT, blurred", "expected gradients"):
    ahead = [
        mean[name][column] > edges[column] + by
        for column, by in zip(scores, (0.2, 8, 0.2, 0.1), strict=True)
    ]
    claim(f"{name} beats the edge detector by far, in all four", ahead)
for name in ("IG, black", "DeepLIFT, black"):
    claim(
        f"{name} lays hardly more on the bird than edges do",
        mean[name]["bird mass"] < edges["bird mass"] + 0.1,
    )
    claim(
        "and is less than half as dense as from a blur",
        2 * mean[name]["density"] < mean["IG, blurred"]["density"],
    )
times, patches = mean["input x gradient"], mean["occlusion"]
claim(
    "occlusion orders the parts better than input x gradient",
    patches["rank"] > times["rank"] + 0.1,
)
claim(
    "and yet its highest pixel is right less often",
    patches["pointing"] < times["pointing"] - 0.1,
)
dense = {name: each["density"] for name, each in mean.items()}
claim(
    "Grad-CAM of one score alone is about as dense on the decisive part as chance",
    dense["Grad-CAM, one score"] < 2,
)
claim(
    "of the contrast it is denser, but less than HiResCAM",
    2 < dense["Grad-CAM"] < dense["HiResCAM"] - 1,
)
claim(
    "guided backprop is about as dense as the gradient",
    0.7 < dense["guided backprop"] / dense["gradient"] < 1.3,
)

# %% [markdown]
# ## The answer to the tour
#
# - **The best are not in the tour:** integrated gradients and DeepLIFT from a *blurred* picture. From black, where most
#   libraries start and where the tour started them, the same two spread over the picture and lay hardly more on the
#   bird than its edges would. What you compare with (lesson 5) matters more than the method's name.
# - **Of the ten in the tour** expected gradients, which compare with other birds, do well in every column. The gradient
#   and SmoothGrad point well, and order the parts only fairly. Occlusion orders them well, and cannot point: its patch
#   is larger than a leg.
# - **The sharp bird and the large blot,** the two that people like most, are not what to go by. Guided backprop scores
#   well here, and its map stays when the network forgets (lesson 14). Grad-CAM of the contrast lies on the decisive
#   part less densely than HiResCAM; of one score alone no more than chance, for it shows what a pair has in common.
#
# That holds for this network and these birds. The way to find out holds everywhere.
#
# ## The same in minixai
#
# `evaluation` has these scores, and some more. `score` makes the whole table, with standard errors; `minixai score`
# does it from the command line.

# %%
phi = maps["IG, blurred"]
theirs = [
    evaluation.relevance_mass(phi, on_bird),
    evaluation.decisive_density(phi, decisive),
]
theirs += [
    evaluation.pointing(phi, decisive),
    evaluation.deletion_rank(phi, masks, effects),
]
claim(
    "minixai's scores are the same, bird by bird",
    np.allclose(table["IG, blurred"], np.transpose(theirs), atol=1e-5),
)
print(
    evaluation.score(
        model,
        scenes[:6],
        ["gradient", "deep_lift:blur"],
        ["bird mass", "density", "deletion rank"],
    )
)

figure = Figure(figsize=(11, 4.6), layout="constrained")
order = sorted(table, key=lambda name: mean[name]["rank"])
for ax, column, by_chance in zip(
    figure.subplots(1, 4, sharey=True), scores, chance, strict=True
):
    ax.barh(
        order,
        [mean[name][column] for name in order],
        xerr=[2 * error[name][column] for name in order],
    )
    ax.axvline(by_chance, color="#c1121f", linestyle="--", linewidth=1)
    ax.set_title(column)
figure.suptitle("Higher is better. Red line: chance. Whiskers: two standard errors")
save(figure, "scores")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **One number does not settle it.** A map can point right and order the parts wrongly, and the other way round.
# - **On the bird is not right.** "Bird mass" asks where a person would look. A network may go by the water, and then an
#   honest map lies on the water (lesson 16). Only the other three ask what *this* network does, and density and
#   pointing only because we have checked that it goes by the decisive part.
# - **The truth is a question, too:** "what if the part were not there?" Another question has another truth.
# - **Hiding with a grey patch in place of drawing anew** asks the network about a picture with a grey patch, which it
#   has never seen. Ours has seen birds without legs: half of those it learnt from lacked a part, so that the loss of
#   one surprises nobody.
# - **Photos have no such truth.** Test your method where it is known, then take it elsewhere, and say so.
#
# ## Exercises
#
# a) A picture of six pixels, two for each of three parts A, B, C. The effects are 3, 2, 1, so A is decisive. A map says
#    (9, −8), (1, 1), (2, 2). What are its pointing and its rank?
#
# b) The decisive part covers 0.02 of a picture, and 0.4 of |map| lies on it. What is the density? And what is the
#    largest that it could be?
#
# c) The decisive part covers 0.015 of each of 200 pictures. A method points right on 6 of them. How many standard
#    errors above chance is that? (Of n tries with chance p, n · p are right, give or take √(n · p · (1 − p)).)

# %%
mine_a = None  # (pointing, rank)
mine_b = None  # (density, largest)
mine_c = None

right = (1.0, spearmanr([9 - 8, 1 + 1, 2 + 2], [3, 2, 1]).statistic)
traps = {
    "the highest pixel is on A, but add up A's pixels": (1, 1),
    "pointing asks for the highest pixel": (0, -1),
}
answer("a", mine_a, right, traps)
traps = {
    "these are shares: divide them by the area": (0.4, 1.0),
    "all of the map could lie on the part": (20, 20),
}
answer("b", mine_b, (0.4 / 0.02, 1 / 0.02), traps)
above, spread = 6 - 200 * 0.015, np.sqrt(200 * 0.015 * (1 - 0.015))
answer(
    "c",
    mine_c,
    above / spread,
    {"divide it by the give or take": above, "subtract chance first": 6 / spread},
    0.01,
)

# %% [markdown]
# ## To read on
#
# - Hesse, Schaub-Meyer & Roth 2023, *FunnyBirds*: parts that are taken away, and scores made of it.
# - Zhang, Bargal, Lin, Brandt, Shen & Sclaroff 2018, *Top-down Neural Attention by Excitation Backprop*: pointing.
# - Arras, Osman & Samek 2022, *CLEVR-XAI*: the share of a map in the right place.
# - Hooker, Erhan, Kindermans & Kim 2019, *A Benchmark for Interpretability Methods in Deep Neural Networks*: what is
#   wrong with deleting pixels from a network that has never seen it done.
# - In minixai: `evaluation/localisation.py`, `evaluation/parts.py`, `evaluation/scoreboard.py`.
