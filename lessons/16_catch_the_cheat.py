# %% [markdown]
# # 16. Catch the cheat
#
# **Question.** A network names every bird of a new test set correctly. Would you let
# the wardens of the reserve rely on it?
#
# **Afterwards.** You can find out what a network uses, with maps that raise a suspicion
# and interventions that prove it, and write a report that an expert of the field can
# judge.
#
# **Minutes.** 30
#
# The photos of the reserve were taken where the birds are at home: redshanks near the
# water, greenshanks on the sand, and so on, in 95 of 100 photos. A network was trained
# on such images. Now it is tested on birds that it has never seen, in the same places.
#
# **Predict before you run.** It is right on all, or almost all of them. Now a redshank
# walks up the beach. What will the network say? And could a heat map have told you?

# %%
import minixai as mx
import numpy as np
from matplotlib.figure import Figure
from minixai.datasets.birds import CLASSES, HABITATS, PARTS, draw, render
from minixai.evaluation import intervene, relevance_mass
from minixai.lesson import answer, claim, save

home = {"redshank": "water", "greenshank": "sand", "robin": "reeds", "dunnock": "sand"}
home |= {"curlew": "sand", "godwit": "water", "hooded": "water", "gull": "reeds"}
networks = {
    "network A": mx.load("shorebirds-biased"),
    "network B": mx.load("shorebirds"),
}
at_home = draw(40, seed=161, habitat=home, bias=1.0)  # every bird at home
own, partner = at_home.labels, at_home.labels ^ 1  # 0 and 1 are partners, 2 and 3, ...

# %% [markdown]
# ## The method by hand
#
# A second network, B, learnt from the same kind of birds, but in random habitats. First
# comes the test that everybody runs. Then come the same birds, pixel for pixel, each
# drawn where its *partner* is at home. The bird has not changed, so the answer should
# not change either. The *fall* is what the contrast (the score of the own species minus
# the score of the partner) loses.

# %%
moved = at_home.with_(habitat=[home[CLASSES[k]] for k in partner])


def contrast(network, scenes):
    scores = network.scores(scenes.images)
    return scores[np.arange(40), own] - scores[np.arange(40), partner]


right, fall = {}, {}
print("              correct: at home   where the partner lives   fall of the contrast")
for name, network in networks.items():
    answers = [network.predict(scenes.images) for scenes in (at_home, moved)]
    right[name] = [np.mean(each == own) for each in answers]
    fall[name] = contrast(network, at_home) - contrast(network, moved)
    mean, error = fall[name].mean(), fall[name].std(ddof=1) / np.sqrt(40)
    print(f"{name:12} {right[name][0]:17.0%} {right[name][1]:25.0%}", end=" ")
    print(f"{mean:15.1f} ± {error:.1f}")
a, b = fall["network A"], fall["network B"]
worse = min(right["network A"][0], right["network B"][0])
claim("at home both are right on all birds, or nearly all", worse > 0.95)
claim("B is right about the moved birds, too", right["network B"][1] > 0.95)
claim("A is wrong about one moved bird in ten, at least", right["network A"][1] < 0.9)
claim(
    "A's contrast falls far more than B's",
    a.mean() - b.mean() > 3 + 4 * np.hypot(a.std(), b.std()) / np.sqrt(40),
)

# %% [markdown]
# The test at home could not distinguish A from B, because it resembled the training
# data. **A high accuracy does not prove a right reason.**
#
# ## Could a map have told you?
#
# We apply four methods of lesson 15 to both networks, and ask about birds at home: why
# this species, and not its partner? How much of each map lies on the background? The
# last column compares every map of A with every map of B, 16 × 16 pairs: in how many of
# them does A's map have less on the background, so that it looks cleaner?

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
print("fraction on the background       network A   network B   pairs: A's is cleaner")
maps, more_of_a, cleaner = {}, {}, {}
for name, (method, more) in methods.items():
    maps[name] = [method(each, few.images, **why, **more) for each in networks.values()]
    signed = name != "gradient"
    of_a, of_b = (
        relevance_mass(each, background, signed=signed) for each in maps[name]
    )
    more_of_a[name] = np.mean(of_a - of_b)
    cleaner[name] = np.mean(of_a[:, None] < of_b)  # any bird of A against any of B
    print(f"{name:30} {of_a.mean():11.2f} {of_b.mean():11.2f} {cleaner[name]:20.0%}")
difference = np.sort([*more_of_a.values()])[1:]
claim(
    "for three of the four, more of A's maps lies on the background", difference > 0.05
)
least = min(cleaner[name] for name in ("gradient", "DeepLIFT, blurred", "HiResCAM"))
claim(
    "for three of the four, A's map looks cleaner in more than 1/7 of the pairs",
    least > 1 / 7,
)

# %% [markdown]
# For three of the methods, clearly more of A's maps lies on the background, on average.
# That is a reason for suspicion, and a good one. But the maps of an honest network lie
# there, too, and in practice you would not have B to compare with. **A map raises a
# suspicion; an intervention proves it.**
#
# There is one exception: a map whose baseline is the moved bird asks exactly our
# question (lesson 5). DeepLIFT from the baseline "the same bird where its partner
# lives" asks what the place contributes. Then of course almost all of the map lies on
# the background, for both networks, because only the place differs. So do not look at
# *where* the map lies, but at its sum. For DeepLIFT the sum is exactly the fall (lesson
# 6).

# %%
there = moved.images[:16]
of_place = [
    mx.deep_lift(each, few.images, baseline=there, **why) for each in networks.values()
]
for (name, falls), found in zip(fall.items(), of_place, strict=True):
    lies = relevance_mass(found.values, background).mean()
    total = found.values.sum(axis=(1, 2, 3))
    print(f"{name}: {lies:.0%} on the background;", end=" ")
    print(f"the sum is {total.mean():.1f}, the fall {falls[:16].mean():.1f}")
    claim("almost all of it lies there", lies > 0.85)
    claim(
        "it adds up to the fall, bird by bird",
        np.allclose(total, falls[:16], atol=0.01),
    )

wrong = networks["network A"].predict(there) != few.labels
fooled = np.flatnonzero(wrong)[:3].tolist()
says = {
    name: [CLASSES[k] for k in each.predict(there)] for name, each in networks.items()
}

# %%
# Drawing: three birds that fool network A, and their maps
figure = Figure(figsize=(7.3, 2.0 * len(fooled) + 0.5), layout="constrained")
for axes, k in zip(figure.subplots(len(fooled), 5, squeeze=False), fooled, strict=True):
    said = f"moved. A: {says['network A'][k]},\nB: {says['network B'][k]}"
    titles = [f"{CLASSES[few.labels[k]]}\nat home", "map of A,\nDeepLIFT blurred"]
    titles += ["map of B,\nDeepLIFT blurred", said, "A: what the place\ncontributes"]
    shown = [None, *maps["DeepLIFT, blurred"], None, of_place[0]]
    images = [few.images[k]] * 3 + [there[k]] * 2
    for ax, result, image, title in zip(axes, shown, images, titles, strict=True):
        ax.set_title(title, fontsize=9)
        if result is None:
            ax.imshow(image)
            ax.set(xticks=[], yticks=[])
        else:
            how = {"row": k, "percentile": 99.5}
            ax.set_xlabel(f"±{mx.plots.heat_map(ax, result, image, **how):.2g}")
words = "red: evidence for the bird's own species, blue: for its partner"
figure.supxlabel(words, fontsize=10)
save(figure, "cheat")

# %%
print(
    "DeepLIFT of B from a blurred image, and what B's contrast loses without the part:"
)
part_of_b = {}
for k in fooled:
    values = maps["DeepLIFT, blurred"][1].values[k].sum(axis=-1)
    part = few.distinguishing_parts[k]
    got = (values * few.masks[k, ..., part]).sum()
    one = few[[k]]
    bare = render(one, remove=[PARTS[part]])[0]
    both = [networks["network B"].scores(x)[0] for x in (one.images, bare)]
    label = one.labels[0]
    lost = np.subtract(*(each[label] - each[label ^ 1] for each in both))
    part_of_b[k] = got, lost
    told = f"{CLASSES[label]:10} {PARTS[part]:5} gets {got:+5.1f}"
    print(f"{told}; without it the contrast changes by {-lost:+5.1f}")
gull = next((pair for k, pair in part_of_b.items() if CLASSES[few.labels[k]] == "gull"))
claim("of the gull the head gets little, and is worth little", np.abs(gull) < 2)

# %% [markdown]
# Look at the second row. The map of B is blue on parts of the gull's head, although B
# is right about this gull wherever it stands. In sum the head gets −0.5, which is
# almost nothing. And without the head B's contrast falls by only 0.8. What tells a gull
# from a hooded crow is that it has *no* black head, so its head has little to say. A
# map can look wrong although the network is honest.
#
# ## Try it
#
# Move the birds yourself. Choose a bird, a habitat and a network. Which network changes
# its answer?

# %%
# Drawing: a bird in a habitat, and what a network says
travellers = at_home[:8]
moved_to = {place: travellers.with_(habitat=[place] * 8) for place in HABITATS}


def answer_of(k, place, name):
    images = moved_to[place].images[k : k + 1]
    network = networks[name]
    species, other = travellers.labels[k], travellers.labels[k] ^ 1
    p = network.probabilities(images)[0]
    said = CLASSES[p.argmax()]
    wrong = "" if p.argmax() == species else f" (it is a {CLASSES[species]})"
    table = {"the network says": f"{said}{wrong}", "its probability": f"{p.max():.0%}"}
    scores = network.scores(images)[0]
    table["own score minus partner's"] = f"{scores[species] - scores[other]:.1f}"
    return (255 * images[0]).round().astype(np.uint8), table


first = int(fooled[0]) if fooled and fooled[0] < 8 else 0
away = home[CLASSES[travellers.labels[first] ^ 1]]
walk = mx.plots.slider(
    answer_of,
    {"bird": range(8), "habitat": list(HABITATS), "network": list(networks)},
    alt="a bird in a habitat, and what a network says about it",
    start=(first, away, "network A"),
    strip=[(first, away, name) for name in networks],
)
save(walk, "habitats")

# %% [markdown]
# ## The same in minixai
#
# `intervene` moves birds to every habitat and removes every part. `minixai score
# --model shorebirds-biased` shows the result, too.

# %%
audits = {name: intervene(network, at_home) for name, network in networks.items()}
print(audits["network A"])
print(audits["network A"].check())
counts = np.bincount(own, minlength=8)
print(f"(of each species there are {counts.min()} to {counts.max()} birds)")
top = [found.top.mean() for found in audits.values()]
print(
    f"\nthe decisive part matters most: {top[0]:.0%} of A's birds, {top[1]:.0%} of B's"
)
claim("A uses the decisive part on far fewer birds than B", top[0] < top[1] - 0.15)
part_of_b = audits["network B"].decisive.mean()
claim("to B it is worth far more than the place", part_of_b > 3 * abs(b.mean()))
in_a, in_b = (
    np.array([each.right[own == k].mean(axis=0) for k in range(8)])
    for each in audits.values()
)
claim("A has species that are right everywhere", in_a.min(axis=1).max() == 1)
mostly_wrong = in_a.min() < 0.5 and in_b.min() > 0.9
claim("and species that it mostly gets wrong somewhere; B has none", mostly_wrong)

# %% [markdown]
# ## The report
#
# There are two reasons to explain a network, and this is where both matter. **For those
# who build it:** to find where a bias comes from, remove it, and get a better and more
# robust network. **For those who use it:** people accept a network in their work when
# they can judge what it uses. They know birds, and they do not know gradients. So the
# report says what was done to which images, what happened, and which questions only
# they can answer.

# %%
worst = ", ".join(CLASSES[k] for k in range(8) if in_a[k].min() < 0.9)
(home_a, moved_a), (home_b, moved_b) = right.values()
part = audits["network A"].decisive.mean()
print(f"""
REPORT for the wardens of the reserve
  Tested         A network that names eight shorebirds, on {len(at_home)} new images of
                 birds where they are at home.
  It is right    on {home_a:.0%} of them, and on {moved_a:.0%} when the same birds stand
                 where their closest relative lives.
  Why            It uses the place as well as the bird. Moving a bird costs its species
                 {a.mean():.0f} points of score. Removing the one part that identifies
                 it costs {part:.0f}.
  Do not rely on it for {worst}:
                 in some place it got more than one in ten wrong.
  Likely cause   Of the images from which it learnt, 95 in 100 were taken at home.
  What we did    We trained another network on birds in all places alike, and
                 changed the labels of birds whose important part is missing:
                 it is right on {home_b:.0%} at home, and on {moved_b:.0%} when moved.
  You can judge  Is the place fair evidence? Perhaps for a bird half hidden in reeds,
                 but for a stray? What else could the network have learnt: the season,
                 the observer, the camera?
  Not tested     Photos; other species; fog. These birds are drawn.
""")

# %% [markdown]
# ## When it fails, and what it costs
#
# - **What repaired the network?** B differs from A in two respects. Its birds stood
#   anywhere. And the training label was another one where the decisive part was missing
#   from an image: for B it was one half for each of the two species, and for A it was
#   the true species, which only the place could reveal. We have not measured how much
#   each of the two helped.
# - **"A high accuracy means right reasons."** Not if the test resembles the training
#   data.
# - **"A clean map clears a network."** Some of A's maps are cleaner than some of B's.
#   (Look at the first row of the figure. Does A's map look like that of a network that
#   the place will fool?)
# - **You find only what you think of.** We moved birds because we had the habitats in
#   mind. Maps are good for this: they suggest what to try next.
# - **For photos** you cannot draw the bird again. Look for the same animal in other
#   places, or cut it out and paste it there, and remember that pasting leaves edges.
#
# ## Exercises
#
# a) Network A names godwits correctly in one habitat only, or nearly so. Which one?
#
# b) At home A is right on all birds, and on 0.7 of them where the partner lives. A new
# test set resembles the training data: 95 of 100 birds are at home, and the others
# stand where the partner lives. Which accuracy will it show?
#
# c) In the corner of every redshank's image is a black tag. A network is y = 2 · legs +
# 3 · (1 − tag). The pixel `tag` is 0 where the tag is, and 1 where it is not. At legs =
# 1, tag = 0: what do integrated gradients from black give to the tag? And by how much
# does y fall if you paint over the tag in white? (Two numbers.)

# %%
mine_a = None  # a habitat
mine_b = None
mine_c = None  # (integrated gradients, fall)

godwit = in_a[CLASSES.index("godwit")]
traps = {"that is the home of the curlew, and there it says curlew": "sand"}
answer("a", mine_a, HABITATS[godwit.argmax()], traps)
traps = {
    "that is the accuracy on moved birds alone": 0.7,
    "the two kinds are not equally frequent": 0.85,
    "five birds of 100 are not at home": 1,
}
answer("b", mine_b, 0.95 * 1 + 0.05 * 0.7, traps)


def tagged(x):
    return 2 * x[:, 0] + 3 * (1 - x[:, 1])


found = mx.integrated_gradients(tagged, [[1.0, 0.0]], baseline=0.0).values
right_c = (found[0, 1], (2 * 1 + 3 * (1 - 0)) - (2 * 1 + 3 * (1 - 1)))
traps = {
    "where a pixel equals the baseline it gets 0": (3, 3),
    "y falls: compute it before and after": (0, 0),
    "the tag itself is black, as the baseline is": (-3, 3),
}
answer("c", mine_c, right_c, traps)

# %% [markdown]
# ## To read on
#
# - Roussel & Sok, *Techniques d'intelligibilité en Deep Learning appliquées à l'image*:
#   the article that these lessons follow. It names the two reasons above.
# - Lapuschkin, Wäldchen, Binder, Montavon, Samek & Müller 2019, *Unmasking Clever Hans
#   predictors*: a tag in the corner of images of horses, found by maps.
# - Beery, Van Horn & Perona 2018, *Recognition in Terra Incognita*: cows on the beach.
# - Geirhos and others 2020, *Shortcut Learning in Deep Neural Networks*.
# - Adebayo, Muelly, Abelson & Kim 2022, *Post hoc Explanations may be Ineffective for
#   Detecting Unknown Spurious Correlation*: a map seldom reveals what you do not
#   already suspect.
# - In minixai: `evaluation/interventions.py`.
