# %% [markdown]
# # 13. Grad-CAM and its variants
#
# **Question.** Lesson 10 showed what filters find, whatever the class. Which of it is
# evidence for *this* class, and where?
#
# **Afterwards.** You can compute a Grad-CAM by hand, say why it ends with a relu,
# distinguish its variants, name the networks for which it adds up to the score, and say
# what an empty map means.
#
# **Minutes.** 30
#
# Take the activation maps of a layer, A1, A2, ...: one for each filter, with a number
# for each place. Go backward from the score of a class to that layer (lesson 2). The
# backward pass starts with 1 at this class and 0 at all others, a *one-hot* vector. It
# yields slopes G1, G2, ...: one slope for each number in the activation maps.
# *Grad-CAM* has three steps:
#
#     α_k = the mean of G_k over all places          the worth of filter k for the class
#     map = α_1 · A_1 + α_2 · A_2 + ...              the A_k, weighted and added
#     map = max(map, 0)                              relu
#
# **Why the relu?** Before it, a place is positive if it is evidence for the class, and
# negative if it is evidence against it, for example because another class has its
# features there. Grad-CAM is meant to show where the class is, so the relu keeps only
# what is evidence for it. The price is that all evidence against the class disappears,
# and sometimes the whole map. **Leave the relu out** (`relu=False`) if you want to see
# the evidence against the class, if you ask about the contrast of two classes (then the
# negative places speak for the other class), or if the map is to add up to the score
# (see below).
#
# *Score* means the number before softmax (lesson 8, and exercise b). The letter α_k is
# that of the Grad-CAM paper. It has nothing to do with the α of lesson 4.
#
# **Predict before you run.** Two filters, 2 × 2 places:
#
#     A1 =  1  2      A2 =  2  0      G1 =  1 −2      G2 =  1  1
#           0  3            1  1            3 −1           −1 −3
#
# What is each filter worth? At which places is the sum positive?

# %%
import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.datasets import birds
from minixai.lesson import answer, claim, photo, save
from scipy.stats import spearmanr

A = np.array([[[1.0, 2.0], [0.0, 3.0]], [[2.0, 0.0], [1.0, 1.0]]])
G = np.array([[[1.0, -2.0], [3.0, -1.0]], [[1.0, 1.0], [-1.0, -3.0]]])

# %% [markdown]
# ## The method by hand


# %%
def weighted_sum(maps, slopes):
    total = np.zeros(maps[0].shape)
    for a, g in zip(maps, slopes, strict=True):
        alpha = g.sum() / g.size
        total = total + alpha * a
    return total


def show(name, values):
    print(f"{name:38}", np.asarray(values).round(2).tolist())


show("the worth of each filter, α", [g.mean() for g in G])
show("weighted sum", weighted_sum(A, G))
show("with relu: Grad-CAM", np.maximum(weighted_sum(A, G), 0))
claim(
    "the filters are worth 0.25 and −0.5",
    np.allclose(G.mean(axis=(1, 2)), [0.25, -0.5]),
)
claim(
    "without relu half of the places are negative", (weighted_sum(A, G) < 0).sum() == 2
)

# %% [markdown]
# Two more recipes start from the same activation maps and slopes.
#
# - **HiResCAM** does not average. It multiplies each number in an activation map by its
#   own slope, and adds up the filters.
# - **tf-explain's variant** is that of the tool tf-explain, and of the article that
#   these lessons follow. It keeps only positive slopes, at places where the activation
#   map is positive, and averages them over all places. It has no relu at the end. No
#   filter can then be evidence against the class.


# %%
def high_resolution(maps, slopes):
    return sum(a * g for a, g in zip(maps, slopes, strict=True))


def guided(maps, slopes):
    pairs = zip(maps, slopes, strict=True)
    return weighted_sum(maps, [np.where((a > 0) & (g > 0), g, 0) for a, g in pairs])


show("HiResCAM", high_resolution(A, G))
show("tf-explain's variant", guided(A, G))
claim(
    "where HiResCAM is lowest, tf-explain's variant is highest",
    high_resolution(A, G).argmin() == guided(A, G).argmax(),
)

# %% [markdown]
# ## The same in minixai
#
# Here is a network whose slopes are G: the score f is the sum of G · A, number by
# number.

# %%


def network(node, slopes=G):
    last = np.moveaxis(slopes, 0, -1)  # places first, filters last
    return (node.named("maps") * last).sum(axis=(1, 2, 3))


maps = np.moveaxis(A, 0, -1)[None]
cam = mx.grad_cam(network, maps, layer="maps")
print(cam)
by_hand = np.maximum(weighted_sum(A, G), 0)
claim("Grad-CAM is the same", np.allclose(cam.values[0, ..., 0], by_hand))
hires = mx.hires_cam(network, maps, layer="maps").values[0, ..., 0]
claim("so is HiResCAM", np.allclose(hires, high_resolution(A, G)))
tool = mx.grad_cam(network, maps, layer="maps", variant="tf-explain")
claim("and tf-explain's variant", np.allclose(tool.values[0, ..., 0], guided(A, G)))

# %% [markdown]
# ## Where it adds up to the score
#
# Grad-CAM generalises *CAM* (class activation map), which needs a network of one
# particular shape. After the last convolution each activation map is replaced by its
# mean (*global average pooling*), and a dense layer computes the scores from the means
# m_k: score = w_1 · m_1 + w_2 · m_2 + ... + bias. Then all places of an activation map
# have the same slope, w_k divided by the number of places. So averaging the slopes
# loses nothing. Before the relu, Grad-CAM then adds up to the score minus its bias: it
# says exactly how much each place contributes. CAM itself is w_1 · A1 + w_2 · A2 + ...:
# larger by a factor, the number of places.

# %%
scenes = birds.draw(24, seed=5)
target, partner = (
    scenes.labels,
    scenes.labels ^ 1,
)  # classes 0 and 1 are partners, 2 and 3, ...
gap = mx.load("shorebirds-gap")
result = mx.grad_cam(gap, scenes.images, target)
signed, bias = result.extras["signed"], gap.weights["scores/bias"][target]
sums = [each.sum(axis=(1, 2, 3)) for each in (signed, result.values)]
rows = {"score − bias": result.score - bias, "map, before relu": sums[0]}
for name, row in (rows | {"map, after relu": sums[1]}).items():
    print(f"{name:16}", *(f"{v:7.2f}" for v in row[:6]))
claim(
    "before relu the map adds up to score − bias",
    np.allclose(sums[0], result.score - bias, atol=1e-3),
)
last = mx.activations(gap, scenes.images).values
# for each bird n and each place (h, w), the sum of w_k · A_k over the filters k
cam = np.einsum("nhwk,kn->nhw", last, gap.weights["scores/kernel"][:, target])
times = last.shape[1] * last.shape[2] * signed[..., 0]
claim(
    "CAM is the number of places times Grad-CAM",
    np.allclose(cam, times, atol=1e-3 * abs(cam).max()),
)
hires = mx.hires_cam(gap, scenes.images, target).values
claim("and HiResCAM is Grad-CAM", np.allclose(hires, signed, atol=1e-4))

# %% [markdown]
# ## Where it goes wrong
#
# `shorebirds`, like VGG-16, does not have such a head. Its dense layer has a separate
# weight for each place: it looks for legs at the bottom, and for a beak at the top. The
# mean over places mixes them up. HiResCAM does not, and it still adds up to score −
# bias. (After its last convolution there are only a max-pool and the dense layer. So
# score − bias is a weighted sum of the activations, and the products slope × activation
# are the terms of this sum.)
#
# What do these three recipes show? *Density* (lesson 12) is 1 for a map that is spread
# evenly. We measure it on the part in which the species differs from its partner
# (redshank and greenshank: the legs). And how much does a map change if we ask about
# the partner instead? We compare the two by rank correlation (lesson 5), where 1 means
# no change.

# %%
model = mx.load("shorebirds")
decisive = np.stack(
    [scenes.masks[i, ..., part] for i, part in enumerate(scenes.distinguishing_parts)]
)
ways = {"Grad-CAM": (mx.grad_cam, {}), "HiResCAM": (mx.hires_cam, {})}
ways["tf-explain's variant"] = (mx.grad_cam, {"variant": "tf-explain"})


def density_of(values):
    weight = (
        abs(values).repeat(4, axis=1).repeat(4, axis=2)[..., 0]
    )  # 4 × 4 pixels each
    total, on_part = weight.sum(axis=(1, 2)), (weight * decisive).sum(axis=(1, 2))
    full = total > 0
    area = decisive.mean(axis=(1, 2))
    return (on_part[full] / total[full] / area[full]).mean(), (~full).sum()


density, same = {}, {}
for name, (method, more) in ways.items():
    mine, other = (method(model, scenes.images, k, **more) for k in (target, partner))
    unclipped = [
        r.extras.get("signed", r.values).reshape(24, -1) for r in (mine, other)
    ]
    pairs = zip(*unclipped, strict=True)
    same[name] = np.array([spearmanr(a, b).statistic for a, b in pairs])
    density[name], empty = density_of(mine.values)
    print(f"{name:20} density {density[name]:4.1f}, the two alike", end=" ")
    print(f"{same[name].mean():.2f}, maps all 0: {empty}")
    if name == "Grad-CAM":
        claim("some maps are empty: before relu, nothing was positive", empty > 0)
    if name == "HiResCAM":
        rest = mine.score - model.weights["scores/bias"][target]
        sums = mine.values.sum(axis=(1, 2, 3))
        claim("HiResCAM adds up to score − bias", np.allclose(sums, rest, atol=1e-3))
on_bird = 1 - scenes.masks[..., len(birds.PARTS)]
every_cam = mx.grad_cam(model, scenes.images, target, resize=True).values[..., 0]
drawn = every_cam.any(axis=(1, 2))
fraction = (every_cam * on_bird)[drawn].sum(axis=(1, 2)) / every_cam[drawn].sum(
    axis=(1, 2)
)
print(f"Grad-CAM of one class: {fraction.mean():.0%} on the bird,", end=" ")
print(f"which covers {on_bird.mean():.0%} of the image")
claim(
    "it lies on the bird more than an even map would",
    fraction.mean() > 1.5 * on_bird.mean(),
)
contrast, _ = density_of(
    mx.grad_cam(model, scenes.images, target, versus=partner).values
)
print(f"Grad-CAM of the contrast: density {contrast:.1f}")
claim(
    "of the contrast Grad-CAM is far denser than of one class",
    contrast > 2 * density["Grad-CAM"],
)
claim("HiResCAM is on the decisive part, far above chance", density["HiResCAM"] > 4)
claim("Grad-CAM of one class avoids it", density["Grad-CAM"] < 0.7)
claim(
    "tf-explain's variant lies there, too, but less densely",
    2 < density["tf-explain's variant"] < density["HiResCAM"] - 1,
)
claim(
    "tf-explain's variant draws nearly one map for both, on each of 24 birds",
    same["tf-explain's variant"].min() > 0.85,
)
claim("HiResCAM draws two", same["HiResCAM"].mean() < 0.5)

# %% [markdown]
# **Grad-CAM gives two different answers to two different questions.** Asked about *one
# class*, as here, its density on the part that differs is 0.4. That is less than half
# of what an even map has: it avoids this part. On average it lies on the bird twice as
# much as an even map would, but on other parts of it. On the redshank of the next
# figure it even lies on water and sky. Asked about the *contrast* of two classes, as in
# lesson 0, it lies on the part that differs. The last line shows this. So always say
# which question a CAM was asked.
#
# An empty map is an answer, too: at every place the weighted sum was negative or 0, and
# the relu made it 0. Figures then say "all zero". And tf-explain's variant? It lies on
# the part that differs, and more densely than Grad-CAM of one class does, because
# filters that detect parts of birds are active there. But ask it why a redshank, and
# then why a greenshank: it draws almost the same map twice. (Each map has a scale of
# its own. Compare the shapes.)

# %%
# Drawing: three recipes, asked about two classes
one_bird = birds.draw(1, seed=3, species=["redshank"])
image = one_bird.images
pairs = [
    (name, method(model, image, k, **more))
    for name, (method, more) in ways.items()
    for k in (0, 1)
]
how = {
    "titles": [name for name, _ in pairs],
    "scale": "result",
    "classes": model.classes,
}
figure = mx.plots.show(
    [r for _, r in pairs], image, overlay=True, size=1.5, columns=4, **how
)
save(figure, "two-classes")

# %% [markdown]
# ## Try it
#
# Choose a layer, a class and a recipe. Which recipe gives different maps for the two
# classes? In which layer does Grad-CAM lose the legs?

# %%
# Drawing: any recipe at any layer, for two classes
convolutions = [f"conv{k}" for k in range(1, 7)]
species = ["redshank", "greenshank"]


def cam_of(layer, name, recipe):
    method, more = ways[recipe]
    result = method(model, image, species.index(name), layer=layer, **more)
    figure = Figure((5.6, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(image[0])
    left.set(xticks=[], yticks=[], title="redshank")
    most = mx.plots.heat_map(right, result, image[0])
    right.set_title(f"{name}, ±{most:.2g}" if most else f"{name}: all zero")
    return figure


choose = mx.plots.slider(
    cam_of,
    {"layer": convolutions, "class": species, "recipe": list(ways)},
    alt="a redshank, and a class activation map of it",
    start=("conv6", "redshank", "Grad-CAM"),
    strip=[("conv6", name, "tf-explain's variant") for name in species],
)
save(choose, "layers")
on_legs = one_bird.masks[0, ..., birds.PARTS.index("legs")]
dense = []
for layer in convolutions:
    cam = mx.grad_cam(model, image, 0, layer=layer, resize=True).values[0, ..., 0]
    dense.append((cam * on_legs).sum() / cam.sum() / on_legs.mean())
print("density of Grad-CAM on the legs:", *(f"{d:.1f} " for d in dense))
claim("at conv3 and conv4 it is on the legs", min(dense[2:4]) > 5)
claim("at conv5 and conv6 it has lost them", max(dense[4:]) < 1)

# %% [markdown]
# HiResCAM gives different maps for the two classes, and tf-explain's variant gives the
# same one. Grad-CAM of one class is on the legs at conv3 and conv4, and loses them at
# conv5, where each filter stands for a larger part of the image.
#
# ## Guided backprop and deconvnet
#
# Two methods go back to the pixels and change what happens at a relu. A slope passes a
# relu if the *input* of the relu was positive. *Deconvnet* lets a number pass if the
# *number that comes back* is positive, whatever the input was. *Guided backprop*
# requires both. Neither is the slope of anything, and both draw sharp pictures. How
# much do they know about the class? Compare the maps for a bird's own species and for
# its partner.

# %%
alike = {}
for name in ("gradient", "guided_backprop", "deconvnet"):
    both = [
        mx.catalogue[name](model, scenes.images, asked, batch=12).values.sum(axis=-1)
        for asked in (target, partner)
    ]
    each = [
        spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(*both, strict=True)
    ]
    alike[name] = np.mean(each)
    print(f"{name:16} rank correlation of the maps for two classes: {alike[name]:.2f}")
claim("guided backprop draws nearly one map for both", alike["guided_backprop"] > 0.9)
claim("the gradient draws two", alike["gradient"] < 0.6)

# %% [markdown]
# Both classes get almost the same picture from guided backprop. **It is nearly blind to
# the class.** Lesson 14 shows the reason: only positive numbers go down, and where they
# arrive is decided by the lower layers.
#
# ## Guided Grad-CAM, and every layer
#
# The paper's *Guided Grad-CAM* multiplies guided backprop by Grad-CAM, stretched to the
# size of the image. So it has fine lines. (The article calls tf-explain's variant by
# this name, but the two are different. tf-explain's variant is as coarse as its layer.)
#
# The next figures show every convolution of our network. tf-explain's variant is on the
# legs from conv3 on, whatever class you ask about. Grad-CAM and Guided Grad-CAM of one
# class are on the legs up to conv4 only. So a CAM depends on the layer as well as on
# the question.
#
# Then comes a photo, read by EfficientNet-Lite0, which comes with minixai and has a
# global average pooling. So its last Grad-CAM, before the relu, adds up to the score
# minus the bias. The earlier ones are finer, but they do not add up.


# %%
# Drawing: CAMs at every layer, of the redshank and of a photo


def pictures(model, image, name):
    layers = [e.name for e in model.layers if isinstance(e.layer, mx.layers.Conv2D)]
    target = model.predict(image)
    strips = [("Grad-CAM", mx.grad_cam, {})]
    strips += [("tf-explain's variant", mx.grad_cam, {"variant": "tf-explain"})]
    strips += [("Guided Grad-CAM", mx.guided_grad_cam, {})]
    for title, method, more in strips:
        results = [
            method(model, image, target, layer=layer, **more) for layer in layers
        ]
        how = {"titles": [f"at {layer}" for layer in layers], "classes": model.classes}
        how |= {"scale": "result", "size": 1.5, "columns": 4}
        title_of = f"{title}, {name}"
        figure = mx.plots.show(results, image, title=title_of, overlay=True, **how)
        stem = title.lower().replace("'s", "").replace(" ", "-")
        save(figure, f"{stem}-{name}")


pictures(model, image, "redshank")
large = mx.load("efficientnet-lite0")
cat = mx.read_images("cat", like=large)
blocks = ["block3b_add", "block5c_add", "block6d_add", "top_conv"]
on_cat = [mx.grad_cam(large, cat, layer=layer) for layer in blocks]
rest = on_cat[-1].score - large.weights["predictions/bias"][on_cat[-1].target]
total = on_cat[-1].extras["signed"].sum()
claim(
    "on the photo the last map adds up to score − bias",
    np.allclose(total, rest, rtol=1e-3),
)
how = {"titles": ["block 3", "block 5", "block 6", "the last layer"], "scale": "result"}
how["columns"] = 3
how["classes"] = large.classes
title = f"Grad-CAM, photo: {large.classes[int(on_cat[0].target[0])].replace('_', ' ')}"
figure = mx.plots.show(on_cat, cat, title=title, overlay=True, size=1.8, **how)
save(figure, "grad-cam-cat")
trained = photo()  # VGG-16, for those who have its weights
if trained is not None:
    print("39 maps of VGG-16, about a minute")
    pictures(trained.model, trained.image, "photo")

# %% [markdown]
# ## When it fails, and what it costs
#
# One forward and one backward pass, for each layer that you ask about.
#
# - **"It shows where the network looks."** It shows where filters are active that are
#   *on average* worth something for the class. A place can be red although the score
#   does not depend on it at all (exercise c).
# - **"The relu is harmless."** It removes the evidence against the class, and sometimes
#   everything.
# - **"The overlay is that sharp."** Our last CAMs have 16 × 16 places, those of
#   EfficientNet-Lite0 7 × 7 and those of VGG-16 14 × 14. If a figure shows such a map
#   smooth, its finer shape was made by the drawing program.
# - **"Guided is better."** Guided backprop and tf-explain's variant hardly depend on
#   the class. Lesson 14 tests such maps.
#
# ## Exercises
#
# a) Take −f, minus the score of the example by hand. All slopes in G1 and G2 change
# their sign. What is its Grad-CAM, as two rows?
#
# b) There are two classes, and p = 1 / (1 + exp(other − score)) is the probability of
# the first. Here p = 0.99. By which number must you multiply a slope of the *score* to
# get the slope of p? (The score of the other class does not change. The number says how
# much of a map is left if you explain the probability where the network is sure.)
#
# c) There is one filter, with A = 1 at all of 2 × 2 places, and the score depends on
# the upper left place only. The four slopes of the score with respect to the four
# places are the weights of this network. For which slopes, as two rows, is Grad-CAM 2
# at *every* place?

# %%
mine_a = None
mine_b = None
mine_c = None

opposite = weighted_sum(A, -G)
traps = {
    "relu is missing": opposite,
    "that is the Grad-CAM of f": np.maximum(-opposite, 0),
}
answer("a", mine_a, np.maximum(opposite, 0), traps)
p = 0.99
traps = {
    "that is the probability itself": p,
    "multiply by p as well": 1 - p,
    "that is the slope of the score itself": 1.0,
}
answer("b", mine_b, p * (1 - p), traps, tol=2e-5)
traps = {
    "the mean of these weights is 0.5": [[2, 0], [0, 0]],
    "this network depends on every place": [[2, 2], [2, 2]],
}
answer("c", mine_c, [[8, 0], [0, 0]], traps)
built = np.array([[[8.0, 0.0], [0.0, 0.0]]])
ones = np.ones((1, 2, 2, 1))
cam = mx.grad_cam(lambda node: network(node, built), ones, layer="maps")
unread = cam.values.ravel()[1:]
claim("Grad-CAM can be positive where no weight is", unread > 0)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*:
#   the article that these lessons follow. Its text has all three steps of Grad-CAM, and
#   its formula lacks the relu. It gives tf-explain's variant the name Guided Grad-CAM.
# - Zhou, Khosla, Lapedriza, Oliva & Torralba 2016, *Learning Deep Features for
#   Discriminative Localization*: CAM.
# - Selvaraju et al. 2017, *Grad-CAM*: eq. 1 and 2; §3.2 is Guided Grad-CAM.
# - Draelos & Carin 2020, *Use HiResCAM instead of Grad-CAM for faithful explanations*.
# - Zeiler & Fergus 2014, *Visualizing and Understanding Convolutional Networks*:
#   deconvnet.
# - Springenberg, Dosovitskiy, Brox & Riedmiller 2015, *Striving for Simplicity: The All
#   Convolutional Net*: guided backprop.
# - tf-explain, issue 146 on GitHub: the same map for every class.
# - In minixai: `methods/grad_cam.py`, `methods/compat.py`, `methods/gradients.py`.
