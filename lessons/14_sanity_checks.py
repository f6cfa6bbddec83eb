# %% [markdown]
# # 14. Does the map know the network?
#
# **Question.** A map looks convincing: the bird is there, every feather of it. How do you find out whether it shows
# what the network has learnt, or only what is in the picture?
#
# **Afterwards.** You can put a method to the test in five lines, and say which of those you have met fail it.
#
# **Minutes.** 20
#
# The idea (Adebayo and others, 2018): make the network forget. Draw the weights of its last layer anew, by chance, as
# they were before training. What is left finds the same shapes and colours as before, but which of them speak for which
# species is now decided by dice. A map that tells why *this* network says "redshank" has nothing left to tell. **It
# must change.**
#
# **Predict before you run.** Five maps are tested below: the gradient (lesson 2), guided backprop (a gradient that lets
# only positive numbers pass on its way back), HiResCAM and the guided class activation map of tf-explain (both from
# lesson 13), and a detector of edges, which is not even given the network. Which of them change?

# %%
import numpy as np
from matplotlib.figure import Figure

import minixai as mx
from minixai.datasets.birds import PARTS, draw
from minixai.evaluation import (
    edge_detector,
    random_map,
    randomisation,
    randomised,
    relevance_mass,
)
from minixai.lesson import answer, claim, save

model = mx.load("shorebirds")
scenes = draw(8, seed=14)
own, partner = (
    scenes.labels,
    scenes.labels ^ 1,
)  # classes 0 and 1 are partners, 2 and 3, ...: ^ 1

# %% [markdown]
# ## The method by hand
#
# The last layer is called `scores`: one column of weights for each species. Dice replace it. Then we compare two maps
# by the *rank correlation* of lesson 5: put the pixels of each in order, from the lowest to the highest, and correlate
# the places they have in it. 1 is the same order, 0 none at all, −1 the opposite.


# %%
def places(numbers):
    order = np.argsort(numbers.ravel())
    place = np.empty(len(order))
    place[order] = np.arange(len(order))
    return place


def rank_correlation(a, b):
    return np.corrcoef(places(a), places(b))[0, 1]


def mean_correlation(before, after):
    return np.mean([rank_correlation(a, b) for a, b in zip(before, after, strict=True)])


def forgetful(seed):
    copy = model.astype(np.float32)
    weights = model.weights["scores/kernel"]
    dice = np.random.default_rng(seed).normal(size=weights.shape) * weights.std()
    copy.set_weights({"scores/kernel": dice.astype(np.float32)})
    return copy


def slope_map(network):
    return mx.gradient(
        network, scenes.images, own, versus=partner, batch=16
    ).values.sum(axis=-1)


def guided_map(network):
    return mx.guided_backprop(
        network, scenes.images, own, versus=partner, batch=16
    ).values.sum(axis=-1)


right, *guesses = [
    (network.predict(scenes.images) == own).mean()
    for network in (model, *map(forgetful, range(5)))
]
print(
    f"birds named rightly: {right:.0%}; by five that forgot their last layer, on average {np.mean(guesses):.0%}\n"
)
print(
    "rank correlation of the maps of both, mean over the birds, for five throws of the dice"
)
alike = {}
for name, make in [("gradient", slope_map), ("guided backprop", guided_map)]:
    before = make(model)
    alike[name] = [mean_correlation(before, make(forgetful(seed))) for seed in range(5)]
    print(f"{name:16}", *(f"{rho:6.2f}" for rho in alike[name]))

claim(
    "the networks that forgot no longer know the birds", np.mean(guesses) < 0.5 < right
)
claim("all five times the gradient changes altogether", np.abs(alike["gradient"]) < 0.4)
claim("and guided backprop hardly changes", np.array(alike["guided backprop"]) > 0.8)

# %% [markdown]
# Guided backprop draws nearly the same picture for a network that knows the birds and for one that guesses. Whatever it
# shows, it is not the reason for the answer: the answer is gone, and the picture is still there. (Why? On its way back
# it throws away, at each relu, all that is negative. So whichever weights it starts with, sums of positive numbers come
# down, and what decides where they end is what the lower layers found in the picture.)
#
# ## The same in minixai
#
# `randomisation` does this for any method, and goes on: the last layer, then the last two, down to the first. It draws
# the new weights as they are drawn before training.

# %%
tests = {
    "gradient": (mx.gradient, {"versus": partner}),
    "DeepLIFT, from a blur": (mx.deep_lift, {"versus": partner, "baseline": "blur"}),
    "HiResCAM": (mx.hires_cam, {}),
    "guided backprop": (mx.guided_backprop, {"versus": partner}),
    "guided CAM": (mx.grad_cam, {"variant": "tf-explain"}),
}
cascades = {}
for name, (method, more) in tests.items():
    cascades[name] = randomisation(method, model, scenes.images, own, batch=16, **more)
layers = cascades["gradient"].layers
print("rank correlation with the map of the trained network, randomised down to")
print(f"{'':22}", *(f"{layer:>7}" for layer in layers))
for name, found in cascades.items():
    print(f"{name:22}", *(f"{rho:7.2f}" for rho in found.signed.mean(axis=1)))
print(f"{'edge detector':22}", *(f"{1:7.2f}" for layer in layers))
first_step = {name: found.signed[0] for name, found in cascades.items()}
for name in ("gradient", "DeepLIFT, from a blur", "HiResCAM"):
    claim(f"{name} passes: all its maps change", np.abs(first_step[name]).mean() < 0.4)
for name in ("guided backprop", "guided CAM"):
    claim(f"{name} fails, on every bird", first_step[name] > 0.6)
mine, theirs = forgetful(0), randomised(model, ["scores"])
both = [
    mean_correlation(slope_map(model), slope_map(network)) for network in (mine, theirs)
]
claim("by hand and by minixai the gradient's correlation is near 0", np.abs(both) < 0.4)

# %% [markdown]
# The guided class activation map is the "guided" variant that the article describes (lesson 13). It keeps only
# positive slopes, like guided backprop, and fails for the same reason: with one sign left, little is left that tells
# species apart. The edge detector's line is all 1: it never saw the network. A method whose line looks like it may be
# just that.
#
# ## A picture of the test
#
# Beside each bird the map of the trained network; to its right, networks that have forgotten ever more. Cover the first
# two columns, and ask of each row: would you still take this for the reason why the bird is a curlew?

# %%
steps = {
    "trained": [],
    "forgot the last": layers[:1],
    "forgot four": layers[:4],
    "forgot all layers": layers,
}
networks = [randomised(model, names) for names in steps.values()]
bird = scenes[[3]]
figure = Figure(figsize=(8.2, 9.4), layout="constrained")
grid = figure.subplots(len(tests) + 1, len(steps) + 1)
rows = [*tests.items(), ("edge detector", None)]
for axes, (name, test) in zip(grid, rows, strict=True):
    axes[0].imshow(bird.images[0])
    axes[0].set_ylabel(name, fontsize=9)
    for ax, network in zip(axes[1:], networks, strict=True):
        more = (
            {
                key: value[[3]] if key == "versus" else value
                for key, value in test[1].items()
            }
            if test
            else {}
        )
        found = (
            test[0](network, bird.images, own[[3]], **more).values
            if test
            else edge_detector(bird.images)
        )
        shown = found[0].sum(axis=-1)
        most = np.percentile(np.abs(shown), 99.5)
        ax.imshow(shown, cmap="RdBu_r", vmin=-most, vmax=most)
for ax, title in zip(grid[0], ["bird", *steps], strict=True):
    ax.set_title(title, fontsize=9)
for ax in grid.ravel():
    ax.set(xticks=[], yticks=[])
figure.suptitle(
    "A map that stays the same does not tell what was learnt (red raises, blue lowers)",
    fontsize=11,
)
save(figure, "forgetting")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Passing is not enough.** It shows that a map depends on the network, not that it is right. A map of pure noise,
#   another for each network, passes best of all. Lesson 15 measures what is right.
# - **Signs and sizes.** Above, pixels are ordered from the most negative to the most positive. Without signs, by |map|,
#   even good methods stay alike: the layers below still answer to the same places, and only who gains from them has
#   changed. Say which you have ordered.

# %%
sizes = cascades["gradient"].absolute.mean(axis=1)
print(
    "|gradient|, randomised down to",
    *(f"{layer} {rho:.2f}" for layer, rho in zip(layers, sizes, strict=True)),
)
claim(
    "without signs the gradient seems much alike after the last layer", sizes[0] > 0.5
)
claim("and no longer when all layers have forgotten", np.abs(sizes[-1]) < 0.35)

# %% [markdown]
# - **Pretty is not right.** How much of a map lies on the bird? The edge detector knows no network, and lays more on it
#   than chance would; for a bird has edges, as many things have.

# %%
on_bird = 1 - scenes.masks[..., len(PARTS)]
looks = {
    "edge detector": edge_detector(scenes.images),
    "random map": random_map(scenes.images),
}
shares = {name: relevance_mass(found, on_bird).mean() for name, found in looks.items()}
print(
    f"the bird is {on_bird.mean():.0%} of the picture;",
    *(f"{name}: {s:.0%} on it." for name, s in shares.items()),
)
claim(
    "a random map lays on the bird what the bird's area is",
    abs(shares["random map"] - on_bird.mean()) < 0.02,
)
claim(
    "the edge detector more than one and a half times as much",
    shares["edge detector"] > 1.5 * on_bird.mean(),
)

# %% [markdown]
# - **The cost:** two maps for each layer you go down. There is no reason not to do it.
#
# ## Exercises
#
# a) Go down with guided backprop, layer by layer. Which layer must be forgotten before its correlation falls below one
#    half?
#
# b) Two maps of four pixels: (0.1, 0.9, 0.8, 0.2) and (1, 4, 2, 3). What is their rank correlation?
#
# c) A bird covers 500 of 4,096 pixels. Which share of a random map do you expect on it?

# %%
mine_a = None  # a layer's name
mine_b = None
mine_c = None

falls = cascades["guided backprop"].signed.mean(axis=1) < 0.5
traps = {"that is the first to be forgotten, and the map stays": "scores"}
answer("a", mine_a, layers[int(falls.argmax())], traps)
first, second = np.array([0.1, 0.9, 0.8, 0.2]), np.array([1.0, 4.0, 2.0, 3.0])
traps = {
    "that is the correlation of the numbers, not of their ranks": np.corrcoef(
        first, second
    )[0, 1]
}
answer(
    "b",
    mine_b,
    rank_correlation(first, second),
    traps | {"two pixels have not the same place": 1},
    tol=0.005,
)
traps = {
    "noise spreads evenly, the bird does not fill half": 0.5,
    "it falls on the bird, too": 0,
}
answer("c", mine_c, 500 / 4096, traps, tol=0.002)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*: the article that these lessons
#   follow.
# - Adebayo, Gilmer, Muelly, Goodfellow, Hardt & Kim 2018, *Sanity Checks for Saliency Maps*: the test, and who failed.
# - Nie, Zhang & Patel 2018, *A Theoretical Explanation for Perplexing Behaviors of Backpropagation-based
#   Visualizations*: why guided backprop restores the picture.
# - Sixt, Granz & Landgraf 2020, *When Explanations Lie*: why keeping positive numbers alone loses the upper layers.
# - In minixai: `evaluation/sanity.py`.
