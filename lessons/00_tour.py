# %% [markdown]
# # 0. Ten maps of one bird
#
# **Question.** A network looks at a bird and says "redshank". Ten methods explain why,
# in ten maps. Which do you believe?
#
# **Afterwards.** You know the question that the lessons answer, and you have bet on an
# answer.
#
# **Minutes.** 5
#
# The network knows eight species of shorebirds. The birds are drawn by a program, and
# the species come in pairs. A redshank and a greenshank in the same scene are the same
# picture, except for one part of the bird. So we ask: **why a redshank, and not a
# greenshank?** The right map marks the part that differs.
#
# **Predict before you run.** Which part is it? Look at the ten maps, and choose one map
# to trust. Write down your choice and your reason.

# %%
import warnings

import minixai as mx
from matplotlib.figure import Figure
from minixai.datasets.birds import CLASSES, draw
from minixai.lesson import claim, save

warnings.simplefilter("ignore")  # some methods do not add up; their maps say so

model = mx.load("shorebirds")
bird, others = draw(1, seed=113), draw(20)
redshank, greenshank = CLASSES.index("redshank"), CLASSES.index("greenshank")
more = {"expected_gradients": {"background": others.images, "samples": 100}}
more["deep_lift"] = {"baseline": "blur"}  # integrated gradients start from black
names = ["gradient", "input_x_gradient", "guided_backprop", "smooth_grad", "grad_cam"]
names += ["hires_cam", "occlusion", "integrated_gradients", "deep_lift"]
names += ["expected_gradients"]
maps = [
    mx.catalogue[name](
        model, bird.images, redshank, versus=greenshank, batch=16, **more.get(name, {})
    )
    for name in names
]
print(f"the network says: {CLASSES[model.predict(bird.images)[0]]}")
print(f"its score for a redshank minus that for a greenshank: {maps[0].score[0]:.1f}\n")
for name in names:
    print(f"{name:22} {mx.catalogue[name].answers}")
claim("the network names the bird correctly", model.predict(bird.images) == bird.labels)
claim(
    "all ten methods explain the same number",
    [abs(each.score - maps[0].score) < 1e-3 for each in maps],
)
headings = [name.replace("_", " ") for name in names]
headings[7:9] = ["integrated gradients, from black", "deep lift, from a blur"]
title = "Why a redshank, and not a greenshank?  Ten answers"
how = {"title": title, "titles": headings, "columns": 4, "size": 1.55}
save(mx.plots.compare(maps, bird.images, percentile=99.7, **how), "ten-maps")

# %% [markdown]
# The maps have two kinds of colours, because they say two kinds of things.
#
# - **Red and blue: contributions.** Red raises the score of a redshank above that of a
#   greenshank. Blue lowers it.
# - **Orange and green: slopes.** Orange means that a *brighter* pixel would raise the
#   score. Green means that a *darker* pixel would. A slope says nothing about what the
#   pixel does now. Lesson 3 explains the difference.
#
# There is one network, one bird and one question, but there are ten pictures, and some
# contradict each other.
#
# ## Place your bet
#
# Choose the map that you trust. Then let the page outline the part that really differs.
# (The program that draws the birds knows which pixels belong to which part.)

# %%
part = bird.masks[0, ..., bird.distinguishing_parts[0]]


def picture(name, outlined):
    figure = Figure((5.2, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(bird.images[0])
    left.set(xticks=[], yticks=[], title="the bird")
    outline = part if outlined else None
    one = maps[names.index(name)]
    mx.plots.heat_map(right, one, bird.images[0], outline=outline, percentile=99.7)
    right.set_title(headings[names.index(name)].replace(", from", ",\nfrom"))
    return figure


bet = mx.plots.slider(
    picture,
    {"method": names, "outline the part that differs": [False, True]},
    alt="a bird and one of ten maps of it",
    strip=[("gradient", False), ("occlusion", False)],
)
save(bet, "bet")

# %% [markdown]
# Did your map lie on that part, and on little else? One bird proves nothing. Lesson 15
# settles the bet on twenty birds, with four scores, and shows these ten maps again.
#
# Most people choose the map that looks most like a bird, the sharpest one, or the one
# with the largest patch. None of these reasons says anything about the network.
#
# ## To read on
#
# - The lessons, from 1 on: `minixai lesson 1`. Each takes 10 to 30 minutes and has
#   exercises: `minixai check 1`.
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*:
#   the article that the lessons follow. They call it "the article".
#   `lessons/glossary.md` lists its French terms and ours.
# - Hesse, Schaub-Meyer & Roth 2023, *FunnyBirds*: drawn birds whose explanation is
#   known.
