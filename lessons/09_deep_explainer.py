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
from matplotlib.figure import Figure

import minixai as mx
from minixai.lesson import answer, claim, save


def y(points):
    return 1 - np.maximum(1 - points.sum(axis=-1), 0)


# %% [markdown]
# ## The method by hand
#
# Lesson 6's walk, for all references at once: one multiplier from each.


# %%
def multipliers(x, references):
    z, z0 = 1 - x.sum(), 1 - references.sum(axis=1)
    return (np.maximum(z, 0) - np.maximum(z0, 0)) / (z - z0)  # times −1 twice, for z = 1 − s and y = 1 − h


x, references = np.array([1.0, 0.25]), np.array([[0.0, 0.0], [1.0, 1.0]])
m = multipliers(x, references)
contributions = m[:, None] * (x - references)
for reference, slope, parts in zip(references, m, contributions, strict=True):
    print(f"from {reference}: m = {slope:.2f}, i1 brings {parts[0]:+.2f}, i2 brings {parts[1]:+.2f}")
of_slopes = m.mean() * (x - references).mean(axis=0)
of_contributions = contributions.mean(axis=0)
for name, (i1, i2) in (("mean slope × mean difference", of_slopes), ("mean of the contributions", of_contributions)):
    print(f"{name:30} {i1:+.2f} {i2:+.2f}   sum {i1 + i2:.2f}")
to_explain = y(x) - y(references).mean()
print(f"to explain {to_explain:34.2f} (the mean slope is {m.mean():.2f})")

# %% [markdown]
# The mean slope is 0.40, but the large slope belongs to the large difference: one must multiply first, and average
# then. The slip in the article is a small one, and the difference it makes is not: 0.10 in place of 0.50, and i2 even
# changes its sign.

# %%
claim("the mean of the contributions adds up", np.isclose(of_contributions.sum(), to_explain))
claim("the mean slope times the mean difference does not", abs(of_slopes.sum() - to_explain) > 0.3)
claim("and gives i2 the wrong sign", of_slopes[1] < 0 < of_contributions[1])

# %% [markdown]
# ## The same in minixai

# %%
result = mx.deep_shap(mx.toys.saturation, [x], background=references)
print(result)
claim("minixai finds the same", np.allclose(result.values[0], of_contributions))
explainer = mx.DeepExplainer(mx.toys.saturation, references)  # as those know it who come from shap
print(f"expected_value {explainer.expected_value[0]:.2f}: the mean of y over the references")
claim("and so does DeepExplainer", np.allclose(explainer.shap_values([x])[0, :, 0], of_contributions))

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
    brought = np.stack([(multipliers(x, some)[:, None] * (x - some)).mean(axis=0) for some in samples])
    gap[k] = abs(brought.sum(axis=1) - (y(x) - y(samples).mean(axis=1))).max()
    spread[k] = brought[:, 0].std()
    cost = mx.deep_shap(mx.toys.saturation, [x], background=samples[0]).cost
    drawn = mx.expected_gradients(mx.toys.saturation, [x], background=samples[0], samples=max(k, 2))  # at least two
    print(
        f"k = {k:3}: i1 gets {brought[:, 0].mean():.3f}, spread {spread[k]:.4f}, times √k {spread[k] * np.sqrt(k):.2f}"
    )
    print(f"{'':9}gap at most {gap[k]:.0e} (expected gradients, as many draws: {abs(drawn.gap[0]):.2f}); {cost}")
claim("it adds up for every k, to rounding", max(gap.values()) < 1e-12)
steady = np.array([spread[k] * np.sqrt(k) for k in spread])
claim("the spread falls as 1/√k", np.allclose(steady / steady.mean(), 1, atol=0.15))
claim("and each reference costs one row back", cost.backward == 100)

# %% [markdown]
# So "more references are more precise" means: closer to the mean over all images that the references stand for. Not
# closer to Shapley values. Take min(1, 2), and one reference, (0, 0), or a hundred times the same:

# %%
for k in (1, 100):
    deep = mx.deep_shap(mx.toys.minimum, [[1.0, 2.0]], background=np.zeros((k, 2))).values[0]
    fair = mx.shapley_values(mx.toys.minimum, [[1.0, 2.0]], background=np.zeros((k, 2))).values[0]
    print(f"min(1, 2), {k:3} references: DeepSHAP {deep}, Shapley {fair}")
claim("DeepSHAP is not the Shapley value", abs(deep - fair).max() > 0.4)

# BIRDS

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Cost.** One pass forward and back for each reference: twice as many take twice as long.
# - **"It is the exact SHAP value."** min(1, 2) refutes it. It is a mean of DeepLIFTs; the name says what it was meant
#   to approximate.
# - **"More references are better."** They make the answer to one question steadier. Which question that is, the kind
#   of references decides (exercise b).
# - **Networks that are not what the code thinks.** Some implementations note at each relu what came in. If the same
#   relu is used twice, they remember only the last (exercise c). The sum would tell; so check the gap.
#
# ## Exercises
#
# a) References (0, 0), (1, 1) and (0.25, 0.25): what is the expected value?
#
# b) All references are redshanks, and so is the image. What does the map show? "a": what makes a bird of it; "b": what
#    is special about this redshank; "c": why it is no greenshank.
#
# c) y = relu(relu(x) − 2) at x = 5, from the baseline 0. Both relus are one object. It remembers only its last use,
#    where its input went from −2 to 3 and its output from 0 to 3, and takes that Δy/Δx both times. What does x bring?

# %%
mine_a = None
mine_b = None
mine_c = None

three = np.array([[0.0, 0.0], [1.0, 1.0], [0.25, 0.25]])
traps = {"that is y of the mean reference": y(three.mean(axis=0)), "0.25 + 0.25 is 0.5": (0 + 1 + 0.25) / 3}
answer("a", mine_a, y(three).mean(), traps)
traps = {"all references are birds too: that cancels": "a", "no reference is a greenshank": "c"}
answer("b", mine_b, "b", traps)
(truth,) = mx.deep_lift(lambda node: mx.ops.relu(mx.ops.relu(node) - 2).sum(axis=1), [[5.0]], baseline=0.0).values[0]
last = (3 - 0) / (3 - -2)
traps = {
    "that is right, and adds up: but what does the object say?": truth,
    "that is what is lost": truth - last**2 * 5,
}
answer("c", mine_c, last**2 * 5, traps)

# %% [markdown]
# ## To read on
#
# - Lundberg & Lee 2017, *A Unified Approach to Interpreting Model Predictions*, §4.2: Deep SHAP.
# - Chen, Lundberg & Lee 2022, *Explaining a series of models by propagating Shapley values*: why one averages over
#   single references, and does not take their mean as the reference.
# - In minixai: `methods/deepshap.py`, `methods/explainers.py`.
