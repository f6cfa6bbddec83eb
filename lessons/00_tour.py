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
# The network knows eight species, in four pairs: redshank and greenshank, robin and
# dunnock, curlew and godwit, hooded crow and gull. (Not all of them live on a shore,
# but we call them the *shorebirds*.) The birds are drawn by a program. The two birds of
# a pair, drawn in the same scene, are the same picture except for one part of the bird.
#
# The network gives each species a number, its *score*. The species with the highest
# score is its answer. We ask: **why a redshank, and not a greenshank?** That is, what
# makes the score of the redshank larger than that of the greenshank? Each method
# answers with a *map*, which has one number for each pixel. The right map marks the
# part in which the two birds differ.

# %%
import warnings

import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.datasets.birds import CLASSES, PARTS, draw, render
from minixai.lesson import claim, save

warnings.simplefilter("ignore")  # some methods do not add up; their maps say so

model = mx.load("shorebirds")
bird, others = draw(1, seed=113), draw(20)
redshank, greenshank = CLASSES.index("redshank"), CLASSES.index("greenshank")
headings = {"gradient": "gradient", "input_x_gradient": "input × gradient"}
headings |= {"guided_backprop": "guided backprop", "smooth_grad": "SmoothGrad"}
headings |= {"grad_cam": "Grad-CAM", "hires_cam": "HiResCAM", "occlusion": "occlusion"}
headings["integrated_gradients"] = "integrated gradients, from black"
headings |= {"deep_lift": "DeepLIFT, from a blurred image"}
headings |= {"expected_gradients": "expected gradients, from 20 birds"}
more = {"expected_gradients": {"background": others.images, "samples": 100}}
more["deep_lift"] = {"baseline": "blur"}  # integrated gradients start from black
how = {"versus": greenshank, "batch": 16}
maps = {
    name: mx.catalogue[name](model, bird.images, redshank, **how | more.get(name, {}))
    for name in headings
}
print(f"the network says: {CLASSES[model.predict(bird.images)[0]]}")
score = maps["gradient"].score[0]
print(f"its score for a redshank minus that for a greenshank: {score:.1f}\n")
for name in headings:
    print(f"{name:22} {mx.catalogue[name].answers}")
claim("the network names the bird correctly", model.predict(bird.images) == bird.labels)
claim(
    "all ten methods explain the same number",
    [abs(each.score - score) < 1e-3 for each in maps.values()],
)

# %%
# Drawing: the bird and its ten maps
title = "Why a redshank, and not a greenshank?  Ten answers"
look = {"title": title, "titles": [*headings.values()], "columns": 4, "size": 1.55}
results = [*maps.values()]
save(mx.plots.compare(results, bird.images, percentile=99.7, **look), "ten-maps")

# %% [markdown]
# The maps have two kinds of colours, because they say two kinds of things.
#
# - **Red and blue: contributions.** Red raises the score of a redshank above that of a
#   greenshank. Blue lowers it.
# - **Orange and green: slopes.** Orange means that a *brighter* pixel would raise the
#   score. Green means that a *darker* pixel would. A slope says nothing about what the
#   pixel does now. Lesson 3 explains the difference. (Guided backprop has these colours
#   because it is made like a slope. Lesson 13 shows that it is not one.)
#
# You need not understand the words and numbers below the maps yet. Lessons 1 to 5
# explain them.
#
# There is one network, one bird and one question, but there are ten pictures, and some
# contradict each other. Look at the feet: integrated gradients from black colour them
# red, and DeepLIFT from a blurred image colours them blue.
#
# **Predict before you run.** In which part do the two birds differ? Choose one map to
# trust. Write down your choice and your reason.

# %%
# Drawing: the bird beside one map, with the part that differs
part = bird.masks[0, ..., bird.distinguishing_parts[0]]


def picture(name, outlined):
    figure = Figure((5.2, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(bird.images[0])
    left.set(xticks=[], yticks=[], title="the bird")
    outline = part if outlined else None
    one = maps[name]
    mx.plots.heat_map(right, one, bird.images[0], outline=outline, percentile=99.7)
    right.set_title(headings[name].replace(", from", ",\nfrom"))
    return figure


bet = mx.plots.slider(
    picture,
    {"method": list(headings), "outline the part that differs": [False, True]},
    alt="a bird and one of ten maps of it",
    start=("gradient", True),
    strip=[("gradient", False), ("occlusion", True)],
)
save(bet, "bet")

# %% [markdown]
# The outline shows the part that really differs: the legs. (The program that draws the
# birds knows which pixels belong to which part.) Did your map lie on that part, and on
# little else?
#
# Why do some maps colour the lower half of the legs blue? Do red feet speak against a
# redshank? Because the birds are drawn, we can ask the network itself. We draw the bird
# without its legs, put one half of the legs back, and look at what that half changes.

# %%
rows = np.flatnonzero(part.any(axis=1))
half = (rows[0] + rows[-1] + 1) // 2
bare, parts = render(bird, remove=["legs"])[0], {"upper": slice(rows[0], half)}
parts["lower"] = slice(half, rows[-1] + 1)


def difference(image):
    scores = model.scores(image)[0]
    return scores[redshank] - scores[greenshank]


falls = {}
for name, span in parts.items():
    changed = bird.images.copy()
    changed[:, span] = bare[:, span]
    falls[name] = difference(bird.images) - difference(changed)
    print(f"without the {name} half of the legs the difference changes", end=" ")
    print(f"by {-falls[name]:+.1f}")
claim("the outlined part is the legs", PARTS[bird.distinguishing_parts[0]] == "legs")
claim("without the upper half it falls far", falls["upper"] > 0.9 * score)
claim("without the lower half it rises a little", -0.3 * score < falls["lower"] < 0)

# %% [markdown]
# So the blue feet are no mistake of these maps. The network has learnt to look at the
# upper half of the legs, and without the lower half it would be a little surer of its
# redshank. A map can be right about a network although no expert on birds would agree.
#
# One bird proves nothing. Lesson 15 settles the bet on twenty birds, with four scores,
# and shows the ten methods on this bird again.
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
