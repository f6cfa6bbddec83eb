# %% [markdown]
# # 14. Does the map know the network?
#
# **Question.** A map looks convincing: the bird is there, every feather of it. How do
# you find out whether it shows what the network has learnt, or only what is in the
# image?
#
# **Afterwards.** You can test a method with one call, say which of the methods that you
# have met fail the test, and say what the test can and cannot tell about a map without
# signs.
#
# **Minutes.** 20
#
# The idea (Adebayo and others, 2018) is to make the network forget. Replace the weights
# of its last layer by random ones, as they were before training. The other layers find
# the same shapes and colours as before, but which of these are evidence for which
# species is now random. A map that explains why *this* network says "redshank" has
# nothing left to explain. **It must change.**
#
# **Predict before you run.** Six maps are tested below: the gradient (lesson 2),
# DeepLIFT (lesson 6), HiResCAM, guided backprop and tf-explain's variant of Grad-CAM
# (all from lesson 13), and an *edge detector* (lesson 10), which does not even receive
# the network. Which of them change?

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
# is the reverse order. The order depends on the signs: it runs from the most negative
# value to the most positive one.


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
# `randomisation` does this for any method in one call, and continues: the last layer,
# then the last two, down to the first. It draws the new weights as they are drawn
# before training. It compares the maps in two ways: with their signs, as above, and by
# the size |map| alone.

# %%
tests = {
    "gradient": (mx.gradient, {"versus": partner}),
    "DeepLIFT, from a blur": (mx.deep_lift, {"versus": partner, "baseline": "blur"}),
    "HiResCAM": (mx.hires_cam, {}),
    "guided backprop": (mx.guided_backprop, {"versus": partner}),
    "tf-explain's CAM": (mx.grad_cam, {"variant": "tf-explain"}),
}
cascades = {}
for name, (method, more) in tests.items():
    cascades[name] = randomisation(method, model, scenes.images, own, batch=16, **more)
layers = cascades["gradient"].layers
for which in ("signed", "absolute"):
    sorted_by = "with signs" if which == "signed" else "by |map|, without signs"
    print(f"rank correlation with the map of the trained network, {sorted_by}")
    print(f"{'forgotten down to':22}", *(f"{layer:>7}" for layer in layers))
    for name, found in cascades.items():
        means = getattr(found, which).mean(axis=1)
        print(f"{name:22}", *(f"{rho:7.2f}" for rho in means))
    print(f"{'edge detector':22}", *(f"{1:7.2f}" for layer in layers), "\n")
signed = {name: found.signed[0] for name, found in cascades.items()}
sizes = {name: found.absolute.mean(axis=1) for name, found in cascades.items()}
three, two = ("gradient", "DeepLIFT, from a blur", "HiResCAM"), [*tests][3:]
for name in three:
    claim(f"with signs {name} changes altogether", np.abs(signed[name]).mean() < 0.4)
for name in two:
    claim(f"{name} stays the same, on every bird", signed[name] > 0.6)
claim(
    "without signs the first three stay alike, too, but less than the other two",
    [0.5 < sizes[name][0] < min(sizes[k][0] for k in two) - 0.1 for name in three],
)
claim(
    "after two layers HiResCAM has changed, and tf-explain's CAM has not",
    sizes["HiResCAM"][1] < 0.5 < 0.7 < sizes["tf-explain's CAM"][1],
)
failed = {name: found.check().status for name, found in cascades.items()}
claim("`check` judges as you did", failed["guided backprop"] == "does not hold")
print(cascades["guided backprop"].check())
mine, theirs = forgetful(0), randomised(model, ["scores"])
both = [mean_correlation(slope_map(model), slope_map(each)) for each in (mine, theirs)]
claim("by hand and by minixai the gradient changes", np.abs(both) < 0.4)

# %% [markdown]
# Read the first table. With their signs, the maps of the first three methods change
# altogether when the last layer is forgotten. Those of the last two hardly change.
# tf-explain's variant keeps only positive slopes, like guided backprop, and fails for
# the same reason. The line of the edge detector is all 1: it never saw the network. A
# method whose line looks similar may be no more than an edge detector.
#
# Now read the second table. **Without signs, the difference is smaller.** All five
# methods keep most of their places when the last layer is forgotten, because the lower
# layers still respond to the same places. What the last layer decides is which species
# gain from them, and that is a question of signs. So a map without signs cannot show
# what the last layer knows, whatever the method.
#
# The map of tf-explain's variant has no negative values. It would be unfair to hold it
# against a number of the first table. Compare it with HiResCAM in the second: the two
# come from the same layer. After the last layer it keeps 0.95, and HiResCAM 0.64. After
# two layers it keeps 0.76, and HiResCAM 0.37. So it fails here, too, though by less.
# Always say which of the two comparisons you used.
#
# ## A picture of the test
#
# We look at the beak of one bird, the part that distinguishes it from its partner. Each
# row is a method. The first column shows the trained network. The next two show two
# networks that forgot the last layer, each with random weights of its own. In the last
# column all layers are forgotten. The beak has a thin outline, and ρ is the rank
# correlation of the whole map with that in the first column.
#
# Look at the colours on the beak. In the third column the gradient and DeepLIFT have
# the opposite colours. In the second column they happen to have kept them: a random
# last layer may ask for the right thing by chance. So one draw is not enough. The table
# has six. It shows the sum of the map on the beak, divided by the sum of |map| there: 1
# means that all of the beak has the positive colour, and −1 the negative one.

# %%
bird = scenes[[3]]
beak = bird.masks[0, ..., bird.distinguishing_parts[0]]


def map_of(test, network):
    method, more = test
    more = {k: value[[3]] if k == "versus" else value for k, value in more.items()}
    if "cam" in method.__name__:
        more["resize"] = True
    return method(network, bird.images, own[[3]], **more)


def sign_on_beak(test, network):
    values = map_of(test, network).values[0].sum(axis=-1) * beak
    return values.sum() / abs(values).sum()


forgot_last = [randomised(model, ["scores"], seed=k) for k in range(6)]
print(f"{'sign of the beak':22} trained   six networks that forgot the last layer")
on_beak = {}
for name, test in tests.items():
    on_beak[name] = [sign_on_beak(test, each) for each in (model, *forgot_last)]
    first, *others = (f"{v:+.2f}" for v in on_beak[name])
    print(f"{name:22} {first:>7}  ", *others)
for name in ("gradient", "DeepLIFT, from a blur"):
    before, *after_it = np.sign(on_beak[name])
    claim(
        f"{name}: most of the six have the opposite sign",
        np.mean(after_it != before) > 0.5,
    )
for name in two:
    claim(f"{name}: none has", np.sign(on_beak[name]) == np.sign(on_beak[name][0]))

# %%
# Drawing: the beak in five maps, while the network forgets
columns = {"trained": model, "forgot the last layer": forgot_last[0]}
columns["other random weights"] = forgot_last[2]
columns["forgot all"] = randomised(model, layers)
of_trained = {
    name: map_of(test, model).values[0].sum(-1) for name, test in tests.items()
}


def draw_map(ax, name, network):
    found = map_of(tests[name], network)
    most = mx.plots.heat_map(ax, found, bird.images[0], percentile=99.5)
    rho = rank_correlation(of_trained[name], found.values[0].sum(axis=-1))
    ax.set_xlabel(f"ρ = {rho:.2f}, scale ±{most:.2g}", fontsize=9)


figure = Figure(figsize=(7.2, 9.4), layout="constrained")
grid = figure.subplots(len(tests), len(columns))
pixels = np.arange(64) + 0.5
for ax, (title, network) in zip(grid.T, columns.items(), strict=True):
    for panel, name in zip(ax, tests, strict=True):
        draw_map(panel, name, network)
        panel.contour(pixels, pixels, beak, [0.5], colors="grey", linewidths=0.7)
        panel.set(xlim=(0, 32), ylim=(42, 10))  # the head and its beak
    ax[0].set_title(title, fontsize=10)
for ax, name in zip(grid[:, 0], tests, strict=True):
    ax.set_ylabel(name, fontsize=9)
legend = "orange, green: a brighter, a darker pixel would raise the score"
figure.supxlabel(legend + "\nred raises it, blue lowers it", fontsize=9)
save(figure, "forgetting")

# %% [markdown]
# ## Try it
#
# Forget layer after layer. How many layers must be forgotten before guided backprop no
# longer draws the bird?

# %%
# Drawing: five maps of the whole bird, with any number of layers forgotten
random_networks = {}


def after(forgotten):
    if forgotten not in random_networks:
        random_networks[forgotten] = randomised(model, layers[:forgotten])
    network = random_networks[forgotten]
    figure = Figure((6.4, 4.6), layout="constrained")
    first, *others = figure.subplots(2, 3).ravel()
    first.imshow(bird.images[0])
    first.set(xticks=[], yticks=[])
    first.set_title("the bird", fontsize=10)
    for ax, name in zip(others, tests, strict=True):
        draw_map(ax, name, network)
        ax.set_title(name.replace(", from a blur", ""), fontsize=10)
    return figure


forget = mx.plots.slider(
    after,
    "layers forgotten",
    range(len(layers) + 1),
    alt="five maps of one bird, and their rank correlation with the trained network's",
    strip=[0, 1, 6],
)
save(forget, "layers-forgotten")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Passing is not enough.** It shows that a map depends on the network, and not that
#   it is right. A map of pure noise, different for each network, passes best of all.
#   Lesson 15 measures what is right.
# - **With signs or without** are two tests. A map that passes with signs may hardly
#   change without them.
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
# - **Cost.** One map of the trained network, and one more for each layer. There is no
#   reason not to run the test.
#
# ## Exercises
#
# a) Forget the layers one by one with guided backprop. With which layer does its
# correlation, with signs, fall below one half for the first time?
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
#   the article that these lessons follow. It recommends tf-explain's variant of
#   Grad-CAM.
# - In minixai: `evaluation/sanity.py`.
