# %% [markdown]
# # 11. Occlusion
#
# **Question.** What does the score lose when a part of the picture is hidden?
#
# **Afterwards.** You can make such a map by hand, say what it costs, and tell apart what the picture owes to the hidden
# part and what it owes to the patch that hides it.
#
# **Minutes.** 20
#
# Lesson 1 took inputs away one at a time. A picture has thousands, and hardly any matters alone. So hide a square
# *window*, send the picture forward, note how far the score falls, move the window on by some pixels (the *stride*),
# and repeat. Windows overlap. A pixel gets the *mean* of what was lost over all windows that cover it.
#
# **Predict before you run.** Five pixels in a row, all 1; the score is their sum. A window hides three pixels (sets
# them to 0), and moves by one. So it stands at three places, and each time the score falls by 3. Which pixel gets most,
# if one forgets to take the mean and only adds up?

# %%
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import spearmanr

import minixai as mx
from minixai.datasets import birds
from minixai.lesson import answer, claim, save

# %% [markdown]
# ## The method by hand


# %%
def occlude(score, row, window, fill=0.0):
    lost, cover = np.zeros(len(row)), np.zeros(len(row))
    for start in range(len(row) - window + 1):
        hidden = row.copy()
        hidden[start : start + window] = fill
        lost[start : start + window] += score(row) - score(hidden)
        cover[start : start + window] += 1
    return lost, cover


lost, cover = occlude(np.sum, np.ones(5), 3)
print("windows that cover each pixel", cover)
print("lost, added up               ", lost)
print("lost, mean                   ", lost / cover)
claim(
    "added up, the middle gets three times as much as the ends", lost[2] == 3 * lost[0]
)
claim("with the mean all five get the same, as they should", lost / cover == 3)

# %% [markdown]
# Without the mean the map would show where windows overlap. And each pixel gets 3, though it is worth 1: it is told
# what its whole neighbourhood is worth. A map by occlusion is blurred, by the size of the window.
#
# ## The same in minixai
#
# Pictures are rows of (height, width, colours). In a *linear* network, score = w1·x1 + w2·x2 + ..., and with a window
# of one pixel, all methods so far say the same: w · (x − b), where b is what is put in its place.

# %%
row = np.ones((1, 1, 5, 1))
result = mx.occlusion(
    lambda node: node.sum(), row, window=(1, 3), stride=1, baseline=0.0
)
print(result)
claim("minixai finds the same", np.allclose(result.values.ravel(), lost / cover))

w, x = np.random.default_rng(0).normal(size=(2, 1, 4, 4, 1))
one_by_one = mx.occlusion(
    lambda node: (node * w).sum(), x, window=1, stride=1, baseline=0.5
).values
claim("window 1, linear network: w · (x − b)", np.allclose(one_by_one, w * (x - 0.5)))
for method in (mx.integrated_gradients, mx.deep_lift):
    claim(
        f"as {method.__name__}",
        np.allclose(
            one_by_one, method(lambda node: (node * w).sum(), x, baseline=0.5).values
        ),
    )

# %% [markdown]
# ## On a bird
#
# A redshank, windows of 8 × 8 pixels, stride 4: along a side of 64 pixels there are 15 places. That makes 225 passes.
# We ask why a redshank rather than a greenshank (the difference of their scores), and hide with the mean colour.

# %%
model = mx.load("shorebirds")
scenes = birds.draw(5, seed=5, species=["redshank"])
redshank, greenshank = 0, 1
asked = {
    "target": redshank,
    "versus": greenshank,
    "window": 8,
    "stride": 4,
    "batch": 32,
}
map_of = {"mean": mx.occlusion(model, scenes.images[:1], **asked)}
lost = map_of["mean"].extras["windows"][0]  # what each of the windows loses
print(f"{lost.size} windows, {lost.shape[0]} along a side")
score = map_of["mean"].score[0]
print(
    f"hiding changes the difference, {score:.1f}, by {-lost.max():.1f} at worst, {-lost.min():+.1f} at best"
)
cover = np.zeros((64, 64))
for i, j in np.ndindex(15, 15):
    cover[4 * i : 4 * i + 8, 4 * j : 4 * j + 8] += 1
claim(
    "a pixel inside lies under 4 windows, a corner under 1",
    (cover[32, 32], cover[0, 0]) == (4, 1),
)

figure = Figure(figsize=(9, 4.6), layout="constrained")
panels = figure.subplots(2, 5).ravel()
order = np.argsort(-lost, axis=None)
places = [*((4, j) for j in (0, 4, 8, 12)), np.unravel_index(order[0], lost.shape)]
hidden = map_of["mean"].baseline[0]
for panel, (i, j) in zip(panels, places, strict=False):
    picture = scenes.images[0].copy()
    picture[4 * i : 4 * i + 8, 4 * j : 4 * j + 8] = np.broadcast_to(
        hidden, picture.shape
    )[:8, :8]
    panel.imshow(picture)
    panel.set(
        title=f"loses {lost[i, j].round(1) + 0:.1f}", xticks=[], yticks=[]
    )  # + 0: −0.0 is 0.0
panels[4].set(title=f"loses {lost[places[4]]:.1f}, the most")

# %% [markdown]
# What hides? Grey is a colour, too, and a black square is a thing one can see. Here is the same map with four *fills*:
# the picture's mean colour, black, white, and the picture itself, blurred. Red is where hiding *lowers* the score: what
# is there raises it. Look at the empty sky under the black one. How alike two of the maps are we tell by rank
# correlation (lesson 5): 1 if they put all pixels in the same order, 0 if they have nothing to do with each other.

# %%
for fill in ("black", "white", "blur"):
    map_of[fill] = mx.occlusion(model, scenes.images[:1], baseline=fill, **asked)
panels[5].imshow(scenes.images[0])
panels[5].set(title="the maps, with:", xticks=[], yticks=[])
for panel, (fill, result) in zip(panels[6:], map_of.items(), strict=True):
    top = abs(result.values).max()
    panel.imshow(result.values[0, ..., 0], cmap="RdBu_r", vmin=-top, vmax=top)
    panel.set(title=fill, xlabel=f"red raises, scale ±{top:.1f}", xticks=[], yticks=[])
save(figure, "window")
flat = {fill: result.values.ravel() for fill, result in map_of.items()}
for fill in ("blur", "white", "black"):
    print(
        f"rank correlation of mean and {fill:5} {spearmanr(flat['mean'], flat[fill]).statistic:5.2f}"
    )

# %% [markdown]
# (In the article's photo it is the region of beak and head that raises the score, and the body that lowers it. Of our
# bird we ask why it is no greenshank, and the two differ in their legs alone.)
#
# ## Does hiding take away?
#
# Of drawn birds we know. We can draw a scene again without its legs, so that water shows where they were: that is what
# taking away means. Or cover exactly the pixels of the legs, in grey or in black, and leave all others. Both say they
# show what the part is worth. Eight birds of any species, seven parts of each (the eye goes with the head); we ask for
# each bird why not its partner. On a part that matters (the contrast changes by more than 1), do they agree on the
# *sign*, for or against?

# %%
eight = birds.draw(8, seed=5)
players = [
    ["tail"],
    ["legs"],
    ["body"],
    ["breast"],
    ["wing"],
    ["head", "eye"],
    ["beak"],
]


def contrast(images):
    rows, scores = (
        np.arange(len(images)),
        model.scores(images),
    )  # classes 0 and 1 are partners, 2 and 3 ...: ^ 1
    return scores[rows, eight.labels] - scores[rows, eight.labels ^ 1]


def loss(change):
    return np.array(
        [contrast(eight.images) - contrast(change(parts)) for parts in players]
    )


def covered(colour):
    def change(parts):
        mask = eight.masks[..., [birds.PARTS.index(part) for part in parts]].sum(
            axis=-1, keepdims=True
        )
        return (1 - mask) * eight.images + mask * colour

    return change


truth = loss(lambda parts: birds.render(eight, remove=parts)[0])
matters = abs(truth) > 1
wrong, top = {}, {}
for name, colour in (
    ("grey", eight.images.mean(axis=(1, 2), keepdims=True)),
    ("black", 0.0),
    ("white", 1.0),
):
    patch = loss(covered(colour))
    wrong[name] = (np.sign(patch) != np.sign(truth))[matters].sum()
    top[name] = (patch.argmax(axis=0) == truth.argmax(axis=0)).sum()
    print(
        f"{name:5} patch: wrong sign {wrong[name]} of {matters.sum()}, strongest part found on {top[name]} birds of 8"
    )
claim("each colour gets some signs wrong", min(wrong.values()) > 0)
claim("grey finds the strongest part on most birds", top["grey"] >= 6)
claim("and black on fewer", top["black"] <= top["grey"] - 2)

# %% [markdown]
# ## When it fails, and what it costs
#
# - **It costs** one pass for each window: twice as fine is four times as many.
# - **"Grey is absent."** Grey is a colour, and the network may know things that are grey or black. What you see is the
#   part taken away *and* a patch put there.
# - **"A small window shows the finer truth."** Where many pixels say the same, hiding a few of them changes nothing:
#   lesson 1. A large window blurs. Try two sizes.
# - **The network cannot judge itself.** A map says what it goes by. Whether legs *should* tell a redshank is for
#   somebody who knows birds: the article asks for an expert, and lesson 16 is about that.
# - **The tool.** tf-explain's occlusion, which the article uses, does not do what the article says. Its windows do not
#   overlap, so there is nothing to average. It hides with the number 127.5. That is grey for pixels counted in bytes;
#   where they go from 0 to 1, as here, it is like nothing the network has seen. And it draws 1 − (the class's
#   probability with the window hidden): not what is lost. Its 0 is "still certain", and nothing in it can be negative.
#   Which parts lower the probability cannot be read from it without knowing what the probability was.

# %%
theirs = mx.occlusion(model, scenes.images, redshank, window=8, variant="tf-explain")
tool = theirs.values
mine = mx.occlusion(model, scenes.images, redshank, window=8, stride=8)
count = mine.extras["windows"][0].size
print(
    f"the tool's maps go from {tool.min():.2f} to {tool.max():.2f}; {count} windows without overlap"
)
claim("the tool hides with 127.5", theirs.baseline == 127.5)
claim("the tool's maps are never negative, on five birds", tool >= 0)
claim(
    "though on each of them hiding some window raises the score",
    mine.extras["windows"].min(axis=(1, 2)) < 0,
)

# %% [markdown]
# ## Exercises
#
# a) A picture of 64 × 64, windows of 8 × 8, stride 8: how many passes?
#
# b) score = relu(x − 1), x = 1.5. What is lost if x is hidden with 0, and what if with 2, as a pair?
#
# c) With windows of 8 × 8 and stride 4: under how many of them does a pixel lie that is on the border, but near no
#    corner?

# %%
mine_a = None
mine_b = None
mine_c = None

answer("a", mine_a, count, {"that is with stride 4": 225, "along one side": 8})
pixel = np.full((1, 1, 1, 1), 1.5)
hide = [
    mx.occlusion(lambda n: mx.ops.relu(n - 1).sum(), pixel, window=1, baseline=f)
    for f in (0.0, 2.0)
]
traps = {
    "lost is before minus after": (-0.5, 0.5),
    "relu: at 0 the score is 0, not −1": (1.5, -0.5),
}
answer("b", mine_b, [float(h.values.sum()) for h in hide], traps)
answer("c", mine_c, cover[0, 32], {"that is inside": 4, "that is a corner": 1})

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*: the article that these lessons
#   follow.
# - Zeiler & Fergus 2014, *Visualizing and Understanding Convolutional Networks*, §4.2 and Fig. 6.
# - Hesse, Schaub-Meyer & Roth 2023, *FunnyBirds*: parts taken away instead of hidden.
# - In minixai: `methods/occlusion.py`.
