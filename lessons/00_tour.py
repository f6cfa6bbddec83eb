# %% [markdown]
# # 0. Ten maps of one bird
#
# **Question.** A network looks at a bird and says "redshank". Ten methods tell why, in ten maps. Which do you believe?
#
# **Afterwards.** You know the question that the sixteen lessons are about, and have bet on an answer.
#
# **Minutes.** 5
#
# The network knows eight species of shorebirds. They are drawn, and come in pairs: a redshank and a greenshank in the
# same scene are the same picture, but for one part of the bird. So we ask: **why a redshank, and not a greenshank?**
#
# **Predict before you run.** You have not been told which part it is. Look at the bird first, and think of what sets
# it apart. Then look at the maps.

# %%
import warnings

import minixai as mx
from minixai.datasets.birds import CLASSES, draw
from minixai.lesson import claim, save

warnings.simplefilter("ignore")  # a method that does not add up says so beneath its map

model = mx.load("shorebirds")
bird, others = draw(1, seed=113), draw(20)
redshank, greenshank = CLASSES.index("redshank"), CLASSES.index("greenshank")
more = {"expected_gradients": {"background": others.images, "samples": 100}}
names = ["gradient", "input_x_gradient", "guided_backprop", "smooth_grad", "grad_cam", "hires_cam", "occlusion"]
names += ["integrated_gradients", "deep_lift", "expected_gradients"]
maps = [
    mx.catalogue[name](model, bird.images, redshank, versus=greenshank, **more.get(name, {}), batch=16)
    for name in names
]
print(f"the network says: {CLASSES[model.predict(bird.images)[0]]}")
print(f"its score for a redshank minus that for a greenshank: {maps[0].score[0]:.1f}\n")
for name in names:
    print(f"{name:22} {mx.catalogue[name].answers}")
claim("the network takes the bird for what it is", model.predict(bird.images) == bird.labels)
claim("all ten explain the same number", [abs(each.score - maps[0].score) < 1e-3 for each in maps])
title = "Why a redshank, and not a greenshank?  Ten answers"
save(mx.plots.compare(maps, bird.images, title=title, columns=4, size=2.2), "ten-maps")

# %% [markdown]
# Red raises the score of a redshank over that of a greenshank, blue lowers it. One network, one bird, one question, ten
# pictures, and some contradict each other.
#
# **Which do you believe? Write it down before you go on, with your reason.** Was it the one that looks most like a
# bird? The sharpest, the one with the largest patch, the one you could explain to a friend? Such reasons are what most
# people go by. Lesson 15 has the answer, measured: for these birds it is known what is right.
#
# ## To read on
#
# - The lessons, from 1 on: `minixai lesson 1`. Each takes 10 to 30 minutes, and has exercises: `minixai check 1`.
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*: the lessons follow this
#   article, and call it "the article". `lessons/glossary.md` has its French words, and ours.
# - Hesse, Schaub-Meyer & Roth 2023, *FunnyBirds*: the idea of birds whose explanation is known.
