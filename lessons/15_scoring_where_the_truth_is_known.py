# %% [markdown]
# # 15. Scores, where the truth is known
#
# **Question.** Lesson 0 showed ten maps of one redshank. Which of the methods should
# you have believed?
#
# **Afterwards.** You can score a map against a known truth in four ways, say what
# chance reaches, and say why one number does not settle the question. And you know who
# wins the bet of lesson 0.
#
# **Minutes.** 25
#
# For a photo nobody knows the right map, because nobody knows what the network uses.
# Our birds are drawn, and this changes everything (lesson 5). We can draw a bird again
# without its legs, and *measure* what the network loses. We know which part each pixel
# belongs to. And we know the one part that distinguishes a bird from its partner, the
# *decisive part*.
#
# **Predict before you run.** Find your bet from lesson 0. Then consider two maps: one
# draws the whole bird in fine detail, and the other is a blob on the legs. Which one
# should score higher?

# %%
import warnings

import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai import evaluation
from minixai.datasets.birds import CLASSES, PARTS, draw, render
from minixai.lesson import answer, claim, save
from scipy.stats import rankdata, spearmanr

warnings.simplefilter("ignore")  # gaps are part of what the scores measure
model, scenes = mx.load("shorebirds"), draw(20, seed=15)
own, partner = scenes.labels, scenes.labels ^ 1  # 0 and 1 are partners, 2 and 3, ...
bird_number = np.arange(20)

# %% [markdown]
# ## The method by hand
#
# First the truth. `effects` holds what the contrast (the score of the own species minus
# the score of the partner) loses without each of seven parts; the eye belongs to the
# head. `decisive` holds how much of each pixel belongs to the decisive part.

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
chosen = [[PARTS.index(p) for p in parts] for parts in players]
masks = np.stack([scenes.masks[..., each].sum(axis=-1) for each in chosen], axis=-1)
on_bird = 1 - scenes.masks[..., len(PARTS)]
decisive = scenes.masks[bird_number, ..., scenes.distinguishing_parts]


def contrast(images):
    scores = model.scores(images)
    return scores[bird_number, own] - scores[bird_number, partner]


without = [contrast(render(scenes, remove=parts)[0]) for parts in players]
effects = contrast(scenes.images)[:, None] - np.stack(without, axis=1)
area = decisive.mean(axis=(1, 2))
truth = [
    [PARTS[d] in parts for parts in players].index(True)
    for d in scenes.distinguishing_parts
]
agree = np.mean(effects.argmax(axis=1) == truth)
print(f"the decisive part covers {area.mean():.1%} of the image,", end=" ")
print(f"the bird {on_bird.mean():.0%};")
print(f"it is the part whose absence costs most on {agree:.0%} of the birds")
claim("almost always the network uses the decisive part", agree > 0.8)

# %% [markdown]
# Now four scores of a map φ. For contributions, the sign says what is evidence for the
# species. So bird mass counts the positive part, pointing looks for the highest pixel,
# and rank adds up each part with its signs; only density counts |φ|. For slopes, the
# sign only says in which direction to change a pixel. So for these maps |φ| takes the
# place of φ in all four scores. A map that is 0 everywhere says nothing, and is scored
# as what it looks like: an even map.


# %%
def share(amount, mask):  # which fraction of the amount lies in the mask?
    amount = amount if amount.any() else np.ones_like(amount)
    return (amount * mask).sum() / amount.sum()


def bird_mass(phi, i):  # which fraction lies on the bird?
    return share(np.maximum(phi, 0), on_bird[i])


def density(phi, i):  # how much denser is |φ| on the decisive part than an even map?
    return share(abs(phi), decisive[i]) / area[i]


def pointing(phi, i):  # does the highest pixel lie on the decisive part?
    return decisive[i][phi == phi.max()].mean()


def rank(phi, i):  # does it order the seven parts as their effects do?
    sums = [(phi * masks[i, ..., p]).sum() for p in range(7)]
    return spearmanr(sums, effects[i]).statistic if phi.any() else 0.0


scores = {
    "bird mass": bird_mass,
    "density": density,
    "pointing": pointing,
    "rank": rank,
}
x, others = scenes.images, draw(20, seed=16).images
by_size = {"gradient", "SmoothGrad", "guided backprop", "edge detector"}


def explain(x, own, others):
    how = {"target": own, "versus": own ^ 1, "batch": 16}
    black, blur = {"baseline": "black"}, {"baseline": "blur"}
    return {
        "gradient": mx.gradient(model, x, **how),
        "SmoothGrad": mx.smooth_grad(model, x, samples=5, **how),
        "guided backprop": mx.guided_backprop(model, x, **how),
        "input x gradient": mx.input_x_gradient(model, x, **how),
        "Grad-CAM": mx.grad_cam(model, x, resize=True, **how),
        "Grad-CAM, one class": mx.grad_cam(model, x, own, resize=True, batch=16),
        "HiResCAM": mx.hires_cam(model, x, resize=True, **how),
        "occlusion": mx.occlusion(model, x, window=8, stride=8, **how),
        "IG, black": mx.integrated_gradients(model, x, steps=8, **black, **how),
        "IG, blurred": mx.integrated_gradients(model, x, steps=6, **blur, **how),
        "DeepLIFT, black": mx.deep_lift(model, x, **black, **how),
        "DeepLIFT, blurred": mx.deep_lift(model, x, **blur, **how),
        "expected gradients": mx.expected_gradients(
            model, x, background=others, samples=10, **how
        ),
    }


found = explain(x, own, others)
found["edge detector"] = evaluation.edge_detector(x)
found["random map"] = evaluation.random_map(x)
maps = {name: np.asarray(each) for name, each in found.items()}
table = {}  # (birds, scores) for each method
print(f"{'mean over 20 birds':20}" + "".join(f"{name:>12}" for name in scores))
for name, values in maps.items():
    phi = np.asarray(values, float).sum(axis=-1)
    phi = abs(phi) if name in by_size else phi
    rows = [[score(phi[i], i) for score in scores.values()] for i in bird_number]
    table[name] = np.array(rows)
    print(
        f"{name:20}" + "".join(f"{value:12.2f}" for value in table[name].mean(axis=0))
    )
chance = [on_bird.mean(), 1.0, area.mean(), 0.0]
print(f"{'chance':20}" + "".join(f"{value:12.2f}" for value in chance))

# %% [markdown]
# Begin at the bottom of the table. *Chance* is what a map reaches that knows nothing:
# on the bird, the area of the bird; on the decisive part, density 1; for the highest
# pixel, the area of the part. The random map reaches chance, as it should. The edge
# detector (lesson 14) knows nothing about the network either. **Where a method scores
# no better than the edge detector, the score gives no reason to believe that its map
# knows the network.**

# %%


def by_score(values):
    return dict(zip(scores, values, strict=True))


mean = {name: by_score(each.mean(axis=0)) for name, each in table.items()}
error = {
    name: by_score(each.std(axis=0, ddof=1) / 20**0.5) for name, each in table.items()
}
even = np.stack([on_bird.mean(axis=(1, 2)), np.ones(20)], axis=1)
off = table["random map"][:, :2] - even
fair = abs(off.mean(axis=0)) < 4 * off.std(axis=0, ddof=1) / 20**0.5
claim("the random map reaches chance, within 4 standard errors", fair)
edges = mean["edge detector"]
for name in ("IG, blurred", "DeepLIFT, blurred", "expected gradients"):
    margins = by_score((0.2, 8, 0.2, 0.1))
    ahead = [mean[name][column] > edges[column] + by for column, by in margins.items()]
    claim(f"{name} beats the edge detector by far, in all four", ahead)
for name in ("IG, black", "DeepLIFT, black"):
    few = mean[name]["bird mass"] < edges["bird mass"] + 0.1
    claim(f"{name} puts hardly more on the bird than edges do", few)
    thin = 2 * mean[name]["density"] < mean["IG, blurred"]["density"]
    claim("and is less than half as dense as from a blurred image", thin)
times, patches = mean["input x gradient"], mean["occlusion"]
better = patches["rank"] > times["rank"] + 0.1
claim("occlusion orders the parts better than input x gradient", better)
worse = patches["pointing"] < times["pointing"] - 0.1
claim("and yet its highest pixel is right less often", worse)
dense = {name: each["density"] for name, each in mean.items()}
claim(
    "Grad-CAM of one class is about as dense on the decisive part as chance",
    dense["Grad-CAM, one class"] < 2,
)
claim(
    "of the contrast it is denser, but less than HiResCAM",
    2 < dense["Grad-CAM"] < dense["HiResCAM"] - 1,
)
ratio = dense["guided backprop"] / dense["gradient"]
claim("guided backprop is about as dense as the gradient", 0.7 < ratio < 1.3)

# %% [markdown]
# ## What the scores say
#
# - **The baseline matters more than the name of the method.** Integrated gradients and
#   DeepLIFT from a *blurred* image are the best. From black, where most libraries
#   start, the same two spread over the image, and put hardly more on the bird than its
#   edges would.
# - **Expected gradients,** which compare with other birds, do well in every column.
# - **The gradient and SmoothGrad** point well, and order the parts only fairly.
#   Occlusion orders them rather well, and points badly: its window is larger than a
#   leg.
# - **Guided backprop** scores well here, but its map stays the same when the network
#   forgets (lesson 14), and it is nearly blind to the class (lesson 13). These scores
#   ask where a map lies. They do not ask whether it knows the network.
# - **Grad-CAM depends on the question.** Of the contrast it lies on the decisive part,
#   but its places are coarse: each stands for 4 × 4 pixels, its spots are larger than
#   the part, and so its density is low. Of one class alone it does not even reach
#   chance (lesson 13).
#
# Look at the whiskers in the figure below before you compare two neighbours. With 20
# birds many of them overlap. The differences named here are larger than that. All this
# holds for this network and these birds. The procedure holds everywhere.
#
# ## The same in minixai
#
# `evaluation` has these scores, and more. `score` computes the whole table, with
# standard errors. (Our rank is called "deletion rank" there.) `minixai score` does the
# same on the command line; there, CAM methods are asked about one class.

# %%
phi = maps["IG, blurred"]
theirs = [evaluation.relevance_mass(phi, on_bird)]
theirs += [evaluation.decisive_density(phi, decisive)]
theirs += [evaluation.pointing(phi, decisive)]
theirs += [evaluation.deletion_rank(phi, masks, effects)]
same = np.allclose(table["IG, blurred"], np.transpose(theirs), atol=1e-5)
claim("the scores of minixai are the same, bird by bird", same)
methods, columns = (
    ["gradient", "deep_lift:blur"],
    ["bird mass", "density", "deletion rank"],
)
board = evaluation.score(model, scenes[:4], methods, columns)
print(board)
print(*board.checks("deep_lift:blur"), sep="\n")

# %%
# Drawing: the four scores of all maps
figure = Figure(figsize=(7.3, 4.6), layout="constrained")
order = sorted(table, key=lambda name: mean[name]["rank"])
blind = ("edge detector", "random map")
colours = ["#c3c8cf" if name in blind else "#a184bd" for name in order]
axes = figure.subplots(1, 4, sharey=True)
for ax, column, by_chance in zip(axes, scores, chance, strict=True):
    spread = [2 * error[name][column] for name in order]
    ax.barh(order, [mean[name][column] for name in order], xerr=spread, color=colours)
    ax.axvline(by_chance, color="#c1121f", linestyle="--", linewidth=1)
    ax.set_title(column)
words = "Higher is better. Dashed: chance. Whiskers: two standard errors."
figure.suptitle(words + "\nGrey: two maps that know no network", fontsize=10)
save(figure, "scores")

# %% [markdown]
# ## Try it
#
# Choose a map and a bird. The decisive part is outlined, and the scores of this map for
# this bird stand below. Find a map with a good density that points wrongly.

# %%
# Drawing: any map of three birds, and its scores


def scored(name, k):
    figure = Figure((5.6, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(x[k])
    left.set(xticks=[], yticks=[], title=CLASSES[own[k]])
    how = {"row": k, "outline": decisive[k], "percentile": 99.7}
    mx.plots.heat_map(right, found[name], x[k], **how)
    right.set_title(name)
    return figure, {s: f"{v:.2f}" for s, v in zip(scores, table[name][k], strict=True)}


clear = int(table["IG, blurred"][:3, -1].argmax())  # a bird that it explains well
look = mx.plots.slider(
    scored,
    {"map": list(found), "bird": [0, 1, 2]},
    alt="a bird, a map of it, the decisive part outlined, and four scores",
    start=("IG, blurred", clear),
    strip=[("edge detector", clear), ("IG, blurred", clear)],
)
save(look, "look")

# %% [markdown]
# ## The bet is settled
#
# For each of the four scores we rank the ten methods of lesson 0, by its mean over the
# twenty birds of this lesson, and we average the four ranks. (1 would be the best in
# all four.) Would twenty other birds give the same order? To find out, we draw twenty
# birds with replacement from our twenty, rank the methods again, and repeat this a
# thousand times. The last column shows the places of each method in 90 % of these
# repetitions.

# %%
ten = ["gradient", "input x gradient", "guided backprop", "SmoothGrad", "Grad-CAM"]
ten += ["HiResCAM", "occlusion", "IG, black", "DeepLIFT, blurred", "expected gradients"]
each_bird = np.stack([table[name] for name in ten])  # (methods, birds, scores)


def mean_rank(some_birds):
    return rankdata(-each_bird[:, some_birds].mean(axis=1), axis=0).mean(axis=1)


place = mean_rank(bird_number)
ranking = [ten[k] for k in np.argsort(place)]
again = np.random.default_rng(0).integers(20, size=(1000, 20))
places = np.array([rankdata(mean_rank(drawn)) for drawn in again])
low, high = np.percentile(places, (5, 95), axis=0)
print(f"{'':20} mean rank   places in 90 % of the repetitions")
for name in ranking:
    k = ten.index(name)
    print(f"{name:20} {place[k]:9.1f}   {low[k]:4.0f} to {high[k]:.0f}")
best, worst = (
    ten.index("DeepLIFT, blurred"),
    [ten.index(k) for k in ("IG, black", "Grad-CAM")],
)
claim("DeepLIFT from a blurred image wins the bet", ranking[0] == "DeepLIFT, blurred")
claim(
    "and it is first in 95 % of the repetitions", (places[:, best] == 1).mean() > 0.95
)
claim("IG from black and Grad-CAM are the last two", low[worst] > 8)
second = [ten.index(name) for name in ranking[1:5]]
claim(
    "the order of places 2 to 5 is not settled", low[second].max() < high[second].min()
)
by_bird = table["IG, blurred"] - table["DeepLIFT, blurred"]
claim(
    "from a blurred image, integrated gradients are as good as DeepLIFT",
    abs(by_bird.mean(axis=0)) < 2 * by_bird.std(axis=0, ddof=1) / 20**0.5 + 1e-9,
)

# %% [markdown]
# So one place is certain: **DeepLIFT from a blurred image wins.** The order of the next
# four is not certain; twenty birds are too few to tell. The last two places belong to
# integrated gradients from black and Grad-CAM. Remember two things before you conclude
# that DeepLIFT is better than integrated gradients.
#
# - **The bet was not about names alone.** DeepLIFT started from a blurred image, and
#   integrated gradients from black. From a blurred image, integrated gradients are as
#   good (the table above). The baseline has won.
# - **Guided backprop stands higher than it should.** These scores ask where a map lies,
#   and lesson 14 has shown that this map stays there when the network forgets. So a
#   method must pass both tests.
#
# And Grad-CAM, which is a fine spot on the legs in lesson 0? On that bird it is right.
# But the spot is much larger than the legs, so most of it lies beside them, and on most
# of the twenty birds its highest pixel lies beside the decisive part.
#
# Here are the ten maps of lesson 0 again, in the order of the ranking, with the part
# that differs outlined. Where is the map that you trusted?

# %%
# Drawing: the ten maps of lesson 0, the best first
bird = draw(1, seed=113)
ask = {"target": bird.labels, "versus": bird.labels ^ 1, "batch": 16}
of_bird = explain(bird.images, bird.labels, others)
as_in_lesson_0 = {"background": draw(20).images, "samples": 100}
of_bird |= {
    "SmoothGrad": mx.smooth_grad(model, bird.images, **ask),
    "Grad-CAM": mx.grad_cam(model, bird.images, **ask),
    "HiResCAM": mx.hires_cam(model, bird.images, **ask),
    "occlusion": mx.occlusion(model, bird.images, **ask),
    "IG, black": mx.integrated_gradients(model, bird.images, **ask),
    "expected gradients": mx.expected_gradients(
        model, bird.images, **as_in_lesson_0, **ask
    ),
}
title = "The bet: the best first; the part that differs is outlined"
how = {"title": title, "titles": ranking, "columns": 4, "size": 1.55}
how["outline"] = bird.masks[0, ..., bird.distinguishing_parts[0]]
ordered = [of_bird[name] for name in ranking]
save(mx.plots.compare(ordered, bird.images, percentile=99.7, **how), "bet")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **One number does not settle it.** A map can point correctly and order the parts
#   wrongly, and vice versa.
# - **"On the bird" does not mean "right".** "Bird mass" asks where a person would look.
#   A network may use the water, and then an honest map lies on the water (lesson 16).
#   The rank asks what *this* network does, because it compares the map with measured
#   effects. Density and pointing ask it only indirectly: they assume that the network
#   uses the decisive part, which we have checked above.
# - **The truth is a question, too:** "what if the part were not there?" Another
#   question has another truth.
# - **Hiding with a grey patch instead of drawing again** asks the network about an
#   image with a grey patch, which it has never seen. Our network has seen birds without
#   legs: half of the birds from which it learnt lacked a part, so the absence of one
#   part does not surprise it.
# - **Photos have no such truth.** Test your method where the truth is known, then use
#   it elsewhere, and say so.
#
# ## Exercises
#
# a) An image has six pixels, two for each of three parts A, B, C. The effects are 3, 2,
# 1, so A is decisive. A map says (9, −8), (1, 1), (2, 2). What are its pointing and its
# rank correlation?
#
# b) The decisive part covers 0.02 of an image, and 0.4 of |map| lies on it. What is the
# density? And what is the largest possible density? (Two numbers.)
#
# c) The decisive part covers 0.015 of each of 200 images. A method points correctly on
# 6 of them. How many standard errors above chance is this? (Of n tries with chance p, n
# · p succeed on average, with a standard error of √(n · p · (1 − p)).)

# %%
mine_a = None  # (pointing, rank)
mine_b = None  # (density, largest)
mine_c = None

right = (1.0, spearmanr([9 - 8, 1 + 1, 2 + 2], [3, 2, 1]).statistic)
traps = {
    "the highest pixel is on A, but add up the pixels of A": (1, 1),
    "pointing asks for the highest pixel": (0, -1),
}
answer("a", mine_a, right, traps)
traps = {
    "these are fractions: divide them by the area": (0.4, 1.0),
    "all of the map could lie on the part": (20, 20),
    "divide the largest fraction, 1, by the area, too": (20, 1),
}
answer("b", mine_b, (0.4 / 0.02, 1 / 0.02), traps)
above, spread = 6 - 200 * 0.015, np.sqrt(200 * 0.015 * (1 - 0.015))
traps = {
    "divide it by the standard error": above,
    "subtract chance first": 6 / spread,
    "6 is the number itself: subtract chance, and divide by the standard error": 6,
}
answer("c", mine_c, above / spread, traps, 0.01)

# %% [markdown]
# ## To read on
#
# - Hesse, Schaub-Meyer & Roth 2023, *FunnyBirds*: parts that are removed, and scores
#   based on them.
# - Zhang, Bargal, Lin, Brandt, Shen & Sclaroff 2018, *Top-down Neural Attention by
#   Excitation Backprop*: pointing.
# - Arras, Osman & Samek 2022, *CLEVR-XAI*: the fraction of a map in the right place.
# - Hooker, Erhan, Kindermans & Kim 2019, *A Benchmark for Interpretability Methods in
#   Deep Neural Networks*: what is wrong with deleting pixels from a network that has
#   never seen deleted pixels.
# - In minixai: `evaluation/localisation.py`, `evaluation/parts.py`,
#   `evaluation/scoreboard.py`.
