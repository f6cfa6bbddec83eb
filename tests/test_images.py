"""Image files: every kind that pillow opens becomes what is seen, and every other is refused in one sentence."""

from __future__ import annotations

import io
import os
import signal
import struct
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import minixai as mx
from minixai import images
from minixai.images import read_image, read_picture
from minixai.layers import Dense, Flatten

GREY, COLOUR = (6, 8, 1), (6, 8, 3)
RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (6, 8), dtype=np.uint8)
RGB = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)
LUMINANCE = (299 / 1000, 587 / 1000, 114 / 1000)


def saved(folder: Path, image: Image.Image, name: str = "image.png", **options: object) -> Path:
    image.save(folder / name, **options)
    return folder / name


# -- what is seen -------------------------------------------------------------------------------------


def test_grey_and_rgb_come_back_exactly(tmp_path):
    grey = saved(tmp_path, Image.fromarray(BYTES))
    x = read_image(grey, GREY)
    assert x.shape == GREY
    assert x.dtype == np.float32
    assert x.flags.c_contiguous
    assert x.flags.writeable
    np.testing.assert_array_equal(x[..., 0], BYTES / np.float32(255))
    np.testing.assert_array_equal(read_image(grey, COLOUR), np.repeat(x, 3, axis=2))

    colour = saved(tmp_path, Image.fromarray(RGB), "rgb.png")
    np.testing.assert_array_equal(read_image(colour, COLOUR), RGB / np.float32(255))
    np.testing.assert_allclose(read_image(colour, GREY)[..., 0], RGB / 255 @ LUMINANCE, atol=0.51 / 255)
    np.testing.assert_array_equal(read_image(str(colour), COLOUR), read_image(colour, COLOUR))


def test_transparency_is_laid_on_white(tmp_path):
    alpha = RNG.integers(0, 256, (6, 8), dtype=np.uint8)
    seen = (RGB * (alpha / 255)[..., None] + 255 * (1 - alpha / 255)[..., None]) / 255
    rgba = saved(tmp_path, Image.fromarray(np.dstack([RGB, alpha])))
    np.testing.assert_allclose(read_image(rgba, COLOUR), seen, atol=1 / 255)
    la = saved(tmp_path, Image.fromarray(np.dstack([BYTES, alpha]), "LA"), "la.png")
    seen_grey = (BYTES * (alpha / 255) + 255 * (1 - alpha / 255)) / 255
    np.testing.assert_allclose(read_image(la, GREY)[..., 0], seen_grey, atol=1 / 255)


@pytest.mark.parametrize("transparency", [None, 1, b"\xff\x00\x80"])
def test_palettes(tmp_path, transparency):
    """Colour 1 is red; transparent it is white."""
    indices = np.array([[0, 1, 2, 1]] * 4, np.uint8)
    image = Image.fromarray(indices, "P")
    image.putpalette([0, 0, 255, 255, 0, 0, 0, 255, 0])
    x = read_image(
        saved(tmp_path, image, **({} if transparency is None else {"transparency": transparency})), (4, 4, 3)
    )
    np.testing.assert_array_equal(x[0, 0], [0, 0, 1])
    np.testing.assert_array_equal(x[0, 1], [1, 0, 0] if transparency is None else [1, 1, 1])
    faint = [127 / 255, 1, 127 / 255] if isinstance(transparency, bytes) else [0, 1, 0]
    np.testing.assert_allclose(x[0, 2], faint, atol=1 / 255)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_one_transparent_colour(tmp_path, mode):
    dark = Image.new(mode, (8, 6), 7 if mode == "L" else (7, 7, 7))
    path = saved(tmp_path, dark, transparency=7 if mode == "L" else (7, 7, 7))
    assert (read_image(path, GREY) == 1).all()


def test_one_bit_cmyk_and_ycbcr(tmp_path):
    bits = Image.fromarray(BYTES > 99)
    np.testing.assert_array_equal(read_image(saved(tmp_path, bits), GREY)[..., 0], BYTES > 99)
    for mode in ("CMYK", "YCbCr"):
        flat = Image.new("RGB", (8, 6), (200, 40, 90)).convert(mode)
        x = read_image(saved(tmp_path, flat, f"{mode}.jpg", quality=100), COLOUR)
        np.testing.assert_allclose(x, np.broadcast_to(np.array([200, 40, 90]) / 255, COLOUR), atol=3 / 255)


@pytest.mark.parametrize("name", ["deep.png", "deep.tif", "deep.pgm"])
def test_sixteen_bits_are_divided_by_65535(tmp_path, name):
    values = RNG.integers(0, 65536, (6, 8), dtype=np.uint16)
    if name.endswith(".pgm"):  # which Pillow writes in 8 bits only, before 10.3
        path = tmp_path / name
        path.write_bytes(b"P5\n8 6\n65535\n" + values.astype(">u2").tobytes())
    else:
        path = saved(tmp_path, Image.fromarray(values), name)
    np.testing.assert_allclose(read_image(path, GREY)[..., 0], values / 65535, atol=1e-7)
    np.testing.assert_array_equal(read_image(path, COLOUR)[..., 2], read_image(path, GREY)[..., 0])


def test_sixteen_bits_in_either_byte_order_and_thirty_two(tmp_path):
    values = RNG.integers(0, 65536, (6, 8), dtype=np.uint16)
    big = Image.frombytes("I;16B", (8, 6), values.astype(">u2").tobytes())
    for image in (big, Image.fromarray(values.astype(np.int32))):
        path = saved(tmp_path, image, "deep.tif")
        np.testing.assert_allclose(read_image(path, GREY)[..., 0], values / 65535, atol=1e-7)


@pytest.mark.parametrize("top", [1, 255])
def test_floats_are_taken_to_1_or_to_255(tmp_path, top):
    values = np.linspace(0, top, 48, dtype=np.float32).reshape(6, 8)
    path = saved(tmp_path, Image.fromarray(values), "float.tif")
    np.testing.assert_allclose(read_image(path, GREY)[..., 0], values / top, atol=1e-6)


def test_of_an_animation_it_is_the_first_frame(tmp_path):
    frames = [Image.new("L", (8, 6), level) for level in (0, 128, 255)]
    path = saved(tmp_path, frames[0], "film.gif", save_all=True, append_images=frames[1:])
    assert (read_image(path, GREY) == 0).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_s_orientation_is_applied(tmp_path, orientation):
    """All eight are turned upright: the light quarter is the top left one."""
    upright = np.zeros((8, 8), np.uint8)
    upright[:4, :4] = 255
    upright[4:, :2] = 128  # so that no two orientations look the same
    turn = {
        1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud,
        5: np.transpose, 6: np.rot90, 7: lambda a: np.rot90(a, 2).T, 8: lambda a: np.rot90(a, -1),
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, Image.fromarray(np.ascontiguousarray(turn[orientation](upright))), "turned.png", exif=exif)
    np.testing.assert_array_equal(read_image(path, (8, 8, 1))[..., 0], upright / np.float32(255))


# -- how it is fitted ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("w", "h"), [(80, 60), (100, 30), (30, 100), (400, 301), (7, 5), (1, 1), (1000, 1)])
@pytest.mark.parametrize("shape", [GREY, (28, 28, 3), (1, 1, 1), (5, 40, 1)])
def test_every_size_fits_and_stays_between_its_values(tmp_path, w, h, shape):
    values = RNG.integers(50, 200, (h, w), dtype=np.uint8)
    x = read_image(saved(tmp_path, Image.fromarray(values)), shape)
    assert x.shape == shape
    assert x.min() >= np.float32(values.min()) / 255
    assert x.max() <= np.float32(values.max()) / 255


def test_shrinking_averages(tmp_path):
    """A fine chequerboard becomes grey, not a coarse one."""
    board = (np.indices((300, 400)).sum(axis=0) % 2 * 255).astype(np.uint8)
    np.testing.assert_allclose(read_image(saved(tmp_path, Image.fromarray(board)), GREY), 0.5, atol=0.02)


def test_a_circle_stays_a_circle_in_the_middle(tmp_path):
    y, x = np.indices((200, 500))
    circle = (((x - 249.5) ** 2 + (y - 99.5) ** 2 < 70**2) * 255).astype(np.uint8)
    for picture in (circle, circle.T):
        seen = read_image(saved(tmp_path, Image.fromarray(np.ascontiguousarray(picture))), (28, 28, 1))[..., 0]
        np.testing.assert_allclose(seen, seen[::-1], atol=0.01)
        np.testing.assert_allclose(seen, seen.T, atol=0.01)
        assert seen.sum() == pytest.approx(np.pi * (70 / 200 * 28) ** 2, rel=0.02)


def test_a_picture_of_the_right_scale_is_cropped_in_whole_pixels(tmp_path):
    wide = RNG.integers(0, 256, (6, 13), dtype=np.uint8)
    x = read_image(saved(tmp_path, Image.fromarray(wide)), GREY)
    np.testing.assert_array_equal(x[..., 0], wide[:, 2:10] / np.float32(255))


# -- what is refused ----------------------------------------------------------------------------------


def refused(path: Path, *words: str, shape: tuple[int, ...] = GREY) -> None:
    with pytest.raises(ValueError, match="^[^\n]+$") as caught:
        read_image(path, shape)
    for word in (*words, path.name):
        assert word in str(caught.value)


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def test_missing_folder_text_and_empty(tmp_path):
    refused(tmp_path / "no.png", "no such file", "check the path")
    refused(tmp_path, "folder", "give a file")
    for name, content in (("text.png", b"not an image"), ("empty.jpg", b""), ("zero.png", png(0, 0))):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, "no image format", "PNG or JPEG")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def forbidden(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("minixai.images.open", forbidden, raising=False)
    refused(tmp_path / "secret.png", "Permission denied")


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_decompression_bomb(tmp_path, side):
    (tmp_path / "bomb.png").write_bytes(png(side, side))
    refused(tmp_path / "bomb.png", "more than", "pixels", "smaller")


@pytest.mark.parametrize(
    ("form", "options"),
    [("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("GIF", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {})],
)
def test_a_truncated_file_is_refused_unless_no_pixel_is_lost(tmp_path, form, options):
    buffer = io.BytesIO()
    Image.fromarray(np.kron(RGB, np.ones((4, 4, 1), np.uint8))).save(buffer, form, **options)
    data, path = buffer.getvalue(), tmp_path / "cut"
    path.write_bytes(data)
    all_of_it = read_image(path, (24, 32, 3))
    lost = 0
    for length in range(1, len(data), max(1, len(data) // 60)):
        path.write_bytes(data[:length])
        try:
            np.testing.assert_array_equal(read_image(path, (24, 32, 3)), all_of_it)
        except ValueError as problem:
            lost += 1
            assert "cannot read" in str(problem)  # noqa: PT017
            assert "\n" not in str(problem)  # noqa: PT017
    assert lost > 50


def test_damage_never_escapes_as_another_error(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "PNG", pnginfo=PngImagePlugin.PngInfo())
    path = tmp_path / "damaged.png"
    for at in range(8, len(buffer.getvalue())):
        data = bytearray(buffer.getvalue())
        data[at] ^= 0xFF
        path.write_bytes(data)
        try:
            x = read_image(path, COLOUR)
        except ValueError as problem:
            assert "cannot read" in str(problem)  # noqa: PT017
        else:
            assert x.shape == COLOUR


def test_broken_camera_settings_are_harmless(tmp_path):
    path = saved(tmp_path, Image.fromarray(RGB), "odd.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    assert read_image(path, COLOUR).shape == COLOUR


@pytest.mark.parametrize("values", [[-1.0, 0.5], [0.0, 256.0], [0.0, np.nan], [0.0, np.inf]])
def test_numbers_that_are_no_image(tmp_path, values):
    refused(
        saved(tmp_path, Image.fromarray(np.array([values], np.float32)), "odd.tif"), "values", "255" * (values[1] > 1)
    )
    refused(saved(tmp_path, Image.fromarray(np.array([[0, 65536]], np.int32)), "large.tif"), "65536", "65535")


@pytest.mark.parametrize("shape", [(6, 8, 2), (6, 8, 4), (8,), (6, 8)])
def test_a_model_that_takes_no_images(tmp_path, shape):
    path = saved(tmp_path, Image.fromarray(BYTES))
    with pytest.raises(ValueError, match=r"takes no image file.*\(H, W, 1\)"):
        read_image(path, shape)


def test_nothing_is_left_open_or_changed(tmp_path):
    """pytest makes errors of ResourceWarnings; pillow's settings and the file stay as they were."""
    path = saved(tmp_path, Image.fromarray(RGB))
    before, limit = path.read_bytes(), Image.MAX_IMAGE_PIXELS
    read_image(path, COLOUR)
    assert path.read_bytes() == before
    assert limit == Image.MAX_IMAGE_PIXELS


def test_a_picture_starts_no_other_program(tmp_path):
    """Pillow would call Ghostscript for PostScript, whatever the file is called."""
    path = tmp_path / "evil.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\nshowpage\n%%EOF\n")
    with pytest.raises(ValueError, match="in no image format that is read here"):
        read_image(path, (4, 4, 3))


# -- what became of the picture -----------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "top"), [(1, 1), (8, 255), (10, 1023), (12, 4095), (14, 16383), (16, 65535)])
@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_data_of_fewer_bits_is_scaled_by_what_is_there(tmp_path, bits, top, name):
    """A camera's 12 bits in a file of 16 are no black picture, and whoever reads them is told."""
    values = RNG.integers(0, top + 1, (6, 8), dtype=np.uint16)
    values[0, 0] = top
    picture = read_picture(saved(tmp_path, Image.fromarray(values), name), GREY)
    np.testing.assert_allclose(picture.pixels[..., 0], values / top, atol=1e-6)
    assert picture.notes == (
        () if bits == 16 else (f"values up to {top} in 16 bits, taken as {bits}-bit: {top} is white",)
    )


def test_reading_for_python_warns_of_what_was_made_of_a_file(tmp_path):
    model = mx.Model([Flatten(), Dense(2)], GREY)
    deep = saved(tmp_path, Image.fromarray(np.full((6, 8), 4095, np.uint16)), "deep.png")
    with pytest.warns(UserWarning, match=r"deep.png': values up to 4095 in 16 bits, taken as 12-bit"):
        assert (mx.read_images(deep, like=model) == 1).all()
    pages = [Image.new("L", (8, 6), level) for level in (0, 128, 255)]
    film = saved(tmp_path, pages[0], "film.tif", save_all=True, append_images=pages[1:])
    with pytest.warns(UserWarning, match="the first of 3 pages or frames; the others were not read"):
        assert (mx.read_images(film, like=model) == 0).all()


def test_what_was_cut_off_is_known_and_shown(tmp_path):
    """Of 6 × 16 a model of 6 × 8 gets the middle half; in the overview it is framed, and the rest is pale."""
    path = saved(tmp_path, Image.new("RGB", (160, 60), (200, 100, 0)))
    picture = read_picture(path, COLOUR)
    assert picture.left_out == pytest.approx(0.5)
    assert picture.overview.shape == (60, 160, 3)
    colour = np.array([200, 100, 0]) / np.float32(255)
    np.testing.assert_allclose(picture.overview[30, 80], colour, atol=1e-6)
    np.testing.assert_allclose(picture.overview[30, 10], 1 - (1 - colour) / 4, atol=1e-6)
    assert (picture.overview[30, 40:42] == 0).all()
    assert (picture.overview[30, 118:120] == 0).all()
    for fit in ("pad", "stretch"):
        whole = read_picture(path, COLOUR, fit)
        assert whole.left_out == 0
        np.testing.assert_allclose(whole.overview, np.broadcast_to(colour, (60, 160, 3)), atol=1e-6)
    assert read_picture(path, (6, 16, 3)).left_out == 0


@contextmanager
def time_limit(seconds: int):
    """Raises TimeoutError in what takes longer."""

    def stop(*signal_and_frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused(tmp_path):
    """Opening it would wait for somebody who writes."""
    os.mkfifo(tmp_path / "pipe.png")
    with time_limit(10):
        refused(tmp_path / "pipe.png", "pipe", "save the picture to a file first")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16", "F"])
def test_a_large_picture_is_reduced_strip_by_strip(tmp_path, monkeypatch, mode):
    """What comes of it is what comes of the whole, to the mean of a block of pixels, and takes less memory."""
    y, x = np.indices((400, 600))
    wave = 127 + 60 * np.sin(x / 40) + 60 * np.cos(y / 30)
    if mode == "I;16":
        image = Image.fromarray((wave * 257).astype(np.uint16))
    elif mode == "F":
        image = Image.fromarray((wave / 255).astype(np.float32))
    else:
        alpha = np.where(x < 300, 255, 0)
        image = Image.fromarray(np.stack([wave, 255 - wave, wave / 2, alpha], axis=-1).astype(np.uint8)).convert(mode)
    path = saved(tmp_path, image, "large.tif" if mode == "F" else "large.png")
    whole = read_picture(path, (10, 20, 3)).pixels
    monkeypatch.setattr("minixai.images.MANY_PIXELS", 1000)
    monkeypatch.setattr("minixai.images.STRIP", 32)
    sizes = []
    real = images.convert_picture
    monkeypatch.setattr(
        "minixai.images.convert_picture", lambda part, *rest: sizes.append(part.size) or real(part, *rest)
    )
    np.testing.assert_allclose(read_picture(path, (10, 20, 3)).pixels, whole, atol=0.02)
    assert max(height for _, height in sizes) <= 32
    assert sum(height for _, height in sizes) == 400


def test_a_large_jpeg_is_decoded_reduced(tmp_path, monkeypatch):
    y, x = np.indices((640, 960))
    path = saved(tmp_path, Image.fromarray(((x + y) / 6.3).astype(np.uint8)), "photo.jpg", quality=95)
    whole = read_image(path, (20, 30, 1))
    monkeypatch.setattr("minixai.images.MANY_PIXELS", 1000)
    drafted = []
    real = images.convert_picture
    monkeypatch.setattr(
        "minixai.images.convert_picture", lambda part, *rest: drafted.append(part.size) or real(part, *rest)
    )
    np.testing.assert_allclose(read_image(path, (20, 30, 1)), whole, atol=0.02)
    assert drafted == [(120, 80)]
    np.testing.assert_allclose(read_image(path, (20, 30, 1), fit="stretch"), whole, atol=0.02)


def test_a_progressive_jpeg_is_measured_before_it_is_decoded(tmp_path, monkeypatch):
    path = saved(tmp_path, Image.fromarray(RGB), "slow.jpg", progressive=True)
    monkeypatch.setattr("minixai.images.MOST_PIXELS", 47)
    refused(path, "more than 47 pixels", shape=COLOUR)
    assert read_image(saved(tmp_path, Image.fromarray(RGB), "quick.jpg"), COLOUR).shape == COLOUR


@pytest.mark.parametrize("paths", [None, 3, b"cat", [3], [None], ["cat", 3], [np.zeros((2, 2, 3))]])
def test_what_is_no_path(paths):
    with pytest.raises(TypeError, match="an image is given by its path, a str or a Path, got"):
        mx.read_images(paths, like=mx.load("digits"))


@pytest.mark.parametrize("like", ["digits", None, (28, 28, 1)])
def test_images_are_read_for_a_model(like):
    with pytest.raises(TypeError, match="like= is the model that the images are for, got .*: load it with mx.load"):
        mx.read_images("cat", like=like)
