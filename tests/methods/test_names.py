"""A file may carry the name of its function; the package still gives the function, however it is imported."""

import subprocess
import sys
from pathlib import Path
from types import FunctionType

import numpy as np
import pytest

import minixai as mx
from minixai import methods
from tests.marks import slow_except

FOLDER = Path(methods.__file__).parent
ALIKE = sorted({path.stem for path in FOLDER.glob("*.py")} & set(methods.__all__))


def test_files_that_carry_the_name_of_their_function():
    assert [
        *("deep_lift", "deep_shap", "expected_gradients", "grad_cam", "integrated_gradients"),
        *("lrp", "occlusion", "shapley", "shapley_values", "smooth_grad"),
    ] == ALIKE


@pytest.mark.parametrize("name", methods.__all__)
def test_a_file_never_hides_a_function_of_its_name(name):
    assert callable(getattr(methods, name)) or name == "catalogue"
    if name in ALIKE:
        assert isinstance(getattr(methods, name), FunctionType)
        assert getattr(mx, name) is getattr(methods, name)


@pytest.mark.parametrize("name", slow_except(ALIKE[:1], ALIKE))
def test_nor_does_it_when_the_file_is_imported_first(name):
    code = (
        f"import minixai.methods.{name}\n"
        f"from minixai.methods import {name}\n"
        "import minixai\n"
        f"assert callable({name}) and minixai.{name} is {name} is minixai.methods.{name}\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_smooth_grad_takes_an_option_by_its_former_name():
    image = np.linspace(0, 1, 12).reshape(1, 2, 2, 3)
    ask = lambda **options: mx.smooth_grad(  # noqa: E731
        lambda x: x.sum((1, 2, 3)), image, samples=2, method=mx.occlusion, window=1, **options
    )
    with pytest.warns(DeprecationWarning, match="fill= of occlusion is now called baseline=: write") as caught:
        old = ask(fill=0.25)
    assert [one.filename for one in caught] == [__file__]
    assert (old.values == ask(baseline=0.25).values).all()
    assert (old.values != ask(baseline="black").values).any()
    with pytest.raises(TypeError, match="both were given"):
        ask(fill=0.25, baseline=0.25)


def test_beside_is_still_taken_for_columns():
    image = [[[[0.5]] * 2] * 2]
    result = mx.gradient(lambda x: (x * x).sum((1, 2, 3)), image)
    for draw in (mx.plots.show, lambda result, x, **options: mx.plots.compare([result], x, **options)):
        with pytest.warns(DeprecationWarning, match="beside= of .* is now called columns=: write columns="):
            draw(result, image, beside=2)
        with pytest.raises(TypeError, match="both were given"):
            draw(result, image, beside=2, columns=2)


def test_fill_is_still_taken_for_baseline():
    ask = lambda **options: mx.occlusion(lambda x: x.sum((1, 2, 3)), [[[[1.0], [2.0]]]], window=1, **options)  # noqa: E731
    with pytest.warns(DeprecationWarning, match="fill= of occlusion is now called baseline=: write") as caught:
        old = ask(fill="black")
    assert caught[0].filename == __file__
    assert (old.values == ask(baseline="black").values).all()
