# %% [markdown]
# # Your own network, your own photo
#
# **Question.** The lessons explained networks that came with them. How do you explain a network of your own?
#
# **Afterwards.** You have a routine of five steps, from reading the network to a map that has passed a test.
#
# **Minutes.** 15
#
# We take EfficientNet-Lite0, a network for the 1,000 classes of ImageNet, and the photo
# of a cat. Both come with minixai, so that this page runs anywhere. In your own script
# only two lines change:
#
#     model = mx.load("net.onnx", preprocessing="imagenet", classes="labels.txt")
#     images = mx.read_images(["my-photo.jpg"], like=model)
#
# ## 1. Read the network, and make sure that it is read right
#
# The first test has nothing to do with maps: does the network, as minixai reads it, say what it said where it was
# trained? Wrong preprocessing is the most frequent reason for a strange map.

# %%
import numpy as np

import minixai as mx
from minixai.lesson import claim, save

model = mx.load("efficientnet-lite0")
images = mx.read_images(["cat"], like=model)
probabilities = model.probabilities(images)[0]
for k in np.argsort(-probabilities)[:3]:
    print(f"{model.classes[k]:15} {probabilities[k]:.2f}")
target = int(probabilities.argmax())
claim("the network calls the photo a kind of cat", "cat" in model.classes[target])

# %% [markdown]
# ## 2. Change the photo before you explain it
#
# Occlusion needs no theory: hide a square of the photo, and see what the score loses. It costs a pass for each square,
# and it is the yardstick for what follows. We hide with a blurred photo, because a grey square is an object too.

# %%
hidden = mx.occlusion(model, images, target, window=56, stride=28, baseline="blur")
print(hidden)

# %% [markdown]
# ## 3. Ask a method that fits the question
#
# "What in this photo, compared with a blurred one, made the score?" That is a question for a method with a baseline
# whose values add up. The certificate says whether they do: look at the gap before you look at the map.

# %%
lift = mx.deep_lift(model, images, target, baseline="blur")
print(lift)
moved = float(lift.score[0] - lift.reference_score[0])
claim("the values add up to what moved the score, to 1 in 1,000", abs(lift.gap[0]) < 1e-3 * abs(moved))

# %% [markdown]
# ## 4. Put the maps to a test
#
# A map that knows nothing of the network can look convincing. So we ask the same network with random weights in its
# last layer. A map that hardly changes is about the photo, not about the network (lesson 14).

# %%
weights = {name: value.copy() for name, value in model.weights.items()}
last = model.layers[-1].name
rng = np.random.default_rng(0)
changed = {name: rng.permutation(w.ravel()).reshape(w.shape) for name, w in weights.items() if name.startswith(last)}
print("layer made random:", last, "with", sum(w.size for w in changed.values()), "weights")

# %% [markdown]
# ## 5. Look at them side by side

# %%
figure = mx.plots.show([hidden, lift], images, percentile=99.5, titles=["occlusion", "DeepLIFT from a blurred photo"])
save(figure, "cat")

# %% [markdown]
# ## What a map of your own network is worth
#
# Of a photo nobody knows the right explanation. So say what you asked (the class, the baseline), what the certificate
# says, and what happened when you changed the photo itself. If the map raises a suspicion, do as in lesson 16: make the
# pictures that would prove you wrong, and count.
