# %% [markdown]
# # 14. Does the map know the network?
#
# **Question.** A map looks convincing: the bird is there, every feather of it. How do
# you find out whether it shows what the network has learnt, or only what is in the
# image?
#
# **Afterwards.** You can test a method in five lines, and say which of the methods that
# you have met fail the test.
#
# **Minutes.** 20
#
# The idea (Adebayo and others, 2018) is to make the network forget. Replace the weights
# of its last layer by random ones, as they were before training. The other layers find
# the same shapes and colours as before, but which of these are evidence for which
# species is now random. A map that explains why *this* network says "redshank" has
# nothing left to explain. **It must change.**
#
# **Predict before you run.** Five maps are tested below: the gradient (lesson 2),
# guided backprop, HiResCAM and the guided variant of Grad-CAM (all from lesson 13), and
# an *edge detector* (lesson 10), which does not even receive the network. Which of them
# change?

# %%
import minixai as mx
import numpy as np
from matplotlib.figure import Figure
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
own, partner = scenes.labels, scenes.labels ^ 1  # 0 and 1 are partners, 2 and 3, ...

# %% [markdown]
# ## The method by hand
#
# The last layer is called `scores`. It has one column of weights for each species. We
# replace them by random numbers. Then we compare two maps by the *rank correlation* of
# lesson 5: sort the pixels of each map from the lowest to the highest value, and
# correlate their positions in the two orders. 1 is the same order, 0 is no relation, −1
# is the reverse order.


# %%
def ranks(numbers):
    order = np.argsort(numbers.ravel())
    rank = np.empty(len(order))
    rank[order] = np.arange(len(order))
    return rank


def rank_correlation(a, b):
    return np.corrcoef(ranks(a), ranks(b))[0, 1]


def mean_correlation(before, after):
    pairs = zip(before, after, strict=True)
    return np.mean([rank_correlation(a, b) for a, b in pairs])


def forgetful(seed):
    copy = model.astype(np.float32)
    weights = model.weights["scores/kernel"]
    random = np.random.default_rng(seed).normal(size=weights.shape) * weights.std()
    copy.set_weights({"scores/kernel": random.astype(np.float32)})
    return copy


def slope_map(network):
    how = {"versus": partner, "batch": 16}
    return mx.gradient(network, scenes.images, own, **how).values.sum(axis=-1)


def guided_map(network):
    how = {"versus": partner, "batch": 16}
    return mx.guided_backprop(network, scenes.images, own, **how).values.sum(axis=-1)


networks = model, *map(forgetful, range(5))
right, *guesses = [(each.predict(scenes.images) == own).mean() for each in networks]
print(f"birds named correctly: {right:.0%};", end=" ")
print(f"by five networks that forgot their last layer: {np.mean(guesses):.0%}\n")
print("rank correlation of the maps of both, mean over the birds, for five seeds")
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
# Guided backprop draws almost the same picture for a network that knows the birds and
# for one that guesses. Whatever it shows, it is not the reason for the answer: the
# answer is gone, and the picture is still there. Why? On its way back it drops all
# negative numbers at every relu. So whatever weights it starts with, sums of positive
# numbers arrive below, and what the lower layers found in the image decides where they
# go.
#
# ## The same in minixai
#
# `randomisation` does this for any method, and continues: the last layer, then the last
# two, down to the first. It draws the new weights as they are drawn before training.

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
failed = {name: found.check().status for name, found in cascades.items()}
claim("`check` judges as you did", failed["guided backprop"] == "does not hold")
print(cascades["guided backprop"].check())
mine, theirs = forgetful(0), randomised(model, ["scores"])
both = [mean_correlation(slope_map(model), slope_map(each)) for each in (mine, theirs)]
claim("by hand and by minixai the gradient changes", np.abs(both) < 0.4)

# %% [markdown]
# The guided variant of Grad-CAM keeps only positive slopes, like guided backprop, and
# fails for the same reason. With one sign left, little is left to distinguish species.
# The line of the edge detector is all 1: it never saw the network. A method whose line
# looks similar may be no more than an edge detector.
#
# ## A picture of the test
#
# Each row is a method. From left to right the network has forgotten more and more. The
# bird shows faintly through every map, and its beak, which distinguishes it from its
# partner, is outlined. ρ is the rank correlation with the map in the first column.
#
# Look at the signs, and not only at the places. The gradient stays near the beak after
# the last layer has forgotten, because the lower layers still respond to the beak. But
# *what would raise the score* has changed, and that is the content of the map: ρ is
# close to 0. Guided backprop keeps both its places and its signs.

# %%
steps = {
    "trained": 0,
    "forgot the last layer": 1,
    "forgot four": 4,
    "forgot all": len(layers),
}
bird = scenes[[3]]
beak = bird.masks[0, ..., bird.distinguishing_parts[0]]
of_trained = {}


def draw_map(ax, name, test, network):
    method, more = test
    more = {
        key: value[[3]] if key == "versus" else value for key, value in more.items()
    }
    found = method(network, bird.images, own[[3]], **more)
    values = found.values[0].sum(axis=-1)
    of_trained.setdefault(name, values)
    most = mx.plots.heat_map(ax, found, bird.images[0], outline=beak, percentile=99.5)
    rho = rank_correlation(of_trained[name], values)
    ax.set_xlabel(f"ρ = {rho:.2f}, scale ±{most:.2g}", fontsize=8)


figure = Figure(figsize=(7.2, 8.8), layout="constrained")
grid = figure.subplots(len(tests), len(steps))
for ax, (title, count) in zip(grid.T, steps.items(), strict=True):
    network = randomised(model, layers[:count])
    for panel, (name, test) in zip(ax, tests.items(), strict=True):
        draw_map(panel, name, test, network)
    ax[0].set_title(title, fontsize=10)
for ax, name in zip(grid[:, 0], tests, strict=True):
    ax.set_ylabel(name, fontsize=9)
legend = (
    "orange, green: a brighter, a darker pixel would raise the score; red raises it"
)
figure.supxlabel(legend + ", blue lowers it", fontsize=9)
save(figure, "forgetting")

# %% [markdown]
# ## Try it
#
# Forget layer after layer. Which maps lose their signs at once, and which keep them to
# the end?

# %%
random_networks = {}


def after(forgotten):
    if forgotten not in random_networks:
        random_networks[forgotten] = randomised(model, layers[:forgotten])
    network = random_networks[forgotten]
    figure = Figure((7.0, 2.3), layout="constrained")
    for ax, (name, test) in zip(figure.subplots(1, 5), tests.items(), strict=True):
        draw_map(ax, name, test, network)
        ax.set_title(name.replace(", from a blur", ""), fontsize=9)
    return figure


forget = mx.plots.slider(
    after,
    "layers forgotten",
    range(len(layers) + 1),
    alt="five maps of one bird, and their rank correlation with the trained network's",
    strip=[0, 1, 4],
)
save(forget, "layers-forgotten")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Passing is not enough.** It shows that a map depends on the network, and not that
#   it is right. A map of pure noise, different for each network, passes best of all.
#   Lesson 15 measures what is right.
# - **Signs and absolute values.** Above, pixels are sorted from the most negative to
#   the most positive. If you sort by |map|, even good methods stay similar: the lower
#   layers still respond to the same places, and only the classes that gain from them
#   have changed. Say which of the two you used.

# %%
sizes = cascades["gradient"].absolute.mean(axis=1)
told = (f"{layer} {rho:.2f}" for layer, rho in zip(layers, sizes, strict=True))
print("|gradient|, randomised down to", *told)
claim(
    "without signs the gradient seems much alike after the last layer", sizes[0] > 0.5
)
claim("and no longer after all layers", np.abs(sizes[-1]) < 0.35)

# %% [markdown]
# - **Pretty does not mean right.** How much of a map lies on the bird? The edge
#   detector does not know the network, and still puts more on the bird than chance
#   would, because a bird has edges, like many things.

# %%
on_bird = 1 - scenes.masks[..., len(PARTS)]
blind = {"edge detector": edge_detector(scenes.images)}
blind["random map"] = random_map(scenes.images)
shares = {name: relevance_mass(found, on_bird).mean() for name, found in blind.items()}
told = (f"{name}: {s:.0%} on it." for name, s in shares.items())
print(f"the bird is {on_bird.mean():.0%} of the image;", *told)
claim(
    "the fraction of a random map on the bird is the area of the bird",
    abs(shares["random map"] - on_bird.mean()) < 0.02,
)
claim(
    "that of the edge detector is more than one and a half times as large",
    shares["edge detector"] > 1.5 * on_bird.mean(),
)

# %% [markdown]
# - **Cost.** Two maps for each layer. There is no reason not to run the test.
#
# ## Exercises
#
# a) Forget the layers one by one with guided backprop. Which layer must be forgotten
# before its correlation falls below one half?
#
# b) Two maps of four pixels are (0.1, 0.9, 0.8, 0.2) and (1, 4, 2, 3). What is their
# rank correlation?
#
# c) A bird covers 500 of 4,096 pixels. Which fraction of a random map do you expect on
# it?

# %%
mine_a = None  # a layer's name
mine_b = None
mine_c = None

falls = cascades["guided backprop"].signed.mean(axis=1) < 0.5
traps = {"that is the first layer to be forgotten, and the map stays": "scores"}
answer("a", mine_a, layers[int(falls.argmax())], traps)
first, second = np.array([0.1, 0.9, 0.8, 0.2]), np.array([1.0, 4.0, 2.0, 3.0])
numbers = np.corrcoef(first, second)[0, 1]
traps = {"that is the correlation of the numbers, not of their ranks": numbers}
traps |= {"two pixels have different positions in the two orders": 1}
answer("b", mine_b, rank_correlation(first, second), traps, tol=0.005)
traps = {
    "noise spreads evenly, and the bird does not fill half of the image": 0.5,
    "some of it falls on the bird, too": 0,
}
answer("c", mine_c, 500 / 4096, traps, tol=0.002)

# %% [markdown]
# ## To read on
#
# - Adebayo, Gilmer, Muelly, Goodfellow, Hardt & Kim 2018, *Sanity Checks for Saliency
#   Maps*: the test, and which methods failed.
# - Nie, Zhang & Patel 2018, *A Theoretical Explanation for Perplexing Behaviors of
#   Backpropagation-based Visualizations*: why guided backprop reconstructs the image.
# - Sixt, Granz & Landgraf 2020, *When Explanations Lie*: why keeping only positive
#   numbers loses the upper layers.
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*:
#   the article that these lessons follow. It recommends the guided variant.
# - In minixai: `evaluation/sanity.py`.
