"""Cases made quickly: a map and its claim, without all seven questions."""

from pathlib import Path

import numpy as np

import minixai as mx
from minixai.audit import CHECKS, made_case
from minixai.audit.identity import check_identity
from minixai.audit.sums import check_sum
from minixai.methods import catalogue

HERE = Path(__file__).parent


def case_of(
    model, images, claims, values=None, *, target=None, versus=None, output="score", others=None, seed=0, **options
):
    chosen = {"output": output, "others": others or {}, "draws": 2, "seed": seed, "batch": None, "options": options}
    return made_case(
        model,
        images,
        catalogue[claims],
        values,
        target,
        versus,
        **chosen,
        announce=None,
        compared=0,
        wanted=tuple(CHECKS),
    )


def identity(model, images, claims, values, **given):
    return check_identity(case_of(model, images, claims, values, **given))


def total(model, images, claims, values=None, **given):
    return check_sum(case_of(model, images, claims, values, **given))


def foreign():
    """(the network, frozen maps of captum and shap)"""
    with np.load(HERE / "foreign.npz") as archive:
        return mx.load(HERE / "foreign.onnx", preprocessing="0..1"), dict(archive)
