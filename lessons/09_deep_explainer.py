# %% [markdown]
# # 9. DeepExplainer: DeepLIFT from many baselines
#
# **Question.** Lesson 8 compared an image with many baselines by random sampling.
# DeepLIFT needs no sampling (lesson 6). What if we apply it to every baseline of the
# background, and average the answers?
#
# **Afterwards.** You can say what must be averaged so that the contributions add up,
# what more baselines improve, and what they do not improve.
#
# **Minutes.** 20
#
# The shap library calls this DeepExplainer; the papers call it DeepSHAP. The papers and
# the library call a baseline a "reference"; we stay with baseline. A common description
# says: average the multipliers from the different baselines. Take the network of lesson
# 1 at (1, 0.25), where y = 1, and two baselines: (0, 0) with y = 0, and (1, 1) with
# y = 1. The mean of y over the baselines is 0.5, so there is 0.5 to explain.
#
# **Predict before you run.** DeepLIFT's multipliers from the two baselines are 0.8 and
# 0, for both inputs. Does the mean multiplier, times the mean difference of each input
# from its baselines, add up to 0.5?

# %%
import time

import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.datasets import birds
from minixai.lesson import answer, claim, save


def y(points):
    return 1 - np.maximum(1 - points.sum(axis=-1), 0)


# %% [markdown]
# ## The method by hand
#
# This is the backward pass of lesson 6, for all baselines at once: one multiplier from
# each. (Remember s = i1 + i2, z = 1 − s, h = relu(z) and y = 1 − h.)


# %%
def multipliers(x, baselines):
    z, z0 = 1 - x.sum(), 1 - baselines.sum(axis=1)
    # Δh/Δz; the two minus signs of z = 1 − s and y = 1 − h cancel
    return (np.maximum(z, 0) - np.maximum(z0, 0)) / (z - z0)


x, baselines = np.array([1.0, 0.25]), np.array([[0.0, 0.0], [1.0, 1.0]])
m = multipliers(x, baselines)
contributions = m[:, None] * (x - baselines)
for baseline, multiplier, parts in zip(baselines, m, contributions, strict=True):
    print(
        f"from {baseline}: m = {multiplier:.2f}, i1 {parts[0]:+.2f}, i2 {parts[1]:+.2f}"
    )
of_multipliers = m.mean() * (x - baselines).mean(axis=0)
of_contributions = contributions.mean(axis=0)
recipes = {"mean multiplier × mean difference": of_multipliers}
recipes["mean of the contributions"] = of_contributions
for name, (i1, i2) in recipes.items():
    print(f"{name:34} {i1:+.2f} {i2:+.2f}   sum {i1 + i2:.2f}")
to_explain = y(x) - y(baselines).mean()
print(f"to explain {to_explain:.2f} (the mean multiplier is {m.mean():.2f})")

# %% [markdown]
# The mean multiplier is 0.40, but the large multiplier belongs to the large difference.
# So multiply first, and average afterwards. The wrong order is a small slip with a
# large effect: it gives 0.10 instead of 0.50, and even the sign of i2 is wrong.

# %%
claim(
    "the mean of the contributions adds up",
    np.isclose(of_contributions.sum(), to_explain),
)
claim(
    "the mean multiplier times the mean difference does not",
    abs(of_multipliers.sum() - to_explain) > 0.3,
)
claim("and gives i2 the wrong sign", of_multipliers[1] < 0 < of_contributions[1])

# %% [markdown]
# ## The same in minixai
#
# *At baseline* is now the mean of y over the baselines. (`pool` says what happens at a
# maximum, lesson 6. There is none here.)

# %%
result = mx.deep_shap(mx.toys.saturation, [x], background=baselines)
print(result)
claim("minixai finds the same", np.allclose(result.values[0], of_contributions))
explainer = mx.DeepExplainer(mx.toys.saturation, baselines)  # the interface of shap
print(f"expected_value {explainer.expected_value[0]:.2f}: the mean of y over baselines")
claim(
    "and so does DeepExplainer",
    np.allclose(explainer.shap_values([x])[0, :, 0], of_contributions),
)

# %% [markdown]
# What do more baselines improve? Each DeepLIFT adds up, so their mean adds up, too, for
# one baseline as well as for a hundred. There is no gap, and the gap has no standard
# error. (Expected gradients add up only in the limit of many draws.) But it matters
# *which* baselines you take. Suppose that they are a random sample of all points of the
# square. We take k of them, note what i1 gets, and repeat this many times. How much do
# the answers vary?

# %%
rng = np.random.default_rng(0)
spread, gap = {}, {}
for k in (1, 5, 20, 100):
    samples = rng.random((2000, k, 2))
    shares = np.stack(
        [(multipliers(x, some)[:, None] * (x - some)).mean(axis=0) for some in samples]
    )
    gap[k] = abs(shares.sum(axis=1) - (y(x) - y(samples).mean(axis=1))).max()
    spread[k] = shares[:, 0].std()
    cost = mx.deep_shap(mx.toys.saturation, [x], background=samples[0]).cost
    mean = shares[:, 0].mean()
    print(f"k = {k:3}: i1 gets {mean:.3f}, spread {spread[k]:.4f},", end=" ")
    print(f"times √k {spread[k] * np.sqrt(k):.2f}; gap at most {gap[k]:.0e}; {cost}")
claim("it adds up for every k, to rounding", max(gap.values()) < 1e-12)
steady = np.array([spread[k] * np.sqrt(k) for k in spread])
claim("the spread falls as 1/√k", np.allclose(steady / steady.mean(), 1, atol=0.15))
claim(
    "100 baselines cost 100 rows back, and 2 · (100 + 1) forward",
    cost == (2 * (100 + 1), 100),
)

# %% [markdown]
# (On the way forward, the baselines and the point itself go through the network twice:
# once for their scores, and once for the backward pass.)
#
# So "more baselines are more precise" means: the answer is closer to the mean over all
# images that the baselines represent. It does not mean: closer to Shapley values. Take
# min(1, 2), and either one baseline, (0, 0), or a hundred copies of it.

# %%
for k in (1, 100):
    point, zeros = [[1.0, 2.0]], np.zeros((k, 2))
    deep = mx.deep_shap(mx.toys.minimum, point, background=zeros).values[0]
    fair = mx.shapley_values(mx.toys.minimum, point, background=zeros).values[0]
    print(f"min(1, 2), {k:3} baselines: DeepSHAP {deep}, Shapley {fair}")
claim("DeepSHAP is not the Shapley value", abs(deep - fair).max() > 0.4)

# %% [markdown]
# ## Birds
#
# We explain two redshanks against birds of all species: DeepLIFT from each of 100
# birds, and the mean over the first k. We look at the contrast of redshank and
# greenshank, and at the share of the legs. And we compare with the expected gradients
# of lesson 8 from the same hundred birds, with 200 draws. *Correlation* is 1 if two
# maps are the same up to a positive factor and a constant, and 0 if they are unrelated.

# %%
model, others = mx.load("shorebirds"), birds.draw(100, seed=11)
background, scenes = others.images, birds.draw(2, seed=3, species=["redshank"])
redshank, greenshank = (
    birds.CLASSES.index("redshank"),
    birds.CLASSES.index("greenshank"),
)
how = {"target": redshank, "versus": greenshank, "batch": 16}
legs = scenes.masks[..., birds.PARTS.index("legs")]
alike, gaps, strips, from_each = np.zeros((2, 4)), [], [], []
for n, image in enumerate(scenes.images[:, None]):
    sampled = mx.expected_gradients(
        model, image, **how, background=background, samples=200
    )
    start = time.perf_counter()
    rows = np.repeat(
        image, 100, axis=0
    )  # the same bird, each row with its own baseline
    each = mx.deep_lift(model, rows, **how, baseline=background)
    from_each.append(each.values)
    gaps.append(abs(each.gap).max() / sampled.gap_standard_error[0])
    seconds = time.perf_counter() - start
    print(f"bird {n + 1}: 100 baselines in {seconds:.1f} s,", end=" ")
    print(f"largest gap {abs(each.gap).max():.0e};", end=" ")
    print(f"200 draws: {sampled.gap[0]:.1f} ± {sampled.gap_standard_error[0]:.1f}")
    on_legs = (each.values.sum(axis=-1) * legs[n]).sum(axis=(1, 2))
    means = [each.values[:k].mean(axis=0) for k in (1, 5, 20, 100)]
    strips.append([*means, sampled.values[0]])
    for column, k in enumerate((1, 5, 20, 100)):
        groups = on_legs.reshape(-1, k).mean(axis=1)  # groups of k, without overlap
        pair = strips[n][column].ravel(), sampled.values.ravel()
        alike[n, column] = np.corrcoef(*pair)[0, 1]
        spread = (
            f"{groups.min():.1f} to {groups.max():.1f}"
            if k < 100
            else f"{groups[0]:.1f}"
        )
        print(f"  k = {k:3}: legs {spread:13} correlation {alike[n, column]:.2f}")
claim(
    "from each baseline it adds up, a thousand times better than 200 draws",
    max(gaps) < 1e-3,
)
claim(
    "with more baselines the map comes closer to that of lesson 8",
    np.all(alike[:, 3] > alike[:, 0]),
)
claim("and with a hundred the two are alike", alike[:, 3].min() > 0.8)
# the legs of the first baseline, where our birds have none
foot = others.masks[0, ..., birds.PARTS.index("legs")] * (legs == 0)
traces = np.array(
    [[(abs(m.sum(axis=-1)) * foot[n]).sum() for m in strips[n][:4]] for n in (0, 1)]
)
claim(
    "with a hundred baselines less than a fifth of the first one's legs is left",
    traces[:, 3] < traces[:, 0] / 5,
)
titles = ["1 baseline", "5", "20", "100", "lesson 8, 200 draws"]
columns = [np.stack(maps) for maps in zip(*strips, strict=True)]
how_shown = {"titles": titles, "scale": "shared", "percentile": 99.9, "size": 1.5}
how_shown |= {"overlay": True, "columns": 4}
save(mx.plots.show(columns, scenes.images, **how_shown), "more-baselines")

# %% [markdown]
# Look at the spot on the ground in the first column. This is where the single baseline,
# a greenshank, has *its* foot. The map is coloured there because our bird has no green
# foot in this place, and that, too, distinguishes it from this greenshank. The more
# baselines you use, the fainter the trace of each of them.
#
# ## Try it
#
# Move from one baseline to a hundred, for either bird. Watch the foreign feet
# disappear.

# %%
# Drawing: the map of either bird, averaged over k baselines


def with_baselines(n, k):
    figure = Figure((5.6, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(scenes.images[n - 1])
    left.set(xticks=[], yticks=[], title="redshank")
    mean = from_each[n - 1][:k].mean(axis=0)[None]
    mx.plots.heat_map(right, mean, scenes.images[n - 1], percentile=99.8)
    on_the_legs = (mean[0].sum(axis=-1) * legs[n - 1]).sum()
    right.set_title(f"the legs get {on_the_legs:.1f}")
    return figure


more = mx.plots.slider(
    with_baselines,
    {"bird": [1, 2], "baselines": [1, 2, 3, 5, 10, 20, 50, 100]},
    alt="a map of a redshank, averaged over k baselines",
    strip=[(1, 1), (1, 100)],
)
save(more, "baselines")

# %% [markdown]
# Here is the figure of lesson 8 again, by DeepSHAP with 20 baselines: what raises and
# what lowers the score of two classes, by pixels and by the units of a hidden layer.
# (In pool2 each unit stands for 4 × 4 pixels.) Both scores owe something to the bird's
# back and breast. Look at what the legs do for each: as in lesson 8, the upper half of
# the legs is evidence against a greenshank, and the lower half is evidence for it.

# %%
pictures = [
    mx.deep_shap(model, scenes.images[:1], k, background=background[:20], layer=layer)
    for layer in (None, "pool2")
    for k in (redshank, greenshank)
]
names = {redshank: "redshank", greenshank: "greenshank"}
how_shown = {"classes": names, "percentile": 99.9, "overlay": True, "size": 1.6}
how_shown["columns"] = 3
save(mx.plots.show(pictures, scenes.images[:1], **how_shown), "two-classes")
on_legs = [(one.values[0].sum(axis=-1) * legs[0]).sum() for one in pictures[:2]]
rows = np.flatnonzero(legs[0].any(axis=1))
middle = (rows[0] + rows[-1] + 1) // 2
of_green = pictures[1].values[0].sum(axis=-1) * legs[0]
claim(
    "the upper half speaks against the greenshank, the lower half for it",
    of_green[:middle].sum() < 0 < of_green[middle:].sum(),
)
print(f"the legs give the score of redshank {on_legs[0]:.1f},", end=" ")
print(f"that of greenshank {on_legs[1]:.1f}")
claim("they give redshank more than twice as much", on_legs[0] > 2 * on_legs[1])
claim(
    "all four add up",
    all(abs(one.gap[0]) < 1e-4 * abs(one.score[0]) for one in pictures),
)

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Cost.** One backward pass and two forward passes for each baseline. Twice as many
#   baselines take twice as long.
# - **"It is the exact SHAP value."** min(1, 2) refutes this. It is a mean of DeepLIFTs.
#   The name says what it was meant to approximate.
# - **"More baselines are better."** They make the answer to one question more stable.
#   Which question that is depends on the kind of baselines (exercise b).
# - **Networks that break the implementation.** Some implementations store the input of
#   each relu object. If the same object is used twice, they remember only the last use
#   (exercise c). The sum would reveal it, so check the gap.
#
# ## Exercises
#
# a) The baselines are (0, 0), (1, 1) and (0.25, 0.25). What is the mean of y over them
# (the expected value)?
#
# b) All baselines are redshanks, and so is the image. What does the map show? "a": what
# makes it a bird; "b": what is special about this redshank; "c": why it is not a
# greenshank.
#
# c) y = relu(relu(x) − 2) at x = 5, from the baseline 0. Both relus are one object. It
# remembers only its last use, where its input went from −2 to 3 and its output from 0
# to 3, and it uses that Δy/Δx both times. What does x contribute?

# %%
mine_a = None
mine_b = None  # "a", "b" or "c"
mine_c = None

three = np.array([[0.0, 0.0], [1.0, 1.0], [0.25, 0.25]])
traps = {
    "that is y of the mean baseline": y(three.mean(axis=0)),
    "0.25 + 0.25 is 0.5": (0 + 1 + 0.25) / 3,
}
answer("a", mine_a, y(three).mean(), traps)
traps = {
    "all baselines are birds, too: what they share cancels": "a",
    "no baseline is a greenshank": "c",
}
answer("b", mine_b, "b", traps)
(truth,) = mx.deep_lift(
    lambda node: mx.ops.relu(mx.ops.relu(node) - 2).sum(axis=1), [[5.0]], baseline=0.0
).values[0]
last = (3 - 0) / (3 - -2)
traps = {
    "that is correct DeepLIFT, and adds up: but what does the object say?": truth,
    "that is what is lost": truth - last**2 * 5,
}
answer("c", mine_c, last**2 * 5, traps)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*:
#   the article that these lessons follow. It averages the slopes, as in the prediction
#   above.
# - Lundberg & Lee 2017, *A Unified Approach to Interpreting Model Predictions*, §4.2:
#   Deep SHAP.
# - Chen, Lundberg & Lee 2022, *Explaining a series of models by propagating Shapley
#   values*: why to average over single references, and not to use their mean as the
#   reference.
# - In minixai: `methods/deep_shap.py`, `methods/explainers.py`.
