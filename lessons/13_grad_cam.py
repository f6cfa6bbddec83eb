# %% [markdown]
# # 13. Grad-CAM and its variants
#
# **Question.** Lesson 10 showed what filters find, whatever the class. Which of it speaks for *this* class, and where?
#
# **Afterwards.** You can compute a Grad-CAM by hand, tell its variants apart, know for which networks it can be proved
# right, and what an empty map means.
#
# **Minutes.** 25
#
# Take the maps of a layer, A1, A2, ...: one for each filter, a number for each place. Go back from the score of a class
# to that layer (lesson 2), beginning with 1 at this class and 0 at all others (a *one-hot* vector): that gives slopes
# G1, G2, ..., one for each number in the maps. *Grad-CAM* has three steps:
#
#     α_k = the mean of G_k over all places          what filter k is worth to the class
#     map = α_1 · A_1 + α_2 · A_2 + ...              the maps, added up by their worth
#     map = max(map, 0)                              relu: only what speaks for the class
#
# The article's text has all three, its formula leaves out the last. *Score* is the number before softmax makes
# probabilities of all scores (exercise b tells why).
#
# **Predict before you run.** Two filters, 2 × 2 places:
#
#     A1 =  1  2      A2 =  2  0      G1 =  1 −2      G2 =  1  1
#           0  3            1  1            3 −1           −1 −3
#
# What is each filter worth? At which places does the sum come out positive?

# %%
import numpy as np
from scipy.stats import spearmanr

import minixai as mx
from minixai.datasets import birds
from minixai.lesson import answer, claim, photo, save

A = np.array([[[1.0, 2.0], [0.0, 3.0]], [[2.0, 0.0], [1.0, 1.0]]])
G = np.array([[[1.0, -2.0], [3.0, -1.0]], [[1.0, 1.0], [-1.0, -3.0]]])

# %% [markdown]
# ## The method by hand


# %%
def added_up(maps, slopes):
    total = np.zeros(maps[0].shape)
    for a, g in zip(maps, slopes, strict=True):
        alpha = g.sum() / g.size
        total = total + alpha * a
    return total


def told(name, values):
    print(f"{name:38}", np.asarray(values).round(2).tolist())


told("what each filter is worth, α", [g.mean() for g in G])
told("added up", added_up(A, G))
told("with relu: Grad-CAM", np.maximum(added_up(A, G), 0))
claim(
    "the filters are worth 0.25 and −0.5",
    np.allclose(G.mean(axis=(1, 2)), [0.25, -0.5]),
)
claim("without relu half of the places are negative", (added_up(A, G) < 0).sum() == 2)

# %% [markdown]
# Two more recipes start from the same maps and slopes.
#
# - **HiResCAM** does not take the mean. It multiplies each number in a map by its own slope, and adds up the filters.
# - **The guided variant** of the article (that of the tool tf-explain) keeps only positive slopes, at places where the
#   map is positive, and takes their mean over all places; there is no relu at the end. No filter can then speak against
#   the class.


# %%
def high_resolution(maps, slopes):
    return sum(a * g for a, g in zip(maps, slopes, strict=True))


def guided(maps, slopes):
    return added_up(
        maps,
        [np.where((a > 0) & (g > 0), g, 0) for a, g in zip(maps, slopes, strict=True)],
    )


told("HiResCAM", high_resolution(A, G))
told("the guided variant", guided(A, G))
claim(
    "where HiResCAM is lowest, the guided variant is highest",
    high_resolution(A, G).argmin() == guided(A, G).argmax(),
)

# %% [markdown]
# ## The same in minixai
#
# A network whose slopes are G: the score f is the sum of G · A, number by number.

# %%


def network(node, slopes=G):
    return (node.named("maps") * np.moveaxis(slopes, 0, -1)).sum(
        axis=(1, 2, 3)
    )  # places first, filters last


maps = np.moveaxis(A, 0, -1)[None]
cam = mx.grad_cam(network, maps, layer="maps")
print(cam)
claim(
    "Grad-CAM is the same",
    np.allclose(cam.values[0, ..., 0], np.maximum(added_up(A, G), 0)),
)
claim(
    "so is HiResCAM",
    np.allclose(
        mx.hires_cam(network, maps, layer="maps").values[0, ..., 0],
        high_resolution(A, G),
    ),
)
tool = mx.grad_cam(network, maps, layer="maps", variant="tf-explain")
claim("and the tool's variant", np.allclose(tool.values[0, ..., 0], guided(A, G)))

# %% [markdown]
# ## Where it can be proved right
#
# Grad-CAM comes from *CAM* (class activation map), which needs a network of one shape: after the last convolution each
# map is replaced by its mean (*global average pooling*), and a dense layer makes the scores of the means m_k: score =
# w_1 · m_1 + w_2 · m_2 + ... + bias. The places of a map all have the same slope then, w_k divided by the number of
# places. So the mean takes nothing away, and the map adds up to the score, less its bias. CAM itself is
# w_1 · A1 + w_2 · A2 + ...: as many times larger as there are places.

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
for name, row in zip(
    ("score − bias", "map, before relu", "map, after relu"),
    (result.score - bias, *sums),
    strict=True,
):
    print(f"{name:16}", *(f"{v:7.2f}" for v in row[:6]))
claim(
    "before relu the map adds up to score − bias",
    np.allclose(sums[0], result.score - bias, atol=1e-3),
)
last = mx.activations(gap, scenes.images).values
cam = np.einsum(
    "nhwk,kn->nhw", last, gap.weights["scores/kernel"][:, target]
)  # for each bird n the sum of w_k · A_k
times = last.shape[1] * last.shape[2] * signed[..., 0]
claim(
    "CAM is the number of places times Grad-CAM",
    np.allclose(cam, times, atol=1e-3 * abs(cam).max()),
)
claim(
    "and HiResCAM is Grad-CAM",
    np.allclose(mx.hires_cam(gap, scenes.images, target).values, signed, atol=1e-4),
)

# %% [markdown]
# ## Where it goes wrong
#
# `shorebirds`, as VGG-16, has no such head. Its dense layer has a weight of its own for each place: legs are looked for
# below, and a beak above. The mean over places mixes them up. HiResCAM does not, and still adds up to score − bias (to
# the dense layer lead only maxima and weights, so that slope × activation misses nothing).
#
# What do the maps see? *Density* is how much of the map lies on the part by which the species differs from its partner
# (redshank and greenshank: the legs), divided by the part's area: 1 is chance. And how much does a map change if we ask
# about the partner instead? We compare the two by rank correlation (lesson 5): 1 is no change.

# %%
model = mx.load("shorebirds")
decisive = np.stack(
    [scenes.masks[i, ..., part] for i, part in enumerate(scenes.decisive)]
)
ways = {"Grad-CAM": (mx.grad_cam, {}), "HiResCAM": (mx.hires_cam, {})}
ways["guided variant"] = (mx.grad_cam, {"variant": "tf-explain"})
density, same = {}, {}
for name, (method, more) in ways.items():
    mine, other = (
        method(model, scenes.images, asked, **more) for asked in (target, partner)
    )
    first, second = (
        (r.extras["signed"] if name == "Grad-CAM" else r.values).reshape(24, -1)
        for r in (mine, other)
    )
    same[name] = np.array(
        [spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)]
    )
    weight = (
        abs(mine.values).repeat(4, axis=1).repeat(4, axis=2)[..., 0]
    )  # each place is 4 × 4 pixels
    empty = weight.sum(axis=(1, 2)) == 0
    share = (weight * decisive).sum(axis=(1, 2))[~empty] / weight.sum(axis=(1, 2))[
        ~empty
    ]
    density[name] = (share / decisive.mean(axis=(1, 2))[~empty]).mean()
    print(
        f"{name:15} density {density[name]:4.1f}, the two alike {same[name].mean():.2f}, maps all 0: {empty.sum()}"
    )
    if name == "Grad-CAM":
        claim(
            "some maps of the right class are empty: before relu, nothing in them was positive",
            empty.sum() > 0,
        )
    if name == "HiResCAM":
        rest = mine.score - model.weights["scores/bias"][target]
        claim(
            "HiResCAM adds up to score − bias",
            np.allclose(mine.values.sum(axis=(1, 2, 3)), rest, atol=1e-3),
        )
claim("HiResCAM is on the decisive part, far above chance", density["HiResCAM"] > 4)
claim("Grad-CAM is not", density["Grad-CAM"] < 2)
claim(
    "the guided variant lies there, too, but less densely",
    2 < density["guided variant"] < density["HiResCAM"] - 1,
)
claim(
    "the guided variant draws nearly one map for both, on each of 24 birds",
    same["guided variant"].min() > 0.85,
)
claim("HiResCAM draws two", same["HiResCAM"].mean() < 0.5)

# %% [markdown]
# An empty map is an answer: at every place the sum came out negative or 0, with weights that are *means*. Pictures say
# "all zero" then. And the guided variant? It lies on the decisive part, and better than Grad-CAM does: filters that see
# parts of birds are active there. But ask it why a redshank, and then why a greenshank. (The scales differ as much as
# the recipes do; compare the shapes.)

# %%
image = birds.draw(1, seed=3, species=["redshank"]).images
pairs = [
    (name, k, method(model, image, k, **more))
    for name, (method, more) in ways.items()
    for k in (0, 1)
]
titles = [name for name, *_ in pairs]
save(
    mx.plots.show(
        [r for *_, r in pairs],
        image,
        titles=titles,
        scale="result",
        classes=model.classes,
    ),
    "two-classes",
)

# %% [markdown]
# ## Guided Grad-CAM, and every layer
#
# The paper's *Guided Grad-CAM* is not the variant above, and the article gives the variant this name. *Guided backprop*
# goes back to the pixels, and at each relu lets through only what is positive. Guided Grad-CAM multiplies that by
# Grad-CAM, stretched to the size of the image. The variant is as coarse as its layer, Guided Grad-CAM has fine lines.
#
# The article shows every convolution of VGG-16: at the last one the body of the bird, before that finer details. Here
# are those of our network; with `--weights` (the line below tells how) you get VGG-16's as well. Look for the legs in
# each picture of Grad-CAM, and how they fare at the last convolution.


# %%
def pictures(model, image, name):
    convolutions = [
        entry.name
        for entry in model.layers
        if isinstance(entry.layer, mx.layers.Conv2D)
    ]
    target = model.predict(image)
    strips = (
        ("grad-cam", mx.grad_cam, {}),
        ("guided-variant", mx.grad_cam, {"variant": "tf-explain"}),
    )
    for title, method, more in (*strips, ("guided-grad-cam", mx.guided_grad_cam, {})):
        results = [
            method(model, image, target, layer=layer, **more) for layer in convolutions
        ]
        options = {"scale": "result", "percentile": 99.9, "classes": model.classes}
        save(
            mx.plots.show(results, image, title=f"{title}, {name}", **options),
            f"{title}-{name}",
        )


pictures(model, image, "redshank")
trained = photo()
if trained is not None:
    print("39 maps of VGG-16, about a minute")
    pictures(trained.model, trained.image, "photo")

# %% [markdown]
# ## When it fails, and what it costs
#
# One pass forward and one back, for each layer one asks about.
#
# - **"It is where the network looks."** It is where filters are active that are *on average* worth something to the
#   class. A place can be red that the score does not read at all (exercise c).
# - **"The relu is harmless."** It throws away what speaks against the class, and sometimes everything.
# - **"The overlay is that sharp."** Our last maps have 16 × 16 places and VGG-16's 14 × 14. The rest is stretching.
# - **"Guided is better."** The guided variant hardly asks about the class; lesson 14 tests such maps.
#
# ## Exercises
#
# a) Take −f, minus the score of the example by hand: all slopes in G1 and G2 change their sign. What is its Grad-CAM,
#    as two rows?
#
# b) Two classes, and p = 1 / (1 + exp(other − score)) is the probability of the first. Here p = 0.99. By which number
#    must one multiply a slope of the *score*, to get the slope of p? (The other class's score does not move. The number
#    tells how much of a map is left, where the network is sure, if one asks for the probability.)
#
# c) One filter, A = 1 at all of 2 × 2 places; the score reads the upper left place alone. With which weights, as two
#    rows, is Grad-CAM 2 at *every* place?

# %%
mine_a = None
mine_b = None
mine_c = None

opposite = added_up(A, -G)
traps = {
    "relu is missing": opposite,
    "that is the Grad-CAM of f": np.maximum(-opposite, 0),
}
answer("a", mine_a, np.maximum(opposite, 0), traps)
p = 0.99
traps = {
    "that is the probability itself": p,
    "times p, too": 1 - p,
    "that is the slope of the score itself": 1.0,
}
answer("b", mine_b, p * (1 - p), traps, tol=2e-5)
traps = {
    "its mean is 0.5": [[2, 0], [0, 0]],
    "this one reads every place": [[2, 2], [2, 2]],
}
answer("c", mine_c, [[8, 0], [0, 0]], traps)
built = np.array([[[8.0, 0.0], [0.0, 0.0]]])
unread = mx.grad_cam(
    lambda node: network(node, built), np.ones((1, 2, 2, 1)), layer="maps"
).values.ravel()[1:]
claim("Grad-CAM can be positive where no weight is", unread > 0)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*: the article that these lessons
#   follow.
# - Zhou, Khosla, Lapedriza, Oliva & Torralba 2016, *Learning Deep Features for Discriminative Localization*: CAM.
# - Selvaraju et al. 2017, *Grad-CAM*: eq. 1 and 2; §3.2 is Guided Grad-CAM.
# - Draelos & Carin 2020, *Use HiResCAM instead of Grad-CAM for faithful explanations*.
# - tf-explain, issue 146 on GitHub: the same map for every class.
# - In minixai: `methods/grad_cam.py`, `methods/compat.py`.
