# %% [markdown]
# # 11. Occlusion
#
# **Question.** How much does the score fall when a part of the image is hidden?
#
# **Afterwards.** You can make such a map by hand, say what it costs, and separate the
# effect of hiding a part from the effect of the patch that hides it.
#
# **Minutes.** 20
#
# Lesson 1 removed inputs one at a time. An image has thousands of inputs, and hardly
# any of them matters alone. So we hide a square *window*, send the image forward, note
# how far the score falls, move the window by a few pixels (the *stride*), and repeat.
# Windows overlap. A pixel gets the *mean* of the losses over all windows that cover it.
#
# **Predict before you run.** Take five pixels in a row, all 1. The score is their sum.
# A window hides three pixels (it sets them to 0), and moves by one. So it has three
# positions, and each time the score falls by 3. Which pixel gets most if you forget the
# mean and only add up?

# %%
import minixai as mx
import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from minixai.datasets import birds
from minixai.lesson import answer, claim, save
from scipy.stats import spearmanr

# %% [markdown]
# ## The method by hand


# %%
def occlude(score, row, window, baseline=0.0):
    lost, cover = np.zeros(len(row)), np.zeros(len(row))
    for start in range(len(row) - window + 1):
        hidden = row.copy()
        hidden[start : start + window] = baseline
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
# Without the mean, the map would show where windows overlap. Note also that each pixel
# gets 3, although it is worth 1: each pixel gets the worth of its whole neighbourhood.
# An occlusion map is blurred by the size of its window.
#
# ## The same in minixai
#
# Images are rows of shape (height, width, colours). In a *linear* network, score =
# w1·x1 + w2·x2 + ..., with a window of one pixel, all methods so far that use a
# baseline agree: w · (x − b), where b is the value put in place of x.

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
    same = method(lambda node: (node * w).sum(), x, baseline=0.5).values
    claim(f"as {method.__name__}", np.allclose(one_by_one, same))

# %% [markdown]
# ## On a bird
#
# We take a redshank, windows of 8 × 8 pixels, and a stride of 4. Along a side of 64
# pixels there are 15 positions. This makes 225 passes, and one more for the whole
# image. We ask why a redshank rather than a greenshank (the difference of their
# scores), and hide with the mean colour.

# %%
model = mx.load("shorebirds")
scenes = birds.draw(5, seed=5, species=["redshank"])
redshank, greenshank = 0, 1
how = {"target": redshank, "versus": greenshank, "window": 8, "stride": 4, "batch": 32}
map_of = {"mean": mx.occlusion(model, scenes.images[:1], **how)}
lost = map_of["mean"].extras["windows"][0]  # what each of the windows loses
print(f"{lost.size} windows, {lost.shape[0]} along a side")
score = map_of["mean"].score[0]
print(
    f"the whole image: {score:.1f}; the worst window lowers it by {lost.max():.1f},",
    end=" ",
)
print(f"and one window raises it by {-lost.min():.1f}")
cover, on_bird = np.zeros((64, 64)), np.zeros((15, 15))
whole_bird = 1 - scenes.masks[0, ..., len(birds.PARTS)]
for i, j in np.ndindex(15, 15):
    cover[4 * i : 4 * i + 8, 4 * j : 4 * j + 8] += 1
    on_bird[i, j] = whole_bird[4 * i : 4 * i + 8, 4 * j : 4 * j + 8].sum()
claim(
    "a pixel inside lies under 4 windows, a corner under 1",
    (cover[32, 32], cover[0, 0]) == (4, 1),
)

# %% [markdown]
# What should hide the window? Grey is a colour, too, and a black square is a visible
# object. Here is the same map with four *baselines*: the mean colour of the image,
# black, white, and the image itself, blurred. Red is where hiding *lowers* the score,
# so that what is there raises it. Compare black and the mean colour where there is no
# bird. Rank correlation (lesson 5) says how similar two maps are: 1 if they put all
# pixels in the same order, and 0 if they are unrelated.

# %%
for name in ("black", "white", "blur"):
    map_of[name] = mx.occlusion(model, scenes.images[:1], baseline=name, **how)
flat = {name: result.values.ravel() for name, result in map_of.items()}
for name in ("blur", "white", "black"):
    alike = spearmanr(flat["mean"], flat[name]).statistic
    print(f"rank correlation of mean and {name:5} {alike:5.2f}")
sky = on_bird == 0  # windows of which no pixel is on the bird
found = {k: abs(r.extras["windows"][0])[sky].max() for k, r in map_of.items()}
told = (f"{name} {most:.1f}" for name, most in found.items())
print("largest change by a window that hides no part of the bird:", *told)
claim(
    "black changes the score most where there is no bird",
    max(found, key=found.get) == "black",
)

# %%
# Drawing: five windows, and the maps of four baselines
figure = Figure(figsize=(7.2, 3.9), layout="constrained")
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
    word = f"{'falls' if lost[i, j] > 0 else 'rises'} by {abs(lost[i, j]):.1f}"
    panel.set(xticks=[], yticks=[])
    panel.set_title(word if abs(lost[i, j]) > 0.05 else "no change", fontsize=10)
panels[5].imshow(scenes.images[0])
panels[5].set(xticks=[], yticks=[])
panels[5].set_title("the bird", fontsize=10)
for panel, (name, result) in zip(panels[6:], map_of.items(), strict=True):
    most = mx.plots.heat_map(panel, result, scenes.images[0])
    panel.set_title(name, fontsize=10)
    panel.set_xlabel(f"±{most:.1f}")
figure.suptitle(
    "hiding one window: the score falls or rises (top); four baselines", size=11
)
figure.supxlabel("red: hiding lowers the score, blue: hiding raises it", size=9)
save(figure, "window")

# %% [markdown]
# Under black, a window in the empty landscape changes the score, too, although it hides
# no part of the bird. So the map shows the effect of a black square as well as that of
# the bird.
#
# ## Try it
#
# Move the window. The left image shows what the network sees, and the right one the map
# as far as it has been computed, in reading order.

# %%
# Drawing: the image with a hidden window, and the map so far
bird, lost = scenes.images[0], map_of["mean"].extras["windows"][0]


def window_at(row, column):
    seen = bird.copy()
    rows, columns = slice(4 * row, 4 * row + 8), slice(4 * column, 4 * column + 8)
    seen[rows, columns] = np.broadcast_to(hidden, seen.shape)[rows, columns]
    total, covered = np.zeros((2, 64, 64))
    for k in range(15 * row + column + 1):
        i, j = divmod(k, 15)
        total[4 * i : 4 * i + 8, 4 * j : 4 * j + 8] += lost[i, j]
        covered[4 * i : 4 * i + 8, 4 * j : 4 * j + 8] += 1
    written = total / np.maximum(covered, 1) / abs(lost).max()
    red_and_blue = colormaps["RdBu_r"]((written + 1) / 2)[..., :3]
    both = np.hstack([seen, np.ones((64, 4, 3)), red_and_blue])
    table = {"score with the window": f"{score - lost[row, column]:.1f}"}
    return (255 * both).round().astype(np.uint8), table | {
        "change": f"{-lost[row, column]:+.1f}"
    }


positions = list(range(15))
slide = mx.plots.slider(
    window_at,
    {"row": positions, "column": positions},
    alt="a redshank with a hidden window, and the map as far as it is computed",
    start=(9, 6),
    strip=[(4, 7), (9, 6), (14, 14)],
    width=528,
)
save(slide, "moving-window")

# %% [markdown]
# ## Does hiding remove?
#
# For drawn birds we can check. We can draw a scene again without the legs, so that the
# landscape shows where they were. This is what removing means. Or we can cover exactly
# the pixels of the legs, in grey or in black, and leave all others. Both claim to show
# what the part is worth. We take eight birds of any species, and seven parts of each
# (the eye belongs to the head). For each bird we ask why it is not its partner.
# Consider the parts that matter (the contrast changes by more than 1). Do the two
# procedures agree on the *sign*, for or against?

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
    # classes 0 and 1 are partners, 2 and 3, ...: `^ 1` goes from each to its partner
    rows, scores = np.arange(len(images)), model.scores(images)
    return scores[rows, eight.labels] - scores[rows, eight.labels ^ 1]


def loss(change):
    return np.array(
        [contrast(eight.images) - contrast(change(parts)) for parts in players]
    )


def covered(colour):
    def change(parts):
        chosen = [birds.PARTS.index(part) for part in parts]
        mask = eight.masks[..., chosen].sum(axis=-1, keepdims=True)
        return (1 - mask) * eight.images + mask * colour

    return change


truth = loss(lambda parts: birds.render(eight, remove=parts)[0])
matters = abs(truth) > 1
wrong, top = {}, {}
colours = {
    "grey": eight.images.mean(axis=(1, 2), keepdims=True),
    "black": 0.0,
    "white": 1.0,
}
for name, colour in colours.items():
    patch = loss(covered(colour))
    wrong[name] = (np.sign(patch) != np.sign(truth))[matters].sum()
    top[name] = (patch.argmax(axis=0) == truth.argmax(axis=0)).sum()
    print(f"{name:5} patch: wrong sign {wrong[name]} of {matters.sum()},", end=" ")
    print(f"strongest part found on {top[name]} birds of 8")
claim("each colour gets some signs wrong", min(wrong.values()) > 0)
claim("grey finds the strongest part on most birds", top["grey"] >= 6)
claim("and black on fewer", top["black"] <= top["grey"] - 2)

# %% [markdown]
# So hiding is not removing. Even the best of the three patches gets the sign of some
# parts wrong: it makes a part that supports the species seem to speak against it, or
# the other way round. And the result depends on the colour of the patch.
#
# ## When it fails, and what it costs
#
# - **Cost.** One pass for each window. A map that is twice as fine costs four times as
#   much.
# - **"Grey means absent."** Grey is a colour, and the network may know things that are
#   grey or black. What you measure is the part removed *and* a patch inserted.
# - **"A small window shows finer truth."** Where many pixels say the same, hiding a few
#   of them changes nothing: lesson 1. A large window blurs. Try two sizes.
# - **The network cannot judge itself.** A map says what the network uses. Whether legs
#   *should* identify a redshank is a question for an expert on birds. Lesson 16 is
#   about this.
# - **The tool.** tf-explain's occlusion differs from this description in three points.
#   Its windows do not overlap, so there is nothing to average. It hides with the number
#   127.5, which is grey for pixels counted in bytes; for pixels from 0 to 1, as here,
#   it is unlike anything the network has seen. And it draws 1 − (the probability of the
#   class with the window hidden), which is not a loss. Its 0 means "still certain", and
#   it is never negative. So you cannot read from it which parts lower the probability
#   unless you know the probability of the whole image.

# %%
theirs = mx.occlusion(model, scenes.images, redshank, window=8, variant="tf-explain")
tool = theirs.values
mine = mx.occlusion(model, scenes.images, redshank, window=8, stride=8)
count = mine.extras["windows"][0].size
print(f"the tool's maps go from {tool.min():.2f} to {tool.max():.2f};", end=" ")
print(f"{count} windows without overlap")
claim("the tool hides with 127.5", theirs.baseline == 127.5)
claim("the tool's maps are never negative, on five birds", tool >= 0)
claim(
    "though on each of them hiding some window raises the score",
    mine.extras["windows"].min(axis=(1, 2)) < 0,
)

# %% [markdown]
# ## Exercises
#
# a) An image has 64 × 64 pixels, the windows are 8 × 8, and the stride is 8. How many
# passes do you need, besides the one for the whole image?
#
# b) score = relu(x − 1), x = 1.5. What is lost if x is hidden with 0, and what if it is
# hidden with 2, as a pair?
#
# c) With windows of 8 × 8 and a stride of 4: how many windows cover a pixel that is on
# the border, but far from the corners?

# %%
mine_a = None
mine_b = None
mine_c = None

answer("a", mine_a, count, {"that is with stride 4": 225, "along one side": 8})
pixel = np.full((1, 1, 1, 1), 1.5)
hide = [
    mx.occlusion(lambda n: mx.ops.relu(n - 1).sum(), pixel, window=1, baseline=b)
    for b in (0.0, 2.0)
]
traps = {
    "the loss is before minus after": (-0.5, 0.5),
    "relu: at 0 the score is 0, not −1": (1.5, -0.5),
}
answer("b", mine_b, [float(h.values.sum()) for h in hide], traps)
answer("c", mine_c, cover[0, 32], {"that is inside": 4, "that is a corner": 1})

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*:
#   the article that these lessons follow. It uses tf-explain; in its photo beak and
#   head raise the score, and the body lowers it. Our question, why not a greenshank, is
#   about the legs alone.
# - Zeiler & Fergus 2014, *Visualizing and Understanding Convolutional Networks*, §4.2
#   and Fig. 6.
# - Hesse, Schaub-Meyer & Roth 2023, *FunnyBirds*: parts removed instead of hidden.
# - In minixai: `methods/occlusion.py`.
