"""Cases made quickly: a map and its claim, without all seven questions."""

from pathlib import Path

import numpy as np

import minixai as mx
from minixai.audit.case import make_case
from minixai.audit.completeness import check_completeness
from minixai.audit.recognition import check_recognition
from minixai.methods import catalogue
from minixai.methods.call import Call

HERE = Path(__file__).parent


def case_of(
    model, images, claims, values=None, *, target=None, versus=None, output="score", others=None, seed=0, **options
):
    call = Call(model, images, target, versus, output)
    return make_case(call, catalogue[claims], values, options, others=others or {}, draws=2, seed=seed)


def identity(model, images, claims, values, **given):
    return check_recognition(case_of(model, images, claims, values, **given))


def total(model, images, claims, values=None, **given):
    return check_completeness(case_of(model, images, claims, values, **given))


def foreign():
    """(the network, frozen maps of captum and shap)"""
    with np.load(HERE / "foreign.npz") as archive:
        return mx.load(HERE / "foreign.onnx", preprocessing="0..1"), dict(archive)
