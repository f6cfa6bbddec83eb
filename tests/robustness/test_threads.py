"""The same call gives the same bits, alone and among others."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import minixai as mx
from minixai.layers import Conv2D, Dense, Flatten, MaxPool2D
from minixai.ops import blocks, threads
from minixai.training import train

MODEL = mx.Model(
    [Conv2D(16, 3, padding="same", activation="relu"), MaxPool2D(), Flatten(), Dense(300, activation="relu"), Dense(7)],
    input_shape=(20, 20, 3),
)
X = np.random.default_rng(0).random((9, 20, 20, 3)).astype(np.float32)
WORK: dict[str, Callable[[], bytes]] = {
    "scores": lambda: MODEL.scores(X).tobytes(),
    "gradient": lambda: mx.gradient(MODEL, X, 0).values.tobytes(),
    "integrated_gradients": lambda: mx.integrated_gradients(MODEL, X[:2], 0, steps=5).values.tobytes(),
    "deep_lift": lambda: mx.deep_lift(MODEL, X, 0).values.tobytes(),
    "deep_shap": lambda: mx.deep_shap(MODEL, X[:2], 0, background=X).values.tobytes(),
    "expected_gradients": lambda: mx.expected_gradients(MODEL, X[:2], 0, background=X, samples=9).values.tobytes(),
    "occlusion": lambda: mx.occlusion(MODEL, X[:2], 0, window=5, stride=5).values.tobytes(),
    "lrp": lambda: mx.lrp(MODEL, X, 0).values.tobytes(),
    "grad_cam": lambda: mx.grad_cam(MODEL, X, 0).values.tobytes(),
    "product of an op": lambda: blocks.matrix_product(X.reshape(9, -1), X.reshape(9, -1).T).tobytes(),
}
FOR_ALL = WORK | {"feature_ablation": lambda: mx.feature_ablation(MODEL, X[:1, :, :, :], 0, batch=64).values.tobytes()}


def compare(work: dict[str, Callable[[], bytes]], callers: int, runs: int) -> None:
    alone = {name: each() for name, each in work.items()}
    names = [*work] * runs
    with ThreadPoolExecutor(callers) as pool:
        for name, bits in zip(names, pool.map(lambda name: work[name](), names), strict=True):
            assert bits == alone[name], name
    assert not threads.limiter.owners


def test_eight_threads_at_once() -> None:
    compare(WORK, 8, 4)


@pytest.mark.slow
def test_eight_threads_for_a_while() -> None:
    compare(FOR_ALL, 8, 60)


def test_blas_has_one_thread_for_all_of_a_call() -> None:
    """Also for the products of a model's own function, and where another call ends in the middle of it."""
    seen, inside, other = list[int](), threading.Event(), threading.Event()

    def model(x: mx.Node) -> mx.Node:
        seen.append(threads.thread_count())
        inside.set()
        other.wait(10)
        seen.append(threads.thread_count())
        return x.sum(axis=1)

    before = threads.thread_count()
    caller = threading.Thread(target=mx.gradient, args=(model, [[1.0, 2.0]]))
    caller.start()
    inside.wait(10)
    MODEL.scores(X)
    other.set()
    caller.join()
    assert set(seen) == {1}
    assert threads.thread_count() == before


def test_training_among_others() -> None:
    def trained() -> bytes:
        model = mx.Model([Flatten(), Dense(64, activation="relu"), Dense(7)], input_shape=(20, 20, 3))
        train(model, X, np.arange(9) % 7, epochs=3)
        return b"".join(w.tobytes() for w in model.weights.values())

    compare({"train": trained, "gradient": WORK["gradient"]}, 4, 6)


def test_a_limit_of_the_users_own_is_given_back() -> None:
    """threadpoolctl lets one thread set limits, which here is the user's."""
    from threadpoolctl import threadpool_limits

    if not threads.libraries():
        pytest.skip("BLAS cannot be limited here")
    seen: list[int] = []
    with threadpool_limits(2, user_api="blas"):
        mx.gradient(lambda x: (seen.append(threads.thread_count()), x.sum(axis=1))[1], [[1.0]])
        assert threads.thread_count() == 2
    assert set(seen) == {1}
    with threadpool_limits(1, user_api="blas"):
        assert threads.thread_count() == 1
        mx.gradient(lambda x: x.sum(axis=1), [[1.0]])
        assert threads.thread_count() == 1


def test_calls_within_calls_ask_once(monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[threads.Owner] = []
    enter = threads.Limiter.enter

    def counted(limiter: threads.Limiter, mine: threads.Owner) -> None:
        entered.append(mine)
        enter(limiter, mine)

    monkeypatch.setattr(threads.Limiter, "enter", counted)
    mx.guided_grad_cam(MODEL, X[:1], 0)
    assert len(entered) == 1
