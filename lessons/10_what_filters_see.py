# %% [markdown]
# # 10. What filters see
#
# **Question.** A network that reads images consists of *filters*. What does a filter
# find, and where?
#
# **Afterwards.** You can compute by hand what a filter finds, count its weights, look
# at all filters of a layer, and test whether a bright one matters.
#
# **Minutes.** 20
#
# A *convolution* (the figure of lesson 4 shows one) slides a small square of weights,
# the *kernel*, over an image. At each place it multiplies every pixel under the kernel
# by the weight that lies on it, and adds up. Here is a kernel of 3 × 3 weights.
#
#      2  −1  −1
#     −1   2  −1
#     −1  −1   2
#
# **Predict before you run.** What is the sum on a bright line that runs like \, on one
# that runs like /, on a horizontal one, and on a patch where all pixels are equal?
# (Bright is 1, dark is 0.)

# %%
import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.datasets import birds
from minixai.lesson import answer, claim, photo, save
from scipy.stats import spearmanr

kernel = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]])

# %% [markdown]
# ## The method by hand


# %%
def convolve(picture, kernel):
    rows, columns = picture.shape[0] - 2, picture.shape[1] - 2  # the kernel lies inside
    found = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            found[i, j] = (picture[i : i + 3, j : j + 3] * kernel).sum()
    return found


falling, level = np.eye(3), np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]])
patches = {
    "\\": falling,
    "/": falling[::-1],
    "level": level,
    "all alike": np.ones((3, 3)),
}
sums = {name: convolve(patch, kernel)[0, 0] for name, patch in patches.items()}
for name, value in sums.items():
    print(f"on {name:9} {value:3.0f}")
claim("it responds to \\ alone", list(sums.values()) == [6, 0, 0, 0])

# %% [markdown]
# The weights add up to 0, so the filter says nothing where nothing changes. It responds
# to a change of brightness in one direction: it is an *edge detector*, for the diagonal
# that falls to the right. The figure shows its response to a drawn \ and /, and to a
# bird in grey. The / leaves traces on both sides: there one corner of the kernel, a 2,
# lies on a bright pixel, and no other weight does.

# %%
model = mx.load("shorebirds")
scenes = birds.draw(12, seed=3, species=["redshank"])
beside = convolve(np.eye(20)[::-1], kernel).max()
claim("beside a long / it says 2, a third of what it says on \\", beside == 2)
drawing = np.maximum(np.eye(20), np.eye(20)[::-1])
grey = scenes.images[0].mean(axis=-1)
figure = Figure(figsize=(7.2, 4.0), layout="constrained")
axes = figure.subplots(2, 4)
for (a, b, c, d), picture in zip(axes, (drawing, grey), strict=True):
    both = [np.maximum(convolve(picture, k), 0) for k in (kernel, kernel[::-1])]
    shown = (
        (a, picture, "image"),
        (b, both[0], "kernel for \\"),
        (c, both[1], "mirror, /"),
    )
    for ax, values, title in shown:
        ax.imshow(values, cmap="Greys_r" if title == "image" else "viridis", vmin=0)
        ax.set(title=title, xticks=[], yticks=[])
    d.imshow(kernel if picture is drawing else kernel[::-1], cmap="Greys_r")
    for i, j in np.ndindex(3, 3):
        w = (kernel if picture is drawing else kernel[::-1])[i, j]
        d.text(j, i, w, ha="center", va="center", color="black" if w > 0 else "white")
    d.set(
        title="the kernel" if picture is drawing else "the mirror", xticks=[], yticks=[]
    )
figure.supxlabel("bright: found here (negative values are drawn as 0)")
save(figure, "diagonal")

# %% [markdown]
# ## The same in minixai

# %%
image, weights = mx.Node(grey[None, :, :, None]), kernel[:, :, None, None]
by_minixai = mx.ops.convolution(image, weights).value[0, :, :, 0]
claim(
    "minixai's convolution is this loop",
    np.allclose(by_minixai, convolve(grey, kernel), atol=1e-5),
)
print(f"{grey.shape} became {by_minixai.shape}: the border has no place")

# %% [markdown]
# A convolutional *layer* has many kernels, and each of them reads all the maps of the
# layer before. So a kernel has 3 × 3 × (maps before) weights, and one more number, the
# bias, is added to the sum. A relu follows. The result is the *activation map* of the
# filter. Nobody chooses the weights; they are learnt.
#
# The article looks at layer 7 of VGG-16, a network for photos. It counts as the library
# Keras does: the image is layer 0. In our bird network number 7 also begins the third
# block.

# %%
print("        VGG-16                                          our birds")
vgg = mx.zoo.vgg16(features_only=True)  # with random weights: we need its shape only


def about(entry):
    weights = sum(w.size for w in entry.layer.weights.values()) if entry.layer else 0
    return (
        f"{entry.name:13} {' × '.join(map(str, entry.shape)):15} {weights:9,} weights"
    )


for n in range(8):
    print(f"layer {n} {about(vgg.layers[n])}   {about(model.layers[n])}")
claim(
    "layer 7 of VGG-16 is the first convolution of its third block",
    vgg.layers[7].name == "block3_conv1",
)
weights = 3 * 3 * 128 * 256 + 256
claim(
    "its 256 filters have 3 × 3 × 128 weights and a bias each: 295,168",
    weights == 295_168,
)
claim(
    "as many as it has",
    weights == sum(w.size for w in vgg.layers[7].layer.weights.values()),
)

# %% [markdown]
# Now we send a redshank forward, stop at layer 7, and look: first at one filter, and
# then at all of them, those with the highest *peak* (the largest value) first. Then we
# do the same with a photo of a cat. It is read by EfficientNet-Lite0, a network that
# knows the 1,000 classes of ImageNet and comes with minixai. (Its relus are cut off at
# 6, so many of its peaks are 6.)

# %%


def pictures(model, image, name):
    """The first filter of layer 7, and the 32 with the highest peaks."""
    found = mx.activations(model, image, layer=7, rank="peak")
    title = f"{name}: the first filter of layer 7"
    how = {"title": title, "sort": False, "size": 2.4}
    first = mx.plots.feature_maps(found.values[..., :1], image, **how)
    save(first, f"first-filter-{name}")
    title = f"{name}: layer 7 ({model.layers[7].name})"
    how = {"title": title, "count": 32, "columns": 8, "size": 0.8}
    save(mx.plots.feature_maps(found, image, **how), f"all-filters-{name}")
    return found


found = pictures(model, scenes.images[:1], "redshank")
both = [mx.activations(model, scenes.images[:1], k, layer=7).values for k in (0, 1)]
claim("the maps are the same for every class", np.array_equal(*both))

large = mx.load("efficientnet-lite0")
cat = mx.read_images("cat", like=large)
name = large.classes[int(large.predict(cat)[0])].replace("_", " ")
print(f"the photo: {name}, one of {len(large.classes):,} classes")
pictures(large, cat, "cat")

trained = photo()  # VGG-16, for those who have its weights
if trained is not None:
    pictures(trained.model, trained.image, "photo")

# %% [markdown]
# ## Do filters specialise?
#
# The program that draws the birds knows which pixels belong to which part. So we can
# count. For each filter and each part, take the fraction of the map that lies on the
# part, divided by the fraction of the image that the part covers. This is 1 if the
# filter ignores the part. We choose the best filter for each part on some birds, and
# test it on others. (The best of 32 looks good by luck on the birds on which it was
# chosen.)
#
# Two lines of the code need a word. A map has 16 × 16 places, and an image 64 × 64
# pixels. So `reshape(n, 16, 4, 16, 4, 9)` splits the rows and the columns of each mask
# into 16 groups of 4, and the mean over the two axes of length 4 says how much of each
# part lies in each place. In `einsum("nhwk,nhwp->kp")` n counts the birds, h and w the
# places, k the filters and p the parts. It multiplies maps and masks, and sums over
# birds and places.


# %%
def times_chance(scenes):
    maps = mx.activations(model, scenes.images, layer=7).values.astype(float)
    masks = scenes.masks.reshape(len(scenes), 16, 4, 16, 4, 9).mean(axis=(2, 4))
    mass = np.einsum("nhwk,nhwp->kp", maps, masks) / maps.sum(axis=(0, 1, 2))[:, None]
    return mass / masks.mean(axis=(0, 1, 2))


some, others = (
    times_chance(birds.draw(48, seed=1)),
    times_chance(birds.draw(48, seed=2)),
)
best = some.argmax(axis=0)
print("part        best filter   times chance: on the birds where chosen, on others")
for p, part in enumerate((*birds.PARTS, "background")):
    print(f"{part:11} {best[p]:8} {some[best[p], p]:18.1f} {others[best[p], p]:12.1f}")
parts = {part: others[best[p], p] for p, part in enumerate(birds.PARTS)}
claim(
    "head, beak, eye and legs each have a filter that prefers them",
    min(parts[p] for p in ("head", "beak", "eye", "legs")) > 2.5,
)
second = np.sort(others[best[:8], :8], axis=1)[:, -2]
print("of these filters, times chance on the part that comes second:", second.round(1))
claim("but each of them prefers a second part too", second > 1.2)

# %% [markdown]
# The article makes the same observation: some filters respond to the beak, some to the
# landscape, some to the body. But read the table again. The same filter can be best for
# two parts, or best for one part and bright on three others.
#
# ## When it fails, and what it costs
#
# It costs one forward pass, and it cannot be wrong: the map *is* what the network
# computes. The conclusion can be wrong. **A bright map need not matter for the
# decision.** We ask why a redshank rather than a greenshank (the difference of the two
# scores). We switch off each filter by setting its weights to 0, and see how far the
# difference falls.

# %%
name = model.layers[7].name


def contrast(weights):
    scores = model(mx.Node(scenes.images), weights=weights).value
    return scores[:, 0] - scores[:, 1]


def without(k):
    keys = f"{name}/kernel", f"{name}/bias"
    return {key: np.where(np.arange(32) == k, 0, model.weights[key]) for key in keys}


effect = np.array([contrast({}) - contrast(without(k)) for k in range(32)]).mean(axis=1)
peaks = (
    mx.activations(model, scenes.images, layer=7).values.max(axis=(1, 2)).mean(axis=0)
)
brightest, strongest = peaks.argmax(), abs(effect).argmax()
for title, k in (("brightest", brightest), ("strongest", strongest)):
    print(f"{title}: filter {k:2}, peak {peaks[k]:.1f};", end=" ")
    print(f"the contrast falls by {effect[k]:.1f} without it")
correlation = spearmanr(peaks, abs(effect)).statistic
print(f"rank correlation of peak and effect, over 32 filters: {correlation:.2f}")
claim(
    "the brightest filter is not the one that matters most",
    abs(effect[strongest]) > 3 * abs(effect[brightest]),
)

# %% [markdown]
# ## Try it
#
# Choose a filter. You see its map, its peak, and what the contrast loses without it.
# Find a bright filter that does not matter, and one that matters although it is faint.

# %%
shown = found.values[0].astype(float)  # the maps of the first redshank


def one_filter(k):
    figure = Figure((5.6, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(scenes.images[0])
    left.set(xticks=[], yticks=[], title="redshank")
    right.imshow(shown[..., k], cmap="viridis", vmin=0, vmax=shown.max() / 2)
    right.set(xticks=[], yticks=[], title=f"filter {k}")
    table = {"peak on this bird": f"{shown[..., k].max():.1f}"}
    return figure, table | {"change of the contrast without it": f"{-effect[k]:+.1f}"}


choose = mx.plots.slider(
    one_filter,
    "filter",
    range(32),
    alt="a redshank and the activation map of one filter",
    start=int(brightest),
    strip=[int(brightest), int(strongest)],
)
save(choose, "filters")

# %% [markdown]
# - **"Bright means used."** See above. Look at peaks to find filters, and switch them
#   off to judge them.
# - **"One filter is one concept."** A filter is one weighted sum, of everything that
#   fits its weights.
# - **"It explains this class."** No class occurs in it. Lesson 13 weighs the maps by
#   their worth for one class.
#
# ## Exercises
#
# a) Write the kernel that responds to / as ours does to \, as three rows.
#
# b) An image has 64 × 64 pixels, and a kernel of 3 × 3 must lie inside it. How many
# places are there along a side?
#
# c) The next layer of VGG-16 also has 256 filters of 3 × 3, and reads 256 maps. How
# many weights and biases does it have?

# %%
mine_a = None  # [[., ., .], [., ., .], [., ., .]]
mine_b = None
mine_c = None

traps = {
    "that still finds \\: mirror it left to right": kernel,
    "it must say 0 where all pixels are equal": falling[::-1],
}
answer("a", mine_a, kernel[:, ::-1], traps)
traps = {
    "the border has no neighbours on one side": 64,
    "one place is lost on each side": 63,
}
answer("b", mine_b, len(by_minixai), traps)
traps = {
    "the biases are missing": 3 * 3 * 256 * 256,
    "each kernel reads all 256 maps": 3 * 3 * 256 + 256,
    "that is the layer before: this one reads 256 maps": 295_168,
}
answer("c", mine_c, sum(w.size for w in vgg.layers[8].layer.weights.values()), traps)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*:
#   the article that these lessons follow. It describes a kernel for this diagonal, but
#   does not print it.
# - Zeiler & Fergus 2014, *Visualizing and Understanding Convolutional Networks*, §4:
#   what filters of each layer find.
# - Simonyan & Zisserman 2015, *Very Deep Convolutional Networks for Large-Scale Image
#   Recognition*: VGG-16.
# - In minixai: `methods/maps.py`, `ops/convolution.py`.
