# %% [markdown]
# # 12. SmoothGrad
#
# **Question.** Slopes vary wildly from pixel to pixel. What do we see if we average the
# slopes of many noisy copies of an image, and how much noise is right?
#
# **Afterwards.** You can say of which function SmoothGrad is the slope, choose the
# noise and check the choice, and tell when its map is about another image than yours.
#
# **Minutes.** 20
#
# *Noise* here means a random number added to every pixel, from a *normal distribution*
# (the bell curve) with mean 0 and *standard deviation* σ. About two thirds of the
# numbers lie between −σ and σ. The idea of SmoothGrad: what matters for the decision
# should still matter nearby, and random variation should cancel.
#
# **Predict before you run.** y = relu(x) has the slope 0 below 0, and 1 above. At x =
# 0.1 the slope is 1. Add noise with σ = 0.2, and average the slopes of very many noisy
# copies. Is the mean 1, ½, or something between?

# %%
import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.datasets import birds
from minixai.lesson import answer, claim, save
from scipy.special import ndtr

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
# The mean slope is the fraction of the copies that lie above 0. A copy is x + σ·z,
# where z is a normal random number with standard deviation 1. It is above 0 if z is
# above −x/σ. The bell curve is symmetric, so this is as likely as z below x/σ. The
# probability is called Φ(x/σ); SciPy's name for Φ is `ndtr`. At x = 0.1 and σ = 0.2,
# x/σ is ½, and Φ is 0.691. The step from slope 0 to slope 1 has become a ramp. So
# SmoothGrad is the slope of *another* function: of y averaged over a neighbourhood, in
# which the kinks are rounded off.

# %%
# Drawing: relu, averaged over a neighbourhood, and its slope
axis = np.linspace(-1, 1, 401)
figure = Figure(figsize=(7.2, 3.0), layout="constrained")
left, right_panel = figure.subplots(1, 2)
for sigma, colour in ((0.0, "black"), (0.1, "#1452a3"), (0.4, "#c1121f")):
    z = axis / (sigma or 1e-9)
    mean = axis * ndtr(z) + sigma * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    left.plot(axis, mean, color=colour, label=f"σ = {sigma}")
    right_panel.plot(axis, ndtr(z), color=colour)
left.set(xlabel="x", title="relu, averaged over a neighbourhood")
right_panel.set(xlabel="x", title="its slope, Φ(x/σ): SmoothGrad")
left.legend(frameon=False)
save(figure, "ramp")

# %% [markdown]
# ## The same in minixai
#
# The values come with their standard error (lesson 8). It shrinks like 1/√n with the
# number n of copies. In the certificate, `sigma=0.2` is what we asked for. Where σ is
# given, `noise` (see below) is not used. `squared` and `variance` would average squares
# of slopes, or take the variance of the slopes, instead of the mean.

# %%
result = mx.smooth_grad(mx.ops.relu, [[0.1]], 0, sigma=0.2, samples=10_000)
print(result)
print("standard error", result.standard_error.round(4))
claim(
    "that of minixai is within 4 standard errors, too",
    abs(result.values - exact) < 4 * result.standard_error,
)

# %% [markdown]
# How much noise? The paper gives it as a fraction of the range of the image: noise = σ
# / (largest pixel − smallest pixel). So 10 % means the same for a dull image as for a
# vivid one. (tf-explain uses the word "noise" for σ itself. Our images do not use the
# whole range from 0 to 1, so the same number gives two widths.)

# %%
model, scenes = mx.load("shorebirds"), birds.draw(8, seed=5)
low, high = scenes.images[0].min(), scenes.images[0].max()
print(f"the pixels of a bird go from {low:.2f} to {high:.2f}:", end=" ")
print(f"noise of 10 % is σ = {0.1 * (high - low):.3f}; for tf-explain σ = 0.1")
how = {"target": scenes.labels[:1], "samples": 2}
ours = mx.smooth_grad(model, scenes.images[:1], noise=0.1, **how).values
sigma = 0.1 * float(high - low)
same = mx.smooth_grad(model, scenes.images[:1], sigma=sigma, **how).values
claim(
    "noise is σ divided by the range",
    np.allclose(ours, same, rtol=1e-3, atol=1e-5 * abs(ours).max()),
)
claim("and that is not σ", high - low < 0.99)

# %% [markdown]
# ## On birds
#
# We take eight birds, and ask why each is not its partner (the difference of the two
# scores). *Density* is the fraction of |map| on the part that differs, divided by the
# fraction of the image that this part covers. It is 1 for a map that is spread evenly.
# We also ask how many of 100 birds the network still recognises with that much noise.

# %%
many = birds.draw(100, seed=9)
decisive = np.stack(
    [scenes.masks[i, ..., part] for i, part in enumerate(scenes.distinguishing_parts)]
)
levels = (0, 0.02, 0.05, 0.1, 0.2, 0.5)
density, right = {}, {}
spread = np.ptp(many.images, axis=(1, 2, 3))[:, None, None, None]
noise = spread * np.random.default_rng(0).normal(size=many.images.shape)
print("noise   density   still recognised")
for level in levels:
    # classes 0 and 1 are partners, 2 and 3, ...: `^ 1` goes from each to its partner
    how = {"versus": scenes.labels ^ 1, "noise": level, "samples": 8, "batch": 16}
    result = mx.smooth_grad(model, scenes.images, scenes.labels, **how)
    size = abs(result.values.sum(axis=-1))
    fraction = (size * decisive).sum(axis=(1, 2)) / size.sum(axis=(1, 2))
    density[level] = fraction / decisive.mean(axis=(1, 2))
    right[level] = (model.predict(many.images + level * noise) == many.labels).mean()
    print(f"{level:5.0%} {density[level].mean():9.1f} {right[level]:14.0%}")
claim(
    "on each bird noise of 50 % is worse than noise of 5 %",
    density[0.5] < density[0.05],
)
claim(
    "and on average less than half as good",
    density[0.5].mean() < 0.5 * density[0.05].mean(),
)
left = density[0.2] / density[0]
print(f"at 20 % the birds keep {left.min():.0%} to {left.max():.0%} of their density")
claim(
    "noise of 20 % costs about half, on average",
    0.4 < density[0.2].mean() / density[0].mean() < 0.7,
)
claim("but is still far above chance", density[0.2].mean() > 8)
claim("with 10 % the network says the same about nearly all copies", right[0.1] > 0.95)
claim("a little noise does not hurt", density[0.05].mean() > 0.85 * density[0].mean())
claim(
    "with 5 % the birds are still recognised, with 50 % most are not",
    (right[0.05] > 0.9) & (right[0.5] < 0.4),
)

# %% [markdown]
# Up to 10 % of noise, both columns hardly change. Beyond that both of them fall. A mean
# of slopes at images that the network does not recognise is not about this image. This
# gives a rule for the choice of σ:
#
# - **Too little noise** changes nothing. The copies are almost the same image, so their
#   slopes are almost the same, and their mean is the plain slope, with all its
#   variation.
# - **Too much noise** gives images that the network does not recognise.
# - **Take the most noise with which the network still says the same about nearly all
#   noisy copies.** This costs a few forward passes. Here it is 10 %, which is also the
#   default of minixai. (The paper recommends 10 to 20 % for photos.)
#
# The article that these lessons follow sees the outline of its bird appear at 5 and 10
# %, and nothing useful from 20 % on. Neither is quite true here. The slopes of our
# small network are rather clean to begin with, and a little noise neither helps nor
# hurts much. And at 20 % the map is still twelve times as dense on the part as chance
# would be. But it has lost almost half of its density, and it is about copies of which
# the network recognises only half. How much noise helps depends on the network, and not
# on the method alone. So try it.
#
# The birds differ, too. The figure shows the bird on which noise does the most harm at
# 20 %.

# %%
# Drawing: one bird's map with more and more noise
chosen = int(left.argmin())
image = scenes.images[[chosen]]
own, partner = scenes.labels[[chosen]], scenes.labels[[chosen]] ^ 1
how = {"target": own, "versus": partner, "samples": 25, "batch": 16}
strip = [mx.smooth_grad(model, image, noise=level, **how) for level in levels]
titles = [f"noise {level:.0%}" for level in levels]
how_shown = {"titles": titles, "scale": "shared", "classes": model.classes}
figure = mx.plots.show(
    strip, image, percentile=99.9, overlay=True, size=1.5, columns=4, **how_shown
)
save(figure, "noise")

# %% [markdown]
# ## Try it
#
# Add noise, and watch three things: a noisy copy, the averaged map, and how many birds
# the network still recognises. The part that differs is outlined.

# %%
# Drawing: a noisy copy, and the mean of the slopes
one_noise = np.random.default_rng(1).normal(size=image[0].shape)


def with_noise(level):
    result = strip[levels.index(level)]
    figure = Figure((5.8, 2.9), layout="constrained")
    left, right_panel = figure.subplots(1, 2)
    copy = image[0] + level * (image[0].max() - image[0].min()) * one_noise
    left.imshow(np.clip(copy, 0, 1))
    left.set(xticks=[], yticks=[], title="a noisy copy")
    outline = decisive[chosen]
    mx.plots.heat_map(right_panel, result, image[0], outline=outline, percentile=99.8)
    right_panel.set_title("mean of the slopes")
    return figure, {
        "birds still recognised": f"{right[level]:.0%}",
        "density on the part that differs": f"{density[level][chosen]:.1f}",
    }


noisy = mx.plots.slider(
    with_noise,
    "noise",
    levels,
    alt="a noisy bird, and its SmoothGrad map",
    strip=[0.05, 0.5],
)
save(noisy, "noise-slider")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **Cost.** One forward and one backward pass for every copy. Half the error costs
#   four times as many copies.
# - **"It denoises the image."** It adds noise to the image. It averages *slopes*.
# - **"It explains the average image."** The average of the copies is the image itself,
#   and its slope is the plain slope. Above, the slope at the mean of all copies is 1,
#   and the mean of the slopes is 0.691.
# - **A mean of slopes is a slope.** It is not a share of the score, and does not add
#   up: lessons 2 to 4 apply. If you need shares, smooth another method:
#   `smooth_grad(..., method=mx.integrated_gradients)`.
# - **Too much noise** asks about images that the network has never seen, and too little
#   gives the plain slope.
#
# ## Exercises
#
# a) The pixels of an image go from 0.04 to 0.98. What is σ for noise of 10 %?
#
# b) y = relu(x) at x = −0.1, σ = 0.2. To which number does SmoothGrad converge? (You
# may use `ndtr`.)
#
# c) y = |x| has the slope −1 below 0 and +1 above. At x = 0, what is the mean
# of |slope| over very many copies, and what is |mean of the slopes|, as a pair?

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
    "in the mean of the slopes −1 and 1 cancel": (1, 1),
    "absolute values do not cancel": (0, 0),
    "these are in the wrong order": (0, 1),
}
answer("c", mine_c, (abs(copies).mean(), abs(copies.mean())), traps)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*:
#   the article that these lessons follow.
# - Smilkov, Thorat, Kim, Viégas & Wattenberg 2017, *SmoothGrad: removing noise by
#   adding noise*.
# - Hooker, Erhan, Kindermans & Kim 2019, *A Benchmark for Interpretability Methods in
#   Deep Neural Networks*: the mean of squared slopes (`squared=True`).
# - In minixai: `methods/smooth_grad.py`.
