"""The birds are what they promise: known by construction, the same everywhere, changed in nothing but what is asked."""

from pathlib import Path
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import minixai as mx
from minixai.datasets import birds, shorebirds
from minixai.datasets.birds import CLASSES, DISTINGUISHING_PART, HABITATS, PAIRS, PARTS, draw, rendering
from minixai.datasets.birds.species import COLOURS

SHEET = Path(__file__).parent / "birds.png"
scenes = st.builds(draw, st.integers(1, 3), st.integers(0, 2**32 - 1))


def each_species_everywhere(seed=0):
    return [draw(8, seed).with_(labels=np.arange(8), habitat=habitat) for habitat in HABITATS]


def test_images_and_masks_are_as_promised():
    drawn = draw(20)
    assert drawn.images.shape == (20, 64, 64, 3)
    assert drawn.masks.shape == (20, 64, 64, 9)
    assert {drawn.images.dtype, drawn.masks.dtype} == {np.dtype(np.float32)}
    images, labels = shorebirds(20)
    np.testing.assert_array_equal(images, drawn.images)
    np.testing.assert_array_equal(labels, drawn.labels)
    assert labels.dtype == np.intp
    assert mx.datasets.birds.SIZE == 64


@given(scenes)
def test_masks_sum_to_one_and_nothing_is_clipped(drawn):
    """No value touches the ends of the range, so none was cut off there; no bird touches the edge of its picture."""
    np.testing.assert_allclose(drawn.masks.sum(axis=-1), 1, rtol=0, atol=1e-6)
    assert drawn.masks.min() >= 0
    assert 0.02 < drawn.images.min() < drawn.images.max() < 0.98
    bird = 1 - drawn.masks[..., -1]
    assert not any(edge.any() for edge in (bird[:, 0], bird[:, -1], bird[:, :, 0], bird[:, :, -1]))


@given(scenes)
def test_a_partner_differs_in_the_decisive_part_alone(drawn):
    other = drawn.with_(labels=drawn.labels ^ 1)
    rows = np.arange(len(drawn))
    changed = (drawn.images != other.images).any(axis=-1)
    covered = (drawn.masks[rows, :, :, drawn.distinguishing_parts] > 0) | (other.masks[rows, :, :, drawn.decisive] > 0)
    assert not (changed & ~covered).any()
    assert (changed.sum(axis=(1, 2)) > 10).all()


@given(scenes, st.sets(st.sampled_from(PARTS)))
def test_what_is_removed_is_gone_and_changes_nothing_elsewhere(drawn, parts):
    images, masks = birds.render(drawn, remove=parts)
    gone = [PARTS.index(part) for part in parts]
    assert not masks[..., gone].any()
    elsewhere = drawn.masks[..., gone].sum(axis=-1) == 0
    np.testing.assert_array_equal(images[elsewhere], drawn.images[elsewhere])
    np.testing.assert_array_equal(masks[elsewhere], drawn.masks[elsewhere])
    assert (masks >= drawn.masks - 1e-6)[..., [i for i in range(9) if i not in gone]].all()  # what was behind shows


def test_without_any_part_only_the_habitat_is_left():
    """The shadow stays, the same for every species."""
    empty, masks = birds.render(draw(8).with_(labels=np.arange(8)), remove=PARTS)
    other, _ = birds.render(draw(8).with_(labels=np.arange(8)[::-1]), remove=PARTS)
    assert (masks[..., -1] == 1).all()
    np.testing.assert_array_equal(empty, other)


@given(scenes, st.sampled_from(PARTS), st.tuples(*[st.floats(0, 1)] * 3))
def test_another_colour_changes_its_part_alone(drawn, part, rgb):
    images, masks = birds.render(drawn, colours={part: rgb})
    np.testing.assert_array_equal(masks, drawn.masks)
    elsewhere = masks[..., PARTS.index(part)] == 0
    np.testing.assert_array_equal(images[elsewhere], drawn.images[elsewhere])


def test_the_partners_colour_makes_the_partner():
    for name, other, part in (pair for pair in PAIRS if pair[2] != "beak"):
        bird = draw(2, species=name)
        rgb = COLOURS[CLASSES.index(other), PARTS.index(part)]
        images, _ = birds.render(bird, colours={part: rgb})
        np.testing.assert_array_equal(images, bird.with_(labels=other).images)


@given(scenes, st.sampled_from(HABITATS))
def test_another_habitat_leaves_the_bird(drawn, habitat):
    other = drawn.with_(habitat=habitat)
    np.testing.assert_array_equal(other.masks, drawn.masks)
    bird = drawn.masks[..., -1] == 0
    np.testing.assert_array_equal(other.images[bird], drawn.images[bird])
    moved = HABITATS.index(habitat) != drawn.habitat
    assert ((other.images != drawn.images).mean(axis=(1, 2, 3)) > 0.5).tolist() == moved.tolist()


def test_an_image_is_the_sum_of_its_parts():
    """With every part of one colour and the shading known, masks say how much of each pixel is whose."""
    drawn = draw(4)
    black, masks = birds.render(drawn, colours=dict.fromkeys(PARTS, (0, 0, 0)))
    empty, _ = birds.render(drawn, remove=PARTS)
    np.testing.assert_allclose(black, masks[..., -1:] * empty, atol=1e-6)
    for i, part in enumerate(PARTS):  # linear in each colour
        lit, _ = birds.render(drawn, colours=dict.fromkeys(PARTS, (0, 0, 0)) | {part: (1, 1, 1)})
        half, _ = birds.render(drawn, colours=dict.fromkeys(PARTS, (0, 0, 0)) | {part: (0.5, 0.5, 0.5)})
        np.testing.assert_allclose(lit - black, 2 * (half - black), atol=1e-6)
        assert (lit - black <= masks[..., i : i + 1] + 1e-6).all()


def test_parts_are_large_enough_to_be_scored():
    """But for the eye, which goes with the head."""
    areas = draw(200).masks.sum(axis=(1, 2))
    for part, area in zip(PARTS, areas.T, strict=False):
        assert area.min() > (4 if part == "eye" else 8), part
    assert 400 < 4096 - areas[:, -1].mean() < 700


def test_a_larger_picture_shows_the_same():
    """Means over 4 × 4 of its pixels are nearly the pixels of the small one, and so are the masks."""
    drawn = draw(3)
    images, masks = birds.render(drawn, size=256)
    for large, small in ((images, drawn.images), (masks, drawn.masks)):
        means = large.reshape(3, 64, 4, 64, 4, -1).mean(axis=(2, 4))
        assert np.abs(means - small).mean() < 0.01
    assert np.abs(masks.sum(axis=-1) - 1).max() < 1e-6
    edges = [np.mean((m > 0) & (m < 1)) for m in (masks, drawn.masks)]
    assert edges[0] < edges[1] / 2  # a pixel wide there too, and so a quarter of the area


@pytest.mark.slow
def test_four_hundred_are_drawn_in_a_second():
    """On one core, by its own clock, the best of five."""
    drawn, times = draw(160), []
    for _ in range(5):
        start = process_time()
        birds.render(drawn)
        times.append(process_time() - start)
    assert len(drawn) / min(times) > 400


# -- chance -------------------------------------------------------------------------------------------


def test_the_birds_are_the_same_on_every_machine():
    """As 8-bit images, to within a level; the sheet was drawn by these very lines."""
    rows = [np.concatenate(list(drawn.images), axis=1) for drawn in each_species_everywhere()]
    sheet = np.rint(255 * np.concatenate(rows)).astype(int)
    with Image.open(SHEET) as image:
        assert np.abs(np.asarray(image, int) - sheet).max() <= 1


def test_more_scenes_begin_with_the_same_ones():
    few, many = draw(5, seed=3), draw(40, seed=3)
    for name in ("labels", "habitat", "pose", "light", "horizon", "phases"):
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[:5])
    np.testing.assert_allclose(few.images, many.images[:5], atol=1e-6)
    assert (draw(5, seed=4).pose != few.pose).all(axis=0)[1:].all()


def test_every_species_and_habitat_is_as_likely_as_the_others():
    drawn = draw(4000, seed=1)
    for numbers, k in ((drawn.labels, 8), (drawn.habitat, 3), (drawn.pose[:, 0] > 0, 2)):
        share, expected = np.bincount(numbers) / 4000, 1 / k
        assert np.abs(share - expected).max() < 4 * np.sqrt(expected * (1 - expected) / 4000)
    pairs = np.corrcoef(np.column_stack([drawn.labels, drawn.habitat, drawn.pose, drawn.light, drawn.horizon]).T)
    apart = pairs - np.eye(len(pairs))
    apart[3, 2] = apart[2, 3] = apart[8:11, 8:11] = 0  # x goes with the flip, red with green and blue
    assert np.abs(apart).max() < 4.5 / np.sqrt(4000)


def test_bias_ties_species_to_habitats():
    habitat = {name: HABITATS[k % 3] for k, name in enumerate(CLASSES)}
    own = np.arange(8) % 3
    assert (draw(200, habitat=habitat, bias=1.0).habitat == own[draw(200).labels]).all()
    np.testing.assert_array_equal(draw(50, habitat=habitat, bias=0.0).habitat, draw(50).habitat)
    most = draw(4000, habitat=habitat, bias=0.9)
    assert np.mean(most.habitat == own[most.labels]) == pytest.approx(0.9 + 0.1 / 3, abs=0.02)
    np.testing.assert_array_equal(most.labels, draw(4000).labels)
    np.testing.assert_array_equal(most.pose, draw(4000).pose)


def test_species_can_be_chosen():
    assert set(draw(100, species=["robin", "gull"]).labels) == {2, 7}
    assert set(draw(100, species="curlew").labels) == {4}
    assert set(draw(100, species=[0, 1]).labels) == {0, 1}


# -- scenes as a list ---------------------------------------------------------------------------------


def test_scenes_are_chosen_like_rows():
    drawn = draw(6)
    for some, rows in (
        (drawn[3], [3]),
        (drawn[-1], [5]),
        (drawn[2:5], [2, 3, 4]),
        (drawn[drawn.labels == drawn.labels[0]], np.flatnonzero(drawn.labels == drawn.labels[0])),
        (drawn[[4, 1]], [4, 1]),
    ):
        assert len(some) == len(rows)
        np.testing.assert_array_equal(some.phases, drawn.phases[rows])
        np.testing.assert_allclose(some.images, drawn.images[rows], atol=1e-6)
    assert len(list(drawn)) == 6
    with pytest.raises(IndexError):
        drawn[6]


def test_decisive_parts_and_partners():
    assert [PARTS[k] for k in draw(8).with_(labels=np.arange(8)).distinguishing_parts] == [
        DISTINGUISHING_PART[name] for name in CLASSES
    ]
    assert [(CLASSES[k], CLASSES[k ^ 1], DISTINGUISHING_PART[CLASSES[k]]) for k in range(0, 8, 2)] == list(PAIRS)


def test_scenes_cannot_be_written_into_and_keep_their_own_numbers():
    drawn, labels = draw(2), np.array([0, 1])
    for array in (drawn.images, drawn.masks, drawn.pose):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    changed = drawn.with_(labels=labels)
    labels[:] = 7
    assert changed.labels.tolist() == [0, 1]
    images, _ = shorebirds(2)
    images[:] = 0  # these are the caller's own


def test_chunks_of_any_size_draw_the_same(monkeypatch):
    drawn = draw(5)
    expected, masks = birds.render(drawn)
    monkeypatch.setattr(rendering, "PIXELS", 1)
    images, again = birds.render(drawn)
    np.testing.assert_allclose(images, expected, atol=1e-6)
    np.testing.assert_allclose(again, masks, atol=1e-6)


def test_names_stand_for_numbers():
    drawn = draw(3)
    assert drawn.with_(labels="gull", habitat="sand").habitat.tolist() == [2, 2, 2]
    assert drawn.with_(labels=["gull", "robin", "gull"]).labels.tolist() == [7, 2, 7]
    assert repr(drawn[0]) == f"<Scenes of 1 bird: {CLASSES[drawn.labels[0]]}>"
    assert repr(draw(9)).endswith(", ...>")


# -- who looks at them --------------------------------------------------------------------------------

DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
"""What of linear red, green and blue is left without the middle cones. (Machado et al. 2009, severity 1)"""


def linear(rgb):
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lightness(rgb):
    """CIE L* of a linear colour, from 0 to 100."""
    return 116 * np.cbrt(np.clip(rgb, 0, 1) @ [0.2126, 0.7152, 0.0722]) - 16


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair[2] != "beak"], ids=lambda pair: pair[0])
@pytest.mark.parametrize("seen", [np.eye(3), DEUTERANOPIA], ids=["colour", "deuteranopia"])
def test_partners_differ_in_lightness_too(pair, seen):
    """So that a print in grey and a colour-blind reader tell them apart: 20 of the 100 steps from black to white."""
    one, other = (COLOURS[CLASSES.index(name), PARTS.index(pair[2])] for name in pair[:2])
    assert abs(lightness(linear(one) @ seen.T) - lightness(linear(other) @ seen.T)) > 20


# -- what cannot be -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: draw(0), "n, how many scenes to draw, is a whole number, at least 1, got 0"),
        (lambda: draw(2.5), "whole number"),
        (lambda: draw(1, species="robbin"), "unknown species 'robbin', did you mean 'robin'"),
        (lambda: draw(1, species=[8]), "species is .8.: give numbers from 0 to 7, or names: redshank"),
        (lambda: draw(1, species=[]), "species is ..: give numbers"),
        (lambda: draw(1, bias=1.5), "bias is a probability, from 0 to 1, got 1.5"),
        (lambda: draw(1, bias=0.5), "habitat names none for redshank, greenshank"),
        (lambda: draw(1, habitat={"robin": "see"}, bias=0.5), "unknown habitat 'see'"),
        (lambda: draw(1).with_(habitat="see"), "unknown habitat 'see'"),
        (lambda: draw(1).with_(labels=8), "labels is 8: give numbers from 0 to 7"),
        (lambda: draw(1).with_(labels=[1, 2]), "labels has the shape .2,., but these scenes need .1,."),
        (lambda: draw(2).with_(pose=np.zeros((2, 5))), "pose has the shape .2, 5., but these scenes need .2, 6."),
        (lambda: draw(1).with_(horizon=np.nan), "horizon holds nan"),
        (lambda: draw(1).with_(colour=1), "unknown property of scenes 'colour'"),
        (lambda: draw(2)[np.array([False, False])], "labels is empty"),
        (lambda: birds.render(draw(1), remove=["leg"]), "unknown part 'leg', did you mean 'legs'"),
        (lambda: birds.render(draw(1), colours={"leg": (0, 0, 0)}), "unknown part 'leg'"),
        (lambda: birds.render(draw(1), colours={"legs": (0, 0)}), "colour of legs is .0, 0.: give red, green and blue"),
        (lambda: birds.render(draw(1), colours={"legs": (0, 0, 255)}), "each from 0 to 1"),
        (lambda: birds.render(draw(1), colours={"legs": (0, np.nan, 0)}), "the colour of legs holds nan"),
        (lambda: birds.render(draw(1), background="see"), "unknown habitat 'see'"),
        (lambda: draw(1, -1), "seed is a whole number, at least 0, got -1"),
        (lambda: draw(1, None), "seed is a whole number, at least 0, got None"),
        (lambda: draw(1, habitat={"robin": "sand"}), "bias is 1.0, but habitat names none for redshank"),
        (lambda: draw(1).with_(pose=np.zeros((1, 6))), "flip is 0 in one of these scenes: it is -1 or 1"),
        (lambda: draw(1).with_(pose=[[1, 30, 30, 0, 0, 0]]), "scale is 0 in one of these scenes: it is from 0.1 to 4"),
        (lambda: draw(1).with_(light=1.5), "light is 1.5 in one of these scenes: it is from 0 to 1"),
        (lambda: draw(1).with_(horizon=64), "horizon is 64 in one of these scenes: it is from 1 to 63"),
        (lambda: birds.render(draw(1), size=0), "size, the pixels along a side, is a whole number, at least 8, got 0"),
    ],
)
def test_wrong_input_is_told_in_a_sentence(call, words):
    with pytest.raises(ValueError, match=words) as problem:
        call()
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: draw(1, habitat="sand", bias=1), "habitat is 'sand': give {species: habitat}"),
        (lambda: birds.render(draw(1), colours=["legs"]), "colours is .'legs'.: give {part: "),
        (lambda: birds.render(draw(1).images), "scenes are what birds.draw gives, got ndarray"),
        (lambda: birds.render(draw(1).images, background="sand"), "scenes are what birds.draw gives, got ndarray"),
    ],
)
def test_what_is_of_another_kind_is_told_in_a_sentence(call, words):
    with pytest.raises(TypeError, match=words):
        call()


def test_a_habitat_without_a_bias_is_where_all_of_them_are():
    assert (draw(20, species="robin", habitat={"robin": "sand"}).habitat == HABITATS.index("sand")).all()


def test_species_may_come_one_by_one():
    drawn = draw(20, species=(name for name in ("robin", "gull")))
    np.testing.assert_array_equal(drawn.labels, draw(20, species=["robin", "gull"]).labels)


@given(scenes, st.sampled_from(HABITATS), st.sets(st.sampled_from(PARTS)))
def test_another_background_is_another_habitat(drawn, habitat, parts):
    images, masks = birds.render(drawn, remove=parts, background=habitat)
    expected = birds.render(drawn.with_(habitat=habitat), remove=parts)
    np.testing.assert_array_equal(images, expected[0])
    np.testing.assert_array_equal(masks, expected[1])


def test_one_part_may_be_named_without_a_list():
    drawn = draw(1)
    np.testing.assert_array_equal(birds.render(drawn, remove="legs")[0], birds.render(drawn, remove=["legs"])[0])
