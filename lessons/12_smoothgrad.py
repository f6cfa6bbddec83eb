# %% [markdown]
# # 12. SmoothGrad
#
# **Question.** Slopes flicker from pixel to pixel. If we take the mean of the slopes of many noisy copies of a picture,
# what do we see, and how much noise is right?
#
# **Afterwards.** You can say of which function SmoothGrad is the slope, choose the noise and check the choice, and tell
# when its map is about another picture than yours.
#
# **Minutes.** 20
#
# *Noise* here is a random number added to every pixel: from a *normal distribution* (Gauss's bell) with mean 0 and
# *standard deviation* σ. About two thirds of the numbers lie between −σ and σ. The more noise, the larger σ. The idea:
# what matters for the decision should still matter close by, and what only flickers should cancel.
#
# **Predict before you run.** y = relu(x): the slope is 0 below 0, and 1 above. At x = 0.1 it is 1. Add noise with σ =
# 0.2, and take the mean of the slopes of very many noisy copies. Is it 1, ½, or something between?

# %%
import numpy as np
from matplotlib.figure import Figure
from scipy.special import ndtr

import minixai as mx
from minixai.datasets import birds
from minixai.lesson import answer, claim, save

# %% [markdown]
# ## The method by hand


# %%
def slope(x):
    return np.where(x > 0, 1.0, 0.0)


def smooth(x, sigma, n, seed=0):
    noise = np.random.default_rng(seed).normal(size=n)
    slopes = slope(x + sigma * noise)
    return slopes.mean(), slopes.std(ddof=1) / np.sqrt(n)


for n in (10, 100, 10_000):
    mean, error = smooth(0.1, 0.2, n)
    print(f"{n:6} copies: mean slope {mean:.3f}, standard error {error:.3f}")
exact = ndtr(0.1 / 0.2)
print(f"exactly        {exact:.3f}")
claim("it is 0.691, between ½ and 1", np.isclose(exact, 0.691, atol=5e-4))
claim("10,000 copies come within 4 standard errors", abs(mean - exact) < 4 * error)

# %% [markdown]
# The mean slope is the part of the copies that land above 0. A copy is x + σ·z, where z is a normal
# number with standard deviation 1; it is above 0 if z is above −x/σ. The bell is symmetric, so that is as likely as z
# below x/σ. This probability has a name, Φ(x/σ), and SciPy calls it `ndtr`. At x = 0.1 and σ = 0.2, x/σ is ½ and Φ is
# 0.691. The step from slope 0 to slope 1 has become a ramp. So SmoothGrad is the slope of *another* function: of y
# averaged over the neighbourhood, in which the kinks are rounded off.

# %%
axis = np.linspace(-1, 1, 401)
figure = Figure(figsize=(9, 3.4), layout="constrained")
left, right_panel = figure.subplots(1, 2)
for sigma, colour in ((0.0, "black"), (0.1, "#1452a3"), (0.4, "#c1121f")):
    z = axis / (sigma or 1e-9)
    left.plot(
        axis,
        axis * ndtr(z) + sigma * np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
        color=colour,
        label=f"σ = {sigma}",
    )
    right_panel.plot(axis, ndtr(z), color=colour)
left.set(xlabel="x", title="relu, averaged over a neighbourhood")
right_panel.set(xlabel="x", title="its slope, Φ(x/σ): SmoothGrad")
left.legend(frameon=False)
save(figure, "ramp")

# %% [markdown]
# ## The same in minixai
#
# The values come with their standard error (lesson 8): more copies make it smaller, as 1/√n.

# %%
result = mx.smooth_grad(mx.ops.relu, [[0.1]], 0, sigma=0.2, samples=10_000)
print(result)
print("standard error", result.standard_error.round(4))
claim(
    "minixai's is within 4 standard errors, too",
    abs(result.values - exact) < 4 * result.standard_error,
)

# %% [markdown]
# How much noise? The paper gives it as a part of the picture's range: noise = σ / (largest pixel − smallest pixel). So
# 10 % means the same for a dull picture as for a vivid one. (The tool tf-explain calls σ itself "noise". Our pictures
# do not go from 0 to 1, so that the same number gives two widths.)

# %%
model, scenes = mx.load("shorebirds"), birds.draw(8, seed=5)
low, high = scenes.images[0].min(), scenes.images[0].max()
print(
    f"a bird's pixels go from {low:.2f} to {high:.2f}: noise of 10 % is σ = {0.1 * (high - low):.3f}, the tool's is 0.1"
)
asked = {"target": scenes.labels[:1], "samples": 2}
ours = mx.smooth_grad(model, scenes.images[:1], noise=0.1, **asked).values
same = mx.smooth_grad(
    model, scenes.images[:1], sigma=0.1 * float(high - low), **asked
).values
claim(
    "noise is σ divided by the range",
    np.allclose(ours, same, rtol=1e-3, atol=1e-5 * abs(ours).max()),
)
claim("and that is not σ", high - low < 0.99)

# %% [markdown]
# ## On birds
#
# Eight birds, and why each is not its partner (the difference of the two scores). We look how much of the map lies on
# the part that differs, divided by the part's area: that is *density* (1 is chance). And we ask what the network still
# recognises of 100 birds with that much noise.

# %%
many = birds.draw(100, seed=9)
decisive = np.stack(
    [scenes.masks[i, ..., part] for i, part in enumerate(scenes.decisive)]
)
levels = (0, 0.02, 0.05, 0.1, 0.2, 0.5)
density, right = {}, {}
spread = (many.images.max(axis=(1, 2, 3)) - many.images.min(axis=(1, 2, 3)))[
    :, None, None, None
]
noise = spread * np.random.default_rng(0).normal(size=many.images.shape)
print("noise   density   still recognised")
for level in levels:
    # classes 0 and 1 are partners, 2 and 3, ...: `^ 1` goes from each to its partner
    how = {
        "target": scenes.labels,
        "versus": scenes.labels ^ 1,
        "noise": level,
        "samples": 8,
        "batch": 16,
    }
    size = abs(mx.smooth_grad(model, scenes.images, **how).values.sum(axis=-1))
    density[level] = (
        (size * decisive).sum(axis=(1, 2))
        / size.sum(axis=(1, 2))
        / decisive.mean(axis=(1, 2))
    )
    right[level] = (model.predict(many.images + level * noise) == many.labels).mean()
    print(f"{level:5.0%} {density[level].mean():9.1f} {right[level]:14.0%}")
claim("on each bird noise of 50 % is worse than of 5 %", density[0.5] < density[0.05])
claim(
    "and on average less than half as good",
    density[0.5].mean() < 0.5 * density[0.05].mean(),
)
claim("a little noise does not hurt", density[0.05].mean() > 0.85 * density[0].mean())
claim(
    "with 5 % the birds are still recognised, with 50 % most are not",
    (right[0.05] > 0.9) & (right[0.5] < 0.4),
)

# %% [markdown]
# The two columns fall together. A mean of slopes on pictures that the network does not recognise is not about
# this picture. So there is a test that costs next to nothing: does the network still say the same on the noisy copies?
#
# The article sees the outline of its bird appear at 5 and 10 %, and nothing of use from 20 % on. The second half is so
# here, too. The first is not: for our network, a small one, slopes are rather clean to begin with, and a little noise
# neither helps nor hurts much. How much helps is not a property of the method but of the network; so look.

# %%
image = scenes.images[3:4]
strip = [
    mx.smooth_grad(model, image, noise=level, samples=25, batch=16) for level in levels
]
titles = [f"noise {level:.0%}" for level in levels]
save(
    mx.plots.show(
        strip,
        image,
        titles=titles,
        scale="result",
        classes=model.classes,
        percentile=99.9,
    ),
    "noise",
)

# %% [markdown]
# ## When it fails, and what it costs
#
# - **It costs** a pass forward and back for every copy. Twice as steady is four times as many.
# - **"It denoises the picture."** It adds noise to the picture. It is the *slopes* that are averaged.
# - **"It explains the average picture."** The average of the copies is the picture itself, and its slope is the plain
#   one. Above, the slope at the mean of all copies is 1, and the mean of the slopes is 0.691.
# - **A mean of slopes is a slope.** It is no share of the score and does not add up: lessons 2 to 4 hold for it. Ask it
#   of another method, `smooth_grad(..., method=mx.integrated_gradients)`, if you need shares.
# - **Too much noise** asks about pictures the network has never seen.
#
# ## Exercises
#
# a) A picture's pixels go from 0.04 to 0.98. What is σ for noise of 10 %?
#
# b) y = relu(x) at x = −0.1, σ = 0.2: what does SmoothGrad tend to? (`ndtr` may be used.)
#
# c) y = |x|, with slope −1 below 0 and +1 above, at x = 0. What is the mean of the *sizes* of the slopes, |slope|, and
#    what the size of their mean, in the long run, as a pair?

# %%
mine_a = None
mine_b = None
mine_c = None  # (mean of |slope|, |mean of slopes|)

traps = {
    "that is σ = noise, without the range": 0.1,
    "from 0 to the largest pixel": 0.098,
}
answer("a", mine_a, 0.1 * (0.98 - 0.04), traps)
traps = {
    "the slope here is 0, but some copies land above 0": 0.0,
    "that is at x = +0.1": ndtr(0.5),
}
answer("b", mine_b, ndtr(-0.1 / 0.2), traps)
copies = np.array([-1.0, 1.0])  # the slopes: half of the copies are on each side
traps = {
    "the size of the mean: −1 and 1 cancel first": (1, 1),
    "taking sizes, nothing cancels": (0, 0),
}
answer("c", mine_c, (abs(copies).mean(), abs(copies.mean())), traps)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*: the article that these lessons
#   follow.
# - Smilkov, Thorat, Kim, Viégas & Wattenberg 2017, *SmoothGrad: removing noise by adding noise*.
# - Hooker, Erhan, Kindermans & Kim 2019, *A Benchmark for Interpretability Methods in Deep Neural Networks*: the mean
#   of squares in place of slopes (`squared=True`).
# - In minixai: `methods/smooth_grad.py`.
