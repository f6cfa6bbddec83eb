# %% [markdown]
# # 9. DeepExplainer: DeepLIFT from many baselines
#
# **Question.** Lesson 8 compared with many baselines, by lot. DeepLIFT needs no lots (lesson 6). What if it is asked
# for every baseline of the background, and the answers are averaged?
#
# **Afterwards.** You can say what has to be averaged so that the parts add up, what more baselines make better, and
# what they do not.
#
# **Minutes.** 20
#
# The shap library calls this DeepExplainer; in papers it is DeepSHAP. The article describes it so: the values are
# estimated by averaging the *slopes* between the input and the different references. Take the network of lesson 1 at
# (1, 0.25), where y = 1, and two references, (0, 0) with y = 0, and (1, 1) with y = 1. On average the references have
# y = 0.5, so there is 0.5 to explain.
#
# **Predict before you run.** The slopes (DeepLIFT's multipliers) from the two are 0.8 and 0, for both inputs. Does the
# mean slope, times the mean difference of each input from its references, add up to 0.5?

# %%
import time

import numpy as np

import minixai as mx
from minixai.datasets import birds
from minixai.lesson import answer, claim, save


def y(points):
    return 1 - np.maximum(1 - points.sum(axis=-1), 0)


# %% [markdown]
# ## The method by hand
#
# Lesson 6's walk, for all references at once: one multiplier from each. (There s = i1 + i2, z = 1 − s, h = relu(z) and
# y = 1 − h.)


# %%
def multipliers(x, references):
    z, z0 = 1 - x.sum(), 1 - references.sum(axis=1)
    return (np.maximum(z, 0) - np.maximum(z0, 0)) / (
        z - z0
    )  # Δh/Δz; z = 1 − s and y = 1 − h bring −1 · −1 = 1


x, references = np.array([1.0, 0.25]), np.array([[0.0, 0.0], [1.0, 1.0]])
m = multipliers(x, references)
contributions = m[:, None] * (x - references)
for reference, slope, parts in zip(references, m, contributions, strict=True):
    print(
        f"from {reference}: m = {slope:.2f}, i1 brings {parts[0]:+.2f}, i2 brings {parts[1]:+.2f}"
    )
of_slopes = m.mean() * (x - references).mean(axis=0)
of_contributions = contributions.mean(axis=0)
for name, (i1, i2) in (
    ("mean slope × mean difference", of_slopes),
    ("mean of the contributions", of_contributions),
):
    print(f"{name:30} {i1:+.2f} {i2:+.2f}   sum {i1 + i2:.2f}")
to_explain = y(x) - y(references).mean()
print(f"to explain {to_explain:34.2f} (the mean slope is {m.mean():.2f})")

# %% [markdown]
# The mean slope is 0.40, but the large slope belongs to the large difference: one must multiply first, and average
# then. The slip in the article is a small one, and the difference it makes is not: 0.10 in place of 0.50, and i2 even
# changes its sign.

# %%
claim(
    "the mean of the contributions adds up",
    np.isclose(of_contributions.sum(), to_explain),
)
claim(
    "the mean slope times the mean difference does not",
    abs(of_slopes.sum() - to_explain) > 0.3,
)
claim("and gives i2 the wrong sign", of_slopes[1] < 0 < of_contributions[1])

# %% [markdown]
# ## The same in minixai
#
# *At baseline* now is the mean of y over the references. (`pool` says what is done at a maximum, lesson 6; there is
# none here.)

# %%
result = mx.deep_shap(mx.toys.saturation, [x], background=references)
print(result)
claim("minixai finds the same", np.allclose(result.values[0], of_contributions))
explainer = mx.DeepExplainer(
    mx.toys.saturation, references
)  # as those know it who come from shap
print(
    f"expected_value {explainer.expected_value[0]:.2f}: the mean of y over the references"
)
claim(
    "and so does DeepExplainer",
    np.allclose(explainer.shap_values([x])[0, :, 0], of_contributions),
)

# %% [markdown]
# What do more references improve? Each DeepLIFT adds up, so their mean does, for one reference as for a hundred: there
# is no gap, and no standard error of the gap. (Expected gradients add up in the long run only.) But *which* references
# were taken matters. Suppose they are a sample of all points of the square. We take k of them, look what i1 gets, and
# repeat that many times: how far do the answers spread?

# %%
rng = np.random.default_rng(0)
spread, gap = {}, {}
for k in (1, 5, 20, 100):
    samples = rng.random((2000, k, 2))
    brought = np.stack(
        [(multipliers(x, some)[:, None] * (x - some)).mean(axis=0) for some in samples]
    )
    gap[k] = abs(brought.sum(axis=1) - (y(x) - y(samples).mean(axis=1))).max()
    spread[k] = brought[:, 0].std()
    cost = mx.deep_shap(mx.toys.saturation, [x], background=samples[0]).cost
    drawn = mx.expected_gradients(
        mx.toys.saturation, [x], background=samples[0], samples=max(k, 2)
    )  # at least two
    print(
        f"k = {k:3}: i1 gets {brought[:, 0].mean():.3f}, spread {spread[k]:.4f}, times √k {spread[k] * np.sqrt(k):.2f}"
    )
    print(
        f"  gap at most {gap[k]:.0e} (expected gradients, {max(k, 2)} draws: {abs(drawn.gap[0]):.2f}); {cost}"
    )
claim("it adds up for every k, to rounding", max(gap.values()) < 1e-12)
steady = np.array([spread[k] * np.sqrt(k) for k in spread])
claim("the spread falls as 1/√k", np.allclose(steady / steady.mean(), 1, atol=0.15))
claim(
    "100 references cost 100 rows back, and 2 · (100 + 1) forward",
    cost == (2 * (100 + 1), 100),
)

# %% [markdown]
# (Forward, the references and the point itself go twice: once for their scores, once for the walk back.)
#
# So "more references are more precise" means: closer to the mean over all images that the references stand for. Not
# closer to Shapley values. Take min(1, 2), and one reference, (0, 0), or a hundred times the same:

# %%
for k in (1, 100):
    deep = mx.deep_shap(
        mx.toys.minimum, [[1.0, 2.0]], background=np.zeros((k, 2))
    ).values[0]
    fair = mx.shapley_values(
        mx.toys.minimum, [[1.0, 2.0]], background=np.zeros((k, 2))
    ).values[0]
    print(f"min(1, 2), {k:3} references: DeepSHAP {deep}, Shapley {fair}")
claim("DeepSHAP is not the Shapley value", abs(deep - fair).max() > 0.4)

# %% [markdown]
# ## Birds
#
# Two redshanks, against birds of all species: DeepLIFT from each of 100 of them, and the mean over the first k. We look
# at the contrast of redshank and greenshank, and what of it comes to lie on the legs. And we compare with lesson 8's
# expected gradients from the same hundred, 200 draws, by *correlation*: 1 if two maps are the same up to a factor, 0 if
# they have nothing in common.

# %%
model, others = mx.load("shorebirds"), birds.draw(100, seed=11)
background, scenes = others.images, birds.draw(2, seed=3, species=["redshank"])
redshank, greenshank = (
    birds.CLASSES.index("redshank"),
    birds.CLASSES.index("greenshank"),
)
asked = {
    "target": redshank,
    "versus": greenshank,
    "batch": 16,
}  # 16 rows at a time: they fit into the cache
legs = scenes.masks[..., birds.PARTS.index("legs")]
alike, gaps, strips = np.zeros((2, 4)), [], []
for n, image in enumerate(scenes.images[:, None]):
    lots = mx.expected_gradients(
        model, image, **asked, background=background, samples=200
    )
    start = time.perf_counter()
    rows = np.repeat(
        image, len(background), axis=0
    )  # the same bird a hundred times, each with its own baseline
    each = mx.deep_lift(model, rows, **asked, baseline=background)
    gaps.append(abs(each.gap).max() / lots.gap_standard_error[0])
    seconds = time.perf_counter() - start
    print(
        f"bird {n + 1}: 100 references in {seconds:.1f} s, largest gap {abs(each.gap).max():.0e};",
        end=" ",
    )
    print(
        f"200 draws have a gap of {lots.gap[0]:.1f} ± {lots.gap_standard_error[0]:.1f}"
    )
    on_legs = (each.values.sum(axis=-1) * legs[n]).sum(axis=(1, 2))
    strips.append(
        [each.values[:k].mean(axis=0) for k in (1, 5, 20, 100)] + [lots.values[0]]
    )
    for column, k in enumerate((1, 5, 20, 100)):
        groups = on_legs.reshape(-1, k).mean(
            axis=1
        )  # all that can be made of the hundred, without overlap
        alike[n, column] = np.corrcoef(strips[n][column].ravel(), lots.values.ravel())[
            0, 1
        ]
        spread = (
            f"{groups.min():.1f} to {groups.max():.1f}"
            if k < 100
            else f"{groups[0]:.1f}"
        )
        print(
            f"  k = {k:3}: legs {spread:13} correlation with lesson 8: {alike[n, column]:.2f}"
        )
claim(
    "from each reference it adds up, a thousand times better than 200 draws",
    max(gaps) < 1e-3,
)
claim(
    "with more references the map comes nearer to that of lesson 8",
    np.all(alike[:, 3] > alike[:, 0]),
)
claim("and with a hundred the two are alike", alike[:, 3].min() > 0.8)
foot = others.masks[0, ..., birds.PARTS.index("legs")] * (
    legs == 0
)  # the first reference's legs, where ours are not
traces = np.array(
    [[(abs(m.sum(axis=-1)) * foot[n]).sum() for m in strips[n][:4]] for n in (0, 1)]
)
claim(
    "of the first reference's legs less than a fifth is left with a hundred",
    traces[:, 3] < traces[:, 0] / 5,
)
titles = ["1 reference", "5", "20", "100", "lesson 8, 200 draws"]
columns = [np.stack(maps) for maps in zip(*strips, strict=True)]
save(
    mx.plots.show(
        columns, scenes.images, titles=titles, scale="shared", percentile=99.9
    ),
    "more-references",
)

# %% [markdown]
# Look at the spot on the ground in the first column. That is where the one reference, a greenshank, has *its* foot. The
# more references, the fainter what each of them leaves behind.
#
# And the picture of lesson 8 once more, by DeepSHAP with 20 references: what raises and what lowers the score of two
# classes, by pixels and by the cells of a hidden layer (pool2: each of its cells stands for 4 × 4 pixels). Both scores
# owe something to the bird's back and breast; see what the legs do for each.

# %%
pictures = [
    mx.deep_shap(model, scenes.images[:1], k, background=background[:20], layer=layer)
    for layer in (None, "pool2")
    for k in (redshank, greenshank)
]
names = {redshank: "redshank", greenshank: "greenshank"}
save(
    mx.plots.show(
        pictures, scenes.images[:1], classes=names, percentile=99.9, overlay=True
    ),
    "two-classes",
)
on_legs = [(one.values[0].sum(axis=-1) * legs[0]).sum() for one in pictures[:2]]
print(
    f"the legs bring the redshank's score {on_legs[0]:.1f}, the greenshank's {on_legs[1]:.1f}"
)
claim("they bring the redshank's more than twice as much", on_legs[0] > 2 * on_legs[1])
claim(
    "all four add up",
    all(abs(one.gap[0]) < 1e-4 * abs(one.score[0]) for one in pictures),
)

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Cost.** One pass back and two forward for each reference: twice as many take twice as long.
# - **"It is the exact SHAP value."** min(1, 2) refutes it. It is a mean of DeepLIFTs; the name says what it was meant
#   to approximate.
# - **"More references are better."** They make the answer to one question steadier. Which question that is, the kind
#   of references decides (exercise b).
# - **Networks that are not what the code thinks.** Some implementations note at each relu what came in. If the same
#   relu is used twice, they remember only the last (exercise c). The sum would tell; so check the gap.
#
# ## Exercises
#
# a) References (0, 0), (1, 1) and (0.25, 0.25): what is y on average over them (the expected value)?
#
# b) All references are redshanks, and so is the image. What does the map show? "a": what makes a bird of it; "b": what
#    is special about this redshank; "c": why it is no greenshank.
#
# c) y = relu(relu(x) − 2) at x = 5, from the baseline 0. Both relus are one object. It remembers only its last use,
#    where its input went from −2 to 3 and its output from 0 to 3, and takes that Δy/Δx both times. What does x bring?

# %%
mine_a = None
mine_b = None  # "a", "b" or "c"
mine_c = None

three = np.array([[0.0, 0.0], [1.0, 1.0], [0.25, 0.25]])
traps = {
    "that is y of the mean reference": y(three.mean(axis=0)),
    "0.25 + 0.25 is 0.5": (0 + 1 + 0.25) / 3,
}
answer("a", mine_a, y(three).mean(), traps)
traps = {
    "all references are birds too: that cancels": "a",
    "no reference is a greenshank": "c",
}
answer("b", mine_b, "b", traps)
(truth,) = mx.deep_lift(
    lambda node: mx.ops.relu(mx.ops.relu(node) - 2).sum(axis=1), [[5.0]], baseline=0.0
).values[0]
last = (3 - 0) / (3 - -2)
traps = {
    "that is right, and adds up: but what does the object say?": truth,
    "that is what is lost": truth - last**2 * 5,
}
answer("c", mine_c, last**2 * 5, traps)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*: the article that these lessons
#   follow.
# - Lundberg & Lee 2017, *A Unified Approach to Interpreting Model Predictions*, §4.2: Deep SHAP.
# - Chen, Lundberg & Lee 2022, *Explaining a series of models by propagating Shapley values*: why one averages over
#   single references, and does not take their mean as the reference.
# - In minixai: `methods/deep_shap.py`, `methods/explainers.py`.
