# %% [markdown]
# # 16. Catch the cheat
#
# **Question.** A network names every bird of a fresh test set rightly. Would you let the reserve's wardens rely on it?
#
# **Afterwards.** You can find out what a network goes by, with maps to raise a suspicion and interventions to prove it,
# and write the report that an expert of the field can judge.
#
# **Minutes.** 30
#
# The reserve's photos were taken where the birds are at home: redshanks by the water, greenshanks on the sand, and so
# on, 95 times in 100. A network was trained on such pictures. Now it is tested on birds that it has never seen, taken
# in the same places.
#
# **Predict before you run.** It is right on all, or nearly all of them. A redshank walks up the beach. What will the
# network say? And could a heat map have told you?

# %%
import numpy as np
from matplotlib.figure import Figure

import minixai as mx
from minixai.datasets.birds import CLASSES, HABITATS, PARTS, draw
from minixai.evaluation import audit, relevance_mass
from minixai.lesson import answer, claim, save

home = {"redshank": "water", "greenshank": "sand", "robin": "reeds", "dunnock": "sand"}
home |= {"curlew": "sand", "godwit": "water", "hooded": "water", "gull": "reeds"}
networks = {
    "network A": mx.load("shorebirds-biased"),
    "network B": mx.load("shorebirds"),
}
at_home = draw(
    40, seed=161, habitat=home, bias=1.0
)  # every bird where its species is at home
own, partner = (
    at_home.labels,
    at_home.labels ^ 1,
)  # classes 0 and 1 are partners, 2 and 3, ...: ^ 1

# %% [markdown]
# ## The method by hand
#
# A second network, B, learnt from the same kind of birds, but in habitats drawn by chance. First the test that
# everybody makes. Then the same birds, pixel for pixel, each drawn where its *partner* is at home. The bird has not
# changed, so nothing in the answer may. What the contrast (own species' score minus the partner's) loses, we call the
# *fall*.

# %%
moved = at_home.with_(habitat=[home[CLASSES[k]] for k in partner])


def contrast(network, scenes):
    scores = network.scores(scenes.images)
    return scores[np.arange(40), own] - scores[np.arange(40), partner]


right, fall = {}, {}
print(
    "             rightly named: at home   where the partner lives   fall of the contrast"
)
for name, network in networks.items():
    right[name] = [
        np.mean(network.predict(scenes.images) == own) for scenes in (at_home, moved)
    ]
    fall[name] = contrast(network, at_home) - contrast(network, moved)
    mean, error = fall[name].mean(), fall[name].std(ddof=1) / np.sqrt(40)
    print(
        f"{name:12} {right[name][0]:23.0%} {right[name][1]:25.0%} {mean:15.1f} ± {error:.1f}"
    )
a, b = fall["network A"], fall["network B"]
claim(
    "at home both are right on all birds, or nearly all",
    min(right["network A"][0], right["network B"][0]) > 0.95,
)
claim("moved, B is right as before", right["network B"][1] > 0.95)
claim("and A is wrong on every tenth bird at least", right["network A"][1] < 0.9)
claim(
    "A's contrast falls far more than B's",
    a.mean() - b.mean() > 3 + 4 * np.hypot(a.std(), b.std()) / np.sqrt(40),
)

# %% [markdown]
# The test at home could not tell A from B. It was made like the training: **a high accuracy is not a right reason.**
#
# ## Could a map have told?
#
# Four methods of lesson 15 are asked "why this species, and not its partner?", of both networks, about birds at home.
# How much of each map lies on the background?

# %%
few = at_home[:16]
background = few.masks[..., len(PARTS)]
why = {"target": few.labels, "versus": few.labels ^ 1, "batch": 16}
methods = {
    "gradient": (mx.gradient, {}),
    "DeepLIFT, blurred": (mx.deep_lift, {"baseline": "blur"}),
    "expected gradients": (
        mx.expected_gradients,
        {"background": draw(20, seed=162).images, "samples": 10},
    ),
    "HiResCAM": (mx.hires_cam, {"resize": True}),
}
print(
    "share of the map on the background   network A   network B   of two maps, A's looks cleaner"
)
maps, more_of_a, cleaner = {}, {}, {}
for name, (method, more) in methods.items():
    maps[name] = [
        method(network, few.images, **why, **more) for network in networks.values()
    ]
    of_a, of_b = (
        relevance_mass(found, background, signed=name != "gradient")
        for found in maps[name]
    )
    more_of_a[name], cleaner[name] = (
        np.mean(of_a - of_b),
        np.mean(of_a[:, None] < of_b),
    )  # any bird of A's against any of B's
    print(f"{name:30} {of_a.mean():15.2f} {of_b.mean():11.2f} {cleaner[name]:20.0%}")
claim(
    "by three of the four more of A's maps lies on the background",
    np.sort([*more_of_a.values()])[1:] > 0.05,
)
least = min(cleaner[name] for name in ("gradient", "DeepLIFT, blurred", "HiResCAM"))
claim(
    "for three of the four A's map looks cleaner in one of seven pairs, or more",
    least > 1 / 7,
)

# %% [markdown]
# By three of the methods clearly more of A's maps lies on the background, on average. That is a reason for suspicion,
# and a good one. But an honest network's maps lie there, too, and you would not have had B to compare with. **A map
# raises a suspicion; an intervention proves it.**
#
# Unless the map is asked the very question (lesson 5). DeepLIFT, from the baseline "the same bird where its partner
# lives": what does the place bring? Then of course nearly all of the map lies on the background, for both; only the
# place differs. Not *where* it lies tells, but how much it adds up to: for DeepLIFT, exactly the fall (lesson 6).

# %%
there = moved.images[:16]
asked = [
    mx.deep_lift(network, few.images, baseline=there, **why)
    for network in networks.values()
]
for (name, falls), found in zip(fall.items(), asked, strict=True):
    lies, total = (
        relevance_mass(found.values, background).mean(),
        found.values.sum(axis=(1, 2, 3)),
    )
    print(
        f"{name}: {lies:.0%} on the background; the sum is {total.mean():.1f}, the fall {falls[:16].mean():.1f}"
    )
    claim("nearly all of it lies there", lies > 0.85)
    claim(
        "it adds up to the fall, bird by bird",
        np.allclose(total, falls[:16], atol=0.01),
    )

fooled = [
    k for k in range(16) if networks["network A"].predict(there)[k] != few.labels[k]
][:3]
says = {
    name: [CLASSES[k] for k in network.predict(there)]
    for name, network in networks.items()
}
figure = Figure(figsize=(9.6, 2.15 * len(fooled) + 0.5), layout="constrained")
for axes, k in zip(figure.subplots(len(fooled), 5, squeeze=False), fooled, strict=True):
    said = f"moved. A: {says['network A'][k]}, B: {says['network B'][k]}"
    titles = [
        f"{CLASSES[few.labels[k]]} at home",
        "A's map, DeepLIFT blurred",
        "B's map, the same",
        said,
    ]
    panels = [
        few.images[k],
        *(each.values[k] for each in maps["DeepLIFT, blurred"]),
        there[k],
        asked[0].values[k],
    ]
    for ax, panel, title in zip(
        axes, panels, [*titles, "A: what the place brings"], strict=True
    ):
        is_photo, most = panel.min() >= 0, np.percentile(abs(panel.sum(axis=-1)), 99.5)
        ax.imshow(
            panel if is_photo else panel.sum(axis=-1),
            cmap="RdBu_r",
            vmin=-most,
            vmax=most,
        )
        ax.set_title(title, fontsize=8)
        ax.set(xticks=[], yticks=[])
figure.suptitle(
    "Red raises the bird's own species, blue its partner's: the same bird, and another answer",
    fontsize=10,
)
save(figure, "cheat")

# %% [markdown]
# ## The same in minixai
#
# `audit` moves birds to every habitat and takes every part away; `minixai score --model shorebirds-biased` shows it,
# too.

# %%
audits = {name: audit(network, at_home) for name, network in networks.items()}
print(audits["network A"])
top = [found.top.mean() for found in audits.values()]
print(
    f"\nthe decisive part matters most of all parts: {top[0]:.0%} of A's birds, {top[1]:.0%} of B's"
)
claim("A goes by the decisive part on far fewer birds than B", top[0] < top[1] - 0.15)
claim(
    "to B it is worth far more than the place",
    audits["network B"].decisive.mean() > 3 * abs(b.mean()),
)
in_a, in_b = (
    np.array([each.right[own == k].mean(axis=0) for k in range(8)])
    for each in audits.values()
)
claim("A has species that are right everywhere", in_a.min(axis=1).max() == 1)
claim(
    "and species that it mostly gets wrong somewhere; B has none",
    in_a.min() < 0.5 and in_b.min() > 0.9,
)

# %% [markdown]
# ## The report
#
# The article that these lessons follow gives two reasons to explain a network, and this is where both come due. **For
# those who build it:** to find where a bias comes from, mend it, and get a network that is better and more robust.
# **For those who use it:** people accept a network into their work when they can judge what it goes by. They know
# birds, and no gradients. So the report says what was done to which pictures, what happened, and what only they can
# answer.

# %%
worst = ", ".join(CLASSES[k] for k in range(8) if in_a[k].min() < 0.9)
(home_a, moved_a), (home_b, moved_b) = right.values()
print(f"""
REPORT for the wardens of the reserve
  Tested          A network that names eight shorebirds, on {len(at_home)} new pictures taken where each is at home.
  It is right on  {home_a:.0%} of them; on {moved_a:.0%} once the same birds stand where their likest relative lives.
  Why             It goes by the place as well as by the bird. Moving a bird costs its species {a.mean():.0f} points of
                  score; taking away the one part that marks it costs {audits["network A"].decisive.mean():.0f}.
  Do not rely on  {worst}: in some place it got more than one in ten wrong.
  Where from      The pictures it learnt from: 95 in 100 were taken at home.
  What we did     Another, that learnt from birds in all places alike: {home_b:.0%} at home, {moved_b:.0%} moved.
  You can judge   Is the place fair evidence? For a bird half hidden in reeds; but for a stray?
                  What else could it have learnt: the season, the observer, the camera?
  Not tested      Photos; other species; fog. These birds are drawn.
""")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **The mending, honestly.** B differs from A in two ways: its birds stood anywhere, and where the decisive part was
#   missing from a picture, it was told "either of the two", while A was told the species, which only the place could
#   give away. We have not measured which of the two helped how much.
# - **"A high accuracy means right reasons."** Not if the test was made like the training.
# - **"A clean map clears a network."** Some of A's maps are cleaner than some of B's. (Look at the first row of the
#   figure: does A's map look like that of a network that will be fooled by the place?)
# - **Only what you think of is found.** We moved birds because we had the habitats in mind. Maps are good for that:
#   they tell you what to try next.
# - **On photos** you cannot draw the bird anew. Look for the same animal in other places, or cut it out and paste it
#   there, and mind that pasting leaves edges.
#
# ## Exercises
#
# a) Network A names godwits rightly in one habitat only, or nearly. Which?
#
# b) At home A is right on all, where the partner lives on 0.7. A fresh test set, made like the training, has 95 of 100
#    birds at home, and let the others stand where the partner lives. What accuracy will it show?
#
# c) In the corner of every redshank's picture is a black tag. A network is y = 2 · legs + 3 · (1 − tag), with the pixel
#    `tag` at 0 where the tag is, 1 where it is not. At legs = 1, tag = 0: what do integrated gradients from black
#    give to the tag? And by how much does y fall if you paint over it in white? (Two numbers.)

# %%
mine_a = None  # a habitat
mine_b = None
mine_c = None  # (integrated gradients, fall)

godwit = in_a[CLASSES.index("godwit")]
answer(
    "a",
    mine_a,
    HABITATS[godwit.argmax()],
    {"that is a curlew's home, and a curlew is what it says there": "sand"},
)
traps = {
    "that is for moved birds alone": 0.7,
    "the two kinds are not equally frequent": 0.85,
    "five are not at home": 1,
}
answer("b", mine_b, 0.95 * 1 + 0.05 * 0.7, traps)
found = mx.integrated_gradients(
    lambda x: 2 * x[:, 0] + 3 * (1 - x[:, 1]), [[1.0, 0.0]], baseline=0.0
).values
right_c = (found[0, 1], (2 * 1 + 3 * (1 - 0)) - (2 * 1 + 3 * (1 - 1)))
traps = {
    "where a pixel equals the baseline it gets 0": (3, 3),
    "y falls: work it out before and after": (0, 0),
}
answer(
    "c",
    mine_c,
    right_c,
    traps | {"the tag itself is black, as the baseline is": (-3, 3)},
)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*: the article that these lessons
#   follow.
# - Lapuschkin, Wäldchen, Binder, Montavon, Samek & Müller 2019, *Unmasking Clever Hans predictors*: a tag in the corner
#   of the pictures of horses, found by maps.
# - Beery, Van Horn & Perona 2018, *Recognition in Terra Incognita*: cows on the beach.
# - Geirhos and others 2020, *Shortcut Learning in Deep Neural Networks*.
# - Adebayo, Muelly, Abelson & Kim 2022, *Post hoc Explanations may be Ineffective for Detecting Unknown Spurious
#   Correlation*: that a map seldom tells what you do not already suspect.
# - In minixai: `evaluation/interventions.py`.
