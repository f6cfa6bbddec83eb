# %% [markdown]
# # 18. Audit your own
#
# **Question.** A colleague sends you a heat map that another library made. She says
# that it is DeepLIFT from a black photo. Can you believe it?
#
# **Afterwards.** You can put seven questions to any map, your own or a foreign one, and
# say in five sentences what is known about it.
#
# **Minutes.** 20
#
# The photo is the cup of coffee of lesson 17, and the network is EfficientNet-Lite0.
# The map below stands for hers. It was spoiled by the commonest mistake of all.
#
# **Predict before you run.** Her map has red and blue pixels on the cup, as yours has.
# Which of these would notice that something is wrong: your eyes, the sum of the map, or
# a second computation?

# %%
import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.evaluation import randomised
from minixai.lesson import answer, claim, save
from scipy.stats import spearmanr

model = mx.load("efficientnet-lite0")
photo = mx.read_images("coffee", like=model)
mine = mx.deep_lift(model, photo)  # the baseline is black
hers = mine.extras["multipliers"]  # what she sends, in a file of NumPy

titles = ["hers", "mine"]
shown = {"titles": titles, "scale": "result", "percentile": 99.5, "size": 2.1}
save(mx.plots.show([hers, mine], photo, **shown), "hers-and-mine")

# %% [markdown]
# ## The method by hand
#
# **Does it add up?** DeepLIFT promises that the map adds up to the score minus the
# score at the baseline. That needs no knowledge of DeepLIFT: two passes through the
# network are enough.

# %%
k = int(mine.target[0])
black = np.zeros_like(photo)
moved = float(model.scores(photo)[0, k] - model.scores(black)[0, k])
print(f"f(photo) - f(black) = {moved:.2f}")
print(f"her map adds up to {hers.sum():.2f}")
repaired = hers * (photo - black)
print(f"multiplied by x - x' it adds up to {repaired.sum():.2f}")
claim("her map does not add up", abs(hers.sum() - moved) > 0.05 * abs(moved))
claim("multiplied by x - x' it does", abs(repaired.sum() - moved) < 1e-3 * abs(moved))

# %% [markdown]
# So she sent the multipliers, and not the contributions. In captum this is the option
# `multiply_by_inputs=False`.
#
# **Is it that method?** A sum can be right by accident. A second computation cannot:
# the largest difference from your own map must be rounding.

# %%
largest = abs(mine.values).max()
for name, map_ in (("her map", hers), ("repaired", repaired)):
    print(
        f"{name}: off by {abs(map_ - mine.values).max() / largest:.0e} of the largest"
    )
claim("repaired, it is yours", abs(repaired - mine.values).max() < 1e-5 * largest)

# %% [markdown]
# **Does it depend on a choice that nobody made on purpose?** She wrote "black" because
# the library's default is 0. Nothing in the photo says so. The rank correlation of two
# maps is 1 if they order the pixels alike, and about 0 if they have nothing to do with
# each other.


# %%
def agreement(one, other):
    a, b = (np.asarray(m).sum(axis=-1).ravel() for m in (one, other))
    return float(spearmanr(a, b).statistic)


for baseline in ("white", "mean", "blur"):
    other = mx.deep_lift(model, photo, target=k, baseline=baseline)
    print(f"black against {baseline}: {agreement(mine, other):.2f}")
claim("black and blur give different maps", agreement(mine, other) < 0.5)

# %% [markdown]
# **Does it depend on what the network learnt?** Let the last layer forget (lesson 14).

# %%
forgetful = randomised(model, ["predictions"])
after = mx.deep_lift(forgetful, photo, target=k)
print(f"trained against forgetful: {agreement(mine, after):.2f}")
claim("the map changes when the last layer forgets", agreement(mine, after) < 0.7)

# %% [markdown]
# ## The same in minixai
#
# `mx.audit` asks these questions and three more: does the score follow when what the
# map marks is hidden, do other methods agree, and does the method find what counts
# where that is known. Each answer is a number with its error, a sentence, its source,
# and its known weakness. There is no grade of all together.
#
# First, the second opinion on her map. Two of the questions are enough for it.

# %%
asked = ("adds up", "is that method")
report = mx.audit(model, photo, values=hers, claims="deep_lift", checks=asked)
print(*report.verdict, sep="\n")
claim("the mistake is named", "multipliers" in report["is that method"].reading)

# %% [markdown]
# Now all seven on a map of your own. A digit takes seconds. A photo takes one to three
# minutes, on the command line: `minixai audit coffee --out audit.html`.

# %%
digits = mx.load("digits")
images, _ = mx.datasets.digits("test")
digit = images[702:703]
others = ("gradient", "input_x_gradient", "integrated_gradients")
report = mx.audit(digits, digit, draws=2, methods=others)
print(report)
claim("the verdict has at most five lines", len(report.verdict) <= 5)
claim("it adds up", report["adds up"].status == "holds")

# %% [markdown]
# `report.save("audit.html")` writes a page with its pictures inside. It can be read
# without a network. `report.to_dict()` is for programs.
#
# ## Try it
#
# Choose a baseline for the digit. The map, and what the network is said to go by,
# change with it.

# %%
first = mx.deep_lift(digits, digit)


def from_baseline(baseline):
    result = mx.deep_lift(digits, digit, baseline=baseline)
    map_ = result.values[0, ..., 0]
    figure = Figure((3.2, 3.2), layout="constrained")
    ax = figure.subplots()
    ax.imshow(map_, cmap="RdBu_r", vmin=-abs(map_).max(), vmax=abs(map_).max())
    ax.set(xticks=[], yticks=[])
    numbers = {"adds up to": f"{map_.sum():.2f}"}
    return figure, numbers | {"agrees with black": f"{agreement(first, result):.2f}"}


names = ["black", "white", "mean", "blur", "noise"]
choice = mx.plots.slider(
    from_baseline,
    {"baseline": names},
    alt="the DeepLIFT map of a digit, from the baseline that is chosen",
    strip=names,
)
save(choice, "baselines")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **An audit refutes. It does not prove.** A map can pass all seven questions and
#   still mislead. The questions are those that somebody has thought of.
# - **Hiding pixels asks about images that the network has never seen.** That is why
#   deletion and insertion are repeated with three fills, and have an error.
# - **A baseline is part of the question.** That a map changes with it is no fault of
#   the map. It is a fault not to say which one was used.
# - **Only known dialects are recognised.** If nothing fits, the parameters may differ
#   from those you gave. Ask for them.
# - **Cost.** About a thousand passes, most of them for hiding.
#
# ## Exercises
#
# a) A map adds up to −2.4. The score is 3.0, and 0.6 at the baseline. By which number
# must the map be multiplied?
#
# b) captum's `riemann_trapezoid` with 50 steps has weights that add up to 49/50. A map
# that it made adds up to 4.9 where the network is linear. What should it add up to?
#
# c) A map adds up to 0.01 %, and its rank correlation is 0.92 after the last layer has
# forgotten everything. May you use it to say what the last layer learnt? Answer "yes"
# or "no".

# %%
mine_a = None
mine_b = None
mine_c = None

traps = {"its sign is wrong, not its size": 1.0, "3.0 − 0.6 is what it should be": 2.4}
answer("a", mine_a, (3.0 - 0.6) / -2.4, traps)
traps = {"weights that add up to less make it too small": 4.9 * 49 / 50}
answer("b", mine_b, 4.9 * 50 / 49, traps)
traps = {"adding up is another question, and forgetting is what this one needs": "yes"}
answer("c", mine_c, "no", traps)

# %% [markdown]
# ## To read on
#
# - `minixai audit --help`: the same for a photo of yours, and a map in a file.
# - Adebayo, Gilmer, Muelly, Goodfellow, Hardt & Kim 2018, *Sanity Checks for Saliency
#   Maps*.
# - Krishna, Han, Gu, Pombra, Jabbari, Wu & Lakkaraju 2022, *The Disagreement Problem in
#   Explainable Machine Learning*.
# - Sturmfels, Lundberg & Lee 2020, *Visualizing the Impact of Feature Attribution
#   Baselines*.
# - In minixai: `audit/`, `evaluation/`.
