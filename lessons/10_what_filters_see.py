# %% [markdown]
# # 10. What filters see
#
# **Question.** A network that looks at pictures is made of *filters*. What does one of them find, and where?
#
# **Afterwards.** You can compute what a filter finds by hand, count its weights, look at all the filters of a layer,
# and test whether a bright one matters.
#
# **Minutes.** 20
#
# A *convolution* slides a small square of weights, the *kernel*, over a picture. At each place it multiplies every
# pixel under it by the weight that lies on it, and adds up: one number for each place, a new picture. Here is a kernel
# of 3 × 3 weights.
#
#      2  −1  −1
#     −1   2  −1
#     −1  −1   2
#
# **Predict before you run.** What is its sum on a bright line that runs like \, on one like /, on a level one, and on a
# patch where all pixels are alike? (Bright is 1, dark is 0.)

# %%
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import spearmanr

import minixai as mx
from minixai.datasets import birds
from minixai.lesson import answer, claim, photo, save

kernel = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]])

# %% [markdown]
# ## The method by hand


# %%
def convolve(picture, kernel):
    rows, columns = (
        picture.shape[0] - 2,
        picture.shape[1] - 2,
    )  # the kernel must lie within the picture
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
claim("it answers to \\ alone", list(sums.values()) == [6, 0, 0, 0])

# %% [markdown]
# The weights add up to 0, so where nothing changes it says nothing. It looks for one thing, the diagonal that falls to
# the right, and so it is an *edge detector*. (The article says of its kernel that it finds this diagonal; the kernel
# itself is missing there. This one does.) On a drawn \ and /, and on a bird made grey. The / leaves traces
# on both its sides: there a corner of the kernel, a 2, lies on a bright pixel, and nothing else does.

# %%
model = mx.load("shorebirds")
scenes = birds.draw(12, seed=3, species=["redshank"])
claim(
    "beside a long / it says 2, a third of what it says on \\",
    convolve(np.eye(20)[::-1], kernel).max() == 2,
)
drawing = np.maximum(np.eye(20), np.eye(20)[::-1])
grey = scenes.images[0].mean(axis=-1)
figure = Figure(figsize=(9, 4.6), layout="constrained")
axes = figure.subplots(2, 4)
for (a, b, c, d), picture in zip(axes, (drawing, grey), strict=True):
    both = [np.maximum(convolve(picture, k), 0) for k in (kernel, kernel[::-1])]
    for place, values, title in (
        (a, picture, "picture"),
        (b, both[0], "kernel for \\"),
        (c, both[1], "its mirror, /"),
    ):
        place.imshow(
            values, cmap="Greys_r" if title == "picture" else "viridis", vmin=0
        )
        place.set(title=title, xticks=[], yticks=[])
    d.imshow(kernel if picture is drawing else kernel[::-1], cmap="Greys_r")
    for i, j in np.ndindex(3, 3):
        w = (kernel if picture is drawing else kernel[::-1])[i, j]
        d.text(j, i, w, ha="center", va="center", color="black" if w > 0 else "white")
    d.set(
        title="the kernel" if picture is drawing else "the mirror", xticks=[], yticks=[]
    )
figure.supxlabel("bright: found here (what is negative is drawn as 0)")
save(figure, "diagonal")

# %% [markdown]
# ## The same in minixai

# %%
by_minixai = mx.ops.convolution(
    mx.Node(grey[None, :, :, None]), kernel[:, :, None, None]
).value[0, :, :, 0]
claim(
    "minixai's convolution is this loop",
    np.allclose(by_minixai, convolve(grey, kernel), atol=1e-5),
)
print(
    f"{grey.shape} became {by_minixai.shape}: no kernel fits around a pixel of the border"
)

# %% [markdown]
# A *layer* has many kernels, and each reads all the maps of the layer before: its weights are 3 × 3 × (maps before),
# and one more number, the bias, is added to the sum. Then comes relu. What comes out is called the filter's *activation
# map*. Nobody chooses the weights: they are learnt. *Pooling* keeps the largest of every 2 × 2 places, so that the next
# layer sees more of the picture. The article looks at layer 7 of VGG-16, a network for photos, and counts as the
# library Keras does, from the image, which is 0. In our bird network number 7 also begins the third block.

# %%
print("        VGG-16                                          our birds")
vgg = mx.zoo.vgg16(features_only=True)  # weights by chance: we look at its shape only


def about(entry):
    weights = sum(w.size for w in entry.layer.weights.values()) if entry.layer else 0
    return (
        f"{entry.name:13} {' × '.join(map(str, entry.shape)):15} {weights:9,} weights"
    )


for n in range(9):
    print(f"layer {n} {about(vgg.layers[n])}   {about(model.layers[n])}")
claim(
    "layer 7 of VGG-16 is the first convolution of its third block",
    vgg.layers[7].name == "block3_conv1",
)
weights = 3 * 3 * 128 * 256 + 256
claim(
    "3 × 3 × 128 weights for each of its 256 filters, and 256 biases: 295,168",
    weights == 295_168,
)
claim(
    "as many as it has",
    weights == sum(w.size for w in vgg.layers[7].layer.weights.values()),
)

# %% [markdown]
# Now send a redshank forward, stop at layer 7, and look: first at one filter, then at all of them, the one with the
# highest *peak* (its largest value) first. That is the article's advice for finding filters that are worth a look.

# %%


def pictures(model, image, name):
    """The first filter of layer 7, and all of them."""
    found = mx.activations(model, image, layer=7, rank="peak")
    first = mx.plots.filters(
        found.values[..., :1],
        image,
        sort=False,
        size=2.4,
        title=f"{name}: the first filter of layer 7",
    )
    save(first, f"first-filter-{name}")
    save(
        mx.plots.filters(found, image, title=f"{name}: layer 7"), f"all-filters-{name}"
    )
    return found


found = pictures(model, scenes.images[:1], "redshank")
asked = [mx.activations(model, scenes.images[:1], k, layer=7).values for k in (0, 1)]
claim("the maps are the same whatever class one asks about", np.array_equal(*asked))

trained = photo()
if trained is not None:
    pictures(trained.model, trained.image, "photo")

# %% [markdown]
# ## Do filters specialise?
#
# The program that draws the birds tells which pixels are which part. So we can count. How much of a filter's map lies
# on a part, divided by the part's share of the area: 1 if the filter does not care. We choose the best filter for each
# part on some birds, and test it on others. (The best of 32 looks good by luck on the birds it was chosen on.)


# %%
def times_chance(scenes):
    maps = mx.activations(model, scenes.images, layer=7).values.astype(float)
    masks = scenes.masks.reshape(len(scenes), 16, 4, 16, 4, 9).mean(
        axis=(2, 4)
    )  # 4 × 4 pixels are one place
    mass = np.einsum("nhwk,nhwp->kp", maps, masks) / maps.sum(axis=(0, 1, 2))[:, None]
    return mass / masks.mean(axis=(0, 1, 2))


some, others = (
    times_chance(birds.draw(48, seed=1)),
    times_chance(birds.draw(48, seed=2)),
)
best = some.argmax(axis=0)
print(
    "part        best filter   times chance: on the birds it was chosen on, on others"
)
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
# The article sees it too: some filters are for the beak, some for the landscape, some for the body. But read the table
# again: the same filter may be best for two parts, or best for one and bright on three others.
#
# ## When it fails, and what it costs
#
# It costs one pass forward, and it cannot be wrong: this *is* what the network computes. What can be wrong is what one
# concludes. **A bright map need not matter for the decision.** We ask why a redshank rather than a greenshank (the
# difference of the two scores), switch each filter off, by setting its weights to 0, and see how far that falls.

# %%
name = model.layers[7].name


def contrast(weights):
    scores = model(mx.Node(scenes.images), weights=weights).value
    return scores[:, 0] - scores[:, 1]


def without(k):
    return {
        f"{name}/{key}": np.where(np.arange(32) == k, 0, model.weights[f"{name}/{key}"])
        for key in ("kernel", "bias")
    }


effect = np.array([contrast({}) - contrast(without(k)) for k in range(32)]).mean(axis=1)
peaks = (
    mx.activations(model, scenes.images, layer=7).values.max(axis=(1, 2)).mean(axis=0)
)
brightest, strongest = peaks.argmax(), abs(effect).argmax()
for title, k in (("brightest", brightest), ("strongest", strongest)):
    print(
        f"{title}: filter {k:2}, peak {peaks[k]:.1f}, the contrast falls by {effect[k]:.1f} without it"
    )
print(
    f"rank correlation of peak and effect, over 32 filters: {spearmanr(peaks, abs(effect)).statistic:.2f}"
)
claim(
    "the brightest filter is not the one that matters most",
    abs(effect[strongest]) > 3 * abs(effect[brightest]),
)

# %% [markdown]
# - **"Bright is used."** See above. Look at peaks to find filters, switch them off to judge them.
# - **"One filter is one concept."** It is one sum, of everything that fits its weights.
# - **"It explains this class."** No class occurs in it. Lesson 13 weighs the maps by what they are worth to one.
#
# ## Exercises
#
# a) Write the kernel that answers to / as ours does to \, as three rows.
#
# b) A picture of 64 × 64, a kernel of 3 × 3 that must lie within it: how many places are there along a side?
#
# c) The next layer of VGG-16 has 256 filters too, each 3 × 3, and reads 256 maps. How many weights and biases has it?

# %%
mine_a = None  # [[., ., .], [., ., .], [., ., .]]
mine_b = None
mine_c = None

traps = {
    "that still finds \\: mirror it left to right": kernel,
    "it must say 0 where all is alike": falling[::-1],
}
answer("a", mine_a, kernel[:, ::-1], traps)
answer(
    "b",
    mine_b,
    len(by_minixai),
    {"the border has no neighbours on one side": 64, "one is lost on each side": 63},
)
traps = {
    "the biases are missing": 3 * 3 * 256 * 256,
    "each kernel reads all 256 maps": 3 * 3 * 256 + 256,
}
answer("c", mine_c, sum(w.size for w in vgg.layers[8].layer.weights.values()), traps)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*: the article that these lessons
#   follow.
# - Zeiler & Fergus 2014, *Visualizing and Understanding Convolutional Networks*, §4: what filters of each layer find.
# - Simonyan & Zisserman 2015, *Very Deep Convolutional Networks for Large-Scale Image Recognition*: VGG-16.
# - In minixai: `methods/maps.py`, `ops/convolution.py`.
