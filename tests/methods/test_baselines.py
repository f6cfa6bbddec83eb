"""Baselines by name: what each of them is."""

import numpy as np
import pytest
from scipy import ndimage

from minixai.methods.baselines import BASELINES, resolve

X = np.random.default_rng(0).random((3, 16, 24, 2))


def same(array, what):
    return array


def test_flat_ones():
    assert (resolve("black", X, same) == 0).all()
    assert (resolve("white", X, same) == 1).all()
    np.testing.assert_allclose(resolve("mean", X, same)[1, 3, 5], X[1].mean(axis=(0, 1)))
    assert (resolve(0.3, X, same) == 0.3).all()


def test_blur_is_a_gaussian_of_an_eighth_of_the_shorter_side():
    one = ndimage.gaussian_filter(X[2, :, :, 1], 2)
    np.testing.assert_allclose(resolve("blur", X, same)[2, :, :, 1], one, rtol=1e-12)


def test_noise_is_the_same_for_every_image_and_every_call():
    noise = resolve("noise", X, same)
    assert np.ptp(np.broadcast_to(noise, X.shape), axis=0).max() == 0
    np.testing.assert_array_equal(noise, resolve("noise", X[:1], same))
    assert 0 <= noise.min() < 0.1
    assert 0.9 < noise.max() <= 1


@pytest.mark.parametrize("name", BASELINES)
def test_in_the_images_own_dtype_and_not_the_image_itself(name):
    x = X.astype(np.float32)
    kept = x.copy()
    made = resolve(name, x, same)
    assert made.dtype == np.float32
    assert made.shape in (x.shape, (1, *x.shape[1:]))
    np.testing.assert_array_equal(x, kept)
