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
# to a bright line that falls to the right. (A kernel with positive weights on one side
# and negative ones on the other responds to a border between bright and dark. It is
# called an *edge detector*.) The figure shows its response to a drawn \ and /, and to a
# bird in grey. The / leaves traces on both sides: there one corner of the kernel, a 2,
# lies on a bright pixel, and no other weight does.

# %%
model = mx.load("shorebirds")
scenes = birds.draw(12, seed=3, species=["redshank"])
grey = scenes.images[0].mean(axis=-1)
beside = convolve(np.eye(20)[::-1], kernel).max()
claim("beside a long / it says 2, a third of what it says on \\", beside == 2)

# %%
# Drawing: what the kernel and its mirror image find in two images
drawing = np.maximum(np.eye(20), np.eye(20)[::-1])
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
padded = convolve(np.pad(grey, 1), kernel)
print(f"{grey.shape} became {by_minixai.shape}: the border has no place;")
print(f"with a border of zeros around it, it becomes {padded.shape}")
claim("with padding the size stays the same", padded.shape == grey.shape)
claim(
    "and inside nothing changes",
    np.allclose(padded[1:-1, 1:-1], convolve(grey, kernel)),
)

# %% [markdown]
# Our kernel must lie inside the image, so a row or column is lost on each side. Most
# networks avoid this by *padding*: they first add a border of zeros around what they
# read. Then the result is as large as the image. Both networks below do so.
#
# A convolutional *layer* has many kernels, and each of them reads all that the layer
# before has found: one picture for each of its kernels. So a kernel has 3 × 3 × (number
# of kernels before) weights, and one more number, the bias, is added to the sum. A relu
# follows. The result is the *activation map* of the filter. Nobody chooses the weights;
# they are learnt.
#
# The article that these lessons follow (see the end of this page) looks at layer 7 of
# VGG-16, a network for photos. It counts as the library Keras does: the image is
# layer 0. In our bird network number 7 also begins the third block.

# %%
print("name, rows × columns × filters, and how many weights and biases it has learnt:")
print("        VGG-16                                          our birds")
vgg = mx.zoo.vgg16(features_only=True)  # with random weights: we need its shape only


def about(entry):
    learnt = sum(w.size for w in entry.layer.weights.values()) if entry.layer else 0
    return f"{entry.name:13} {' × '.join(map(str, entry.shape)):15} {learnt:9,} numbers"


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
# then at the 24 with the highest *peak* (the largest value). Then we do the same with a
# photo of a cat. It is read by EfficientNet-Lite0, a network that knows the 1,000
# classes of ImageNet and comes with minixai. (Its relus are cut off at 6, so many of
# its peaks are 6. Its layer 7 has 144 filters.) Every activation map is drawn on a
# scale of its own. So compare the peaks, which stand below the maps, and not the
# colours.

# %%


def pictures(model, image, name):
    """The first filter of layer 7, and the 24 with the highest peaks."""
    found = mx.activations(model, image, layer=7, rank="peak")
    title = f"{name}: the first filter of layer 7"
    how = {"title": title, "sort": False, "size": 2.4}
    first = mx.plots.feature_maps(found.values[..., :1], image, **how)
    save(first, f"first-filter-{name}")
    title = f"{name}: layer 7 ({model.layers[7].name})"
    print(f"{title} has {found.values.shape[-1]} filters")
    how = {"title": title, "count": 24, "columns": 6, "size": 1.05}
    save(mx.plots.feature_maps(found, image, **how), f"all-filters-{name}")
    return found


found = pictures(model, scenes.images[:1], "redshank")
both = [mx.activations(model, scenes.images[:1], k, layer=7).values for k in (0, 1)]
claim("the activation maps are the same for every class", np.array_equal(*both))

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
# count. For each filter and each part, take the fraction of its activation map that
# lies on the part, divided by the fraction of the image that the part covers. This is 1
# if the filter ignores the part. We choose the best filter for each part on some birds,
# and test it on others. (The best of 32 may look good by luck on the birds on which it
# was chosen. So only the numbers on the other birds count. They may be lower or
# higher.)
#
# Two lines of the code need a word. An activation map has 16 × 16 places, and an image
# 64 × 64 pixels. So `reshape(n, 16, 4, 16, 4, 9)` splits the rows and the columns of
# each mask into 16 groups of 4, and the mean over the two axes of length 4 says how
# much of each part lies in each place. In `einsum("nhwk,nhwp->kp")` n counts the birds,
# h and w the places, k the filters and p the parts. It multiplies maps and masks, and
# sums over birds and places.


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
same = best[[birds.PARTS.index(part) for part in ("body", "breast", "wing")]]
claim("one filter is the best for body, breast and wing", np.ptp(same) == 0)
second = np.sort(others[best[:8], :8], axis=1)[:, -2]
print("of these filters, times chance on the part that comes second:", second.round(1))
claim("but each of them prefers a second part too", second > 1.2)

# %% [markdown]
# The article makes the same observation: some filters respond to the beak, some to the
# landscape, some to the body. But read the table again. The same filter can be best for
# three parts, as filter 7 is for body, breast and wing. And each of these filters is
# bright on a second part, too.
#
# ## Does a bright filter matter?
#
# An activation map cannot be wrong: it *is* what the network computes. The conclusion
# can be wrong. **A bright filter need not matter for the decision.** We ask why twelve
# redshanks are redshanks rather than greenshanks (the *contrast*, the difference of the
# two scores). We switch off each filter by setting its weights to 0, and see how far
# the contrast falls on average.

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
    print(f"without it the contrast changes by {-effect[k]:+.1f}")
correlation = spearmanr(peaks, abs(effect)).statistic
print(f"rank correlation of peak and effect, over 32 filters: {correlation:.2f}")
claim(
    "the brightest filter is not the one that matters most",
    abs(effect[strongest]) > 3 * abs(effect[brightest]),
)

# %% [markdown]
# The brightest filter hardly matters. Over all 32 filters, peak and effect do go
# together to some degree: their rank correlation (lesson 5) is 0.58. A high peak is a
# hint, and no proof.
#
# ## Try it
#
# Choose a filter. You see its activation map and its peak on one bird, and how the
# contrast of the twelve birds changes without it. Find bright filters that do not
# matter. Are there faint ones that do?

# %%
# Drawing: a bird, and the activation map of one filter
shown = found.values[0].astype(float)  # of the first redshank


def one_filter(k):
    figure = Figure((5.6, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(scenes.images[0])
    left.set(xticks=[], yticks=[], title="redshank")
    right.imshow(shown[..., k], cmap="viridis", vmin=0, vmax=shown.max() / 2)
    right.set(xticks=[], yticks=[], title=f"filter {k}")
    table = {"peak on this bird": f"{shown[..., k].max():.1f}"}
    change = {"change of the contrast without it, mean of 12": f"{-effect[k]:+.1f}"}
    return figure, table | change


choose = mx.plots.slider(
    one_filter,
    "filter",
    range(32),
    alt="a redshank and the activation map of one filter",
    start=int(brightest),
    strip=[int(brightest), int(strongest)],
)
save(choose, "filters")
top = np.argsort(-peaks)[:8]  # the eight brightest
idle = top[abs(effect[top]) < 0.5]
faint = abs(effect[peaks < np.median(peaks)]).max()
print("of the 8 brightest filters these hardly matter:", *sorted(idle.tolist()))
print(
    f"without a filter of the fainter half, the contrast changes by {faint:.1f} at most"
)
claim("there are bright filters that hardly matter", len(idle) > 1)
claim("no filter of the fainter half matters much", faint < 1)

# %% [markdown]
# ## When it fails, and what it costs
#
# It costs one forward pass, and one more for each filter that you switch off.
#
# - **"Bright means used."** Of the eight brightest filters here, three hardly matter.
#   (No faint filter matters much in this layer.) Look at peaks to find filters, and
#   switch them off to judge them.
# - **"One filter is one concept."** A filter is one weighted sum, of everything that
#   fits its weights.
# - **"It explains this class."** No class occurs in it. Lesson 13 weighs the activation
#   maps by their worth for one class.
#
# ## Exercises
#
# a) Write the kernel that responds to / as ours does to \, as three rows.
#
# b) An image has 64 × 64 pixels, and a kernel of 3 × 3 must lie inside it (there is no
# padding). How many places are there along a side?
#
# c) The next layer of VGG-16 also has 256 filters of 3 × 3, and reads the 256
# activation maps of this one. How many weights and biases does it have?

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
    "that is with padding": 64,
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
