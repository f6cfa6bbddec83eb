"""The same tasks, done by minixai and by others, each library in a process of its own.

    python contenders.py LIBRARY       then, line by line on stdin:    {"task": "vgg", "rows": 8, "turns": 3}
                                       and, line by line on stdout:    {"seconds": [...], "probe": [...]}

A process of its own, because the idle threads of one library slow down another's.  All have the same weights, drawn
here; `probe` holds a few numbers of the answer, so that who compares times can see that the same was computed.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

Array = np.ndarray[Any, np.dtype[Any]]
Task = Callable[[], Any]
Spec = list[Any]

VGG16: Spec = [
    64,
    64,
    "pool",
    128,
    128,
    "pool",
    *[256] * 3,
    "pool",
    *([512] * 3 + ["pool"]) * 2,
    (4096,),
    (4096,),
    (1000,),
]
SMALL: Spec = [16, 16, "pool", 32, 32, "pool", 64, 64, "pool", (10,)]
"""A number is a 3 × 3 convolution with so many filters and a ReLU; (n,) a dense layer, with a ReLU unless last."""

NETWORKS = {"vgg": (VGG16, 224, 3), "cnn28": (SMALL, 28, 1), "cnn64": (SMALL, 64, 3)}
LAYERS = {  # side, channels in and out, kernel, stride
    "3→64 at 224²": (224, 3, 64, 3, 1),
    "64→64 at 224²": (224, 64, 64, 3, 1),
    "128→128 at 56²": (56, 128, 128, 3, 1),
    "512→512 at 14²": (14, 512, 512, 3, 1),
    "16→16 at 64²": (64, 16, 16, 3, 1),
    "3→64 at 224², 7×7 stride 2": (224, 3, 64, 7, 2),
    "64→128 at 56², 3×3 stride 2": (56, 64, 128, 3, 2),
    "256→64 at 56², 1×1": (56, 256, 64, 1, 1),
}


def images(rows: int, side: int, channels: int) -> Array:
    return np.random.default_rng(1).random((rows, side, side, channels), np.float32)


def weights(spec: Spec, side: int, channels: int) -> Iterator[Array | None]:
    """A kernel for each entry, (3, 3, C, K) or (I, O), of variance 2 / (what enters one output); None for a pool."""
    rng, shape = np.random.default_rng(0), (side, channels)
    for entry in spec:
        if entry == "pool":
            shape = (shape[0] // 2, shape[1])
            yield None
            continue
        kernel = (3, 3, shape[1], entry) if isinstance(entry, int) else (shape[0] ** 2 * shape[1], *entry)
        shape = (shape[0], entry) if isinstance(entry, int) else (1, entry[0])
        yield rng.standard_normal(kernel, np.float32) * np.float32(np.sqrt(2 / np.prod(kernel[:-1])))


def border(side: int, kernel: int, stride: int) -> int:
    """What both sides are padded with."""
    return kernel // 2


class Minixai:
    """This library, in the way its users call it."""

    def __init__(self) -> None:
        import minixai

        self.mx, self.models = minixai, dict[str, Any]()

    def model(self, name: str) -> Any:
        if name not in self.models:
            spec, side, channels = NETWORKS[name]
            layers, made, flat = self.mx.layers, [], False
            for entry, kernel in zip(spec, weights(spec, side, channels), strict=True):
                if kernel is None:
                    made.append(layers.MaxPool2D())
                    continue
                activation = None if entry is spec[-1] else "relu"
                if isinstance(entry, int):
                    layer = layers.Conv2D(entry, 3, padding="same", activation=activation)
                else:
                    made += [] if flat else [layers.Flatten()]
                    flat = True
                    layer = layers.Dense(entry[0], activation=activation)
                layer.weights = {"kernel": kernel, "bias": np.zeros(kernel.shape[-1], np.float32)}
                made.append(layer)
            self.models[name] = self.mx.Model(made, (side, side, channels))
        return self.models[name]

    def layer(self, name: str, rows: int) -> Task:
        from minixai import Node, backward, ops
        from minixai.rules import GRADIENT

        side, c, k, kernel, stride = LAYERS[name]
        w = np.random.default_rng(0).standard_normal((kernel, kernel, c, k), np.float32)
        w.flags.writeable = False
        x, padding = images(rows, side, c), border(side, kernel, stride)

        def work() -> Array:
            node = Node(x)
            y = ops.convolution(node, w, stride=stride, padding=padding)
            return backward(y, GRADIENT, keep=[node])[node]

        return work

    def forward(self, name: str, rows: int) -> Task:
        model, x = self.model(name), images(rows, *NETWORKS[name][1:])
        return lambda: model.scores(x, batch=rows)

    def gradient(self, name: str, rows: int) -> Task:
        model, x = self.model(name), images(rows, *NETWORKS[name][1:])
        return lambda: self.mx.gradient(model, x, 0, batch=rows).values

    def ig(self, name: str, rows: int) -> Task:
        model, x = self.model(name), images(1, *NETWORKS[name][1:])
        return lambda: self.mx.integrated_gradients(model, x, 0, steps=50, batch=rows).values

    def deep_lift(self, name: str, rows: int) -> Task:
        model, x = self.model(name), images(rows, *NETWORKS[name][1:])
        return lambda: self.mx.deep_lift(model, x, 0).values

    def deep_shap(self, name: str, rows: int) -> Task:
        model, x = self.model(name), images(rows + 20, *NETWORKS[name][1:])
        return lambda: self.mx.deep_shap(model, x[:rows], 0, background=x[rows:]).values

    def expected_gradients(self, name: str, rows: int) -> Task:
        model, x = self.model(name), images(rows + 20, *NETWORKS[name][1:])
        return lambda: self.mx.expected_gradients(model, x[:rows], 0, background=x[rows:], samples=200).values

    def occlusion(self, name: str, rows: int) -> Task:
        model, x = self.model(name), images(rows, *NETWORKS[name][1:])
        return lambda: self.mx.occlusion(model, x, 0, window=8, stride=4, baseline="black").values

    def sgemm(self, name: str, rows: int) -> Task:
        a, b = (np.random.default_rng(s).random((rows, rows), np.float32) for s in (0, 1))
        y = np.empty_like(a)
        return lambda: np.matmul(a, b, out=y)


class Torch:
    """PyTorch, with images in the order (N, C, H, W) as it likes them, or with channels last in memory."""

    last = True

    def __init__(self) -> None:
        import torch

        self.torch, self.models = torch, dict[str, Any]()

    def model(self, name: str) -> Any:
        if name not in self.models:
            spec, side, channels = NETWORKS[name]
            nn, made, size = self.torch.nn, list[Any](), (side, channels)
            for entry, kernel in zip(spec, weights(spec, side, channels), strict=True):
                if kernel is None:
                    made.append(nn.MaxPool2d(2))
                    size = (size[0] // 2, size[1])
                    continue
                if isinstance(entry, int):
                    layer = nn.utils.skip_init(nn.Conv2d, kernel.shape[2], entry, 3, padding=1)
                    own, size = kernel.transpose(3, 2, 0, 1), (size[0], entry)
                else:
                    made += [nn.Flatten()] if size[0] > 1 else []
                    # (H·W·C, O) -> (O, C·H·W): PyTorch flattens with the channels first
                    own = kernel.reshape(size[0] ** 2, size[1], -1).transpose(2, 1, 0).reshape(entry[0], -1)
                    layer, size = nn.utils.skip_init(nn.Linear, kernel.shape[0], entry[0]), (1, entry[0])
                layer.weight.data = self.torch.from_numpy(np.ascontiguousarray(own))
                layer.bias.data.zero_()
                made += [layer, *([] if entry is spec[-1] else [nn.ReLU()])]
            model = nn.Sequential(*made).eval()
            for parameter in model.parameters():
                parameter.requires_grad_(False)
            self.models[name] = model.to(memory_format=self.torch.channels_last) if self.last else model
        return self.models[name]

    def tensor(self, x: Array) -> Any:
        t = self.torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
        return t.contiguous(memory_format=self.torch.channels_last) if self.last else t

    def layer(self, name: str, rows: int) -> Task:
        side, c, k, kernel, stride = LAYERS[name]
        conv = self.torch.nn.Conv2d(c, k, kernel, stride, border(side, kernel, stride), bias=False).requires_grad_(
            False
        )
        own = np.random.default_rng(0).standard_normal((kernel, kernel, c, k), np.float32).transpose(3, 2, 0, 1)
        conv.weight.data = self.torch.from_numpy(np.ascontiguousarray(own))
        conv = conv.to(memory_format=self.torch.channels_last) if self.last else conv
        x = self.tensor(images(rows, side, c))

        def work() -> Array:
            t = x.detach().requires_grad_(True)
            y = conv(t)
            y.backward(self.torch.ones_like(y))
            return self.numpy(t.grad)

        return work

    def numpy(self, t: Any) -> Array:
        return np.asarray(t.detach().numpy().transpose(0, 2, 3, 1))

    def forward(self, name: str, rows: int) -> Task:
        model, x = self.model(name), self.tensor(images(rows, *NETWORKS[name][1:]))
        return lambda: model(x).numpy()

    def gradient(self, name: str, rows: int) -> Task:
        model, x = self.model(name), self.tensor(images(rows, *NETWORKS[name][1:]))

        def work() -> Array:
            t = x.detach().requires_grad_(True)
            model(t)[:, 0].sum().backward()
            return self.numpy(t.grad)

        return work


class TorchFirst(Torch):
    last = False


class Captum(Torch):
    """captum on PyTorch; channels last, which is the faster."""

    def __init__(self) -> None:
        import captum.attr

        super().__init__()
        self.attr = captum.attr

    layer = forward = gradient = None  # type: ignore[assignment]

    def ig(self, name: str, rows: int) -> Task:
        method, x = self.attr.IntegratedGradients(self.model(name)), self.tensor(images(1, *NETWORKS[name][1:]))
        return lambda: self.numpy(method.attribute(x, target=0, n_steps=50, internal_batch_size=rows))

    def deep_lift(self, name: str, rows: int) -> Task:
        method, x = self.attr.DeepLift(self.model(name)), self.tensor(images(rows, *NETWORKS[name][1:]))
        return lambda: self.numpy(method.attribute(x, target=0))

    def deep_shap(self, name: str, rows: int) -> Task:
        x = self.tensor(images(rows + 20, *NETWORKS[name][1:]))
        method = self.attr.DeepLiftShap(self.model(name))
        return lambda: self.numpy(method.attribute(x[:rows], x[rows:], target=0))

    def expected_gradients(self, name: str, rows: int) -> Task:
        x = self.tensor(images(rows + 20, *NETWORKS[name][1:]))
        method = self.attr.GradientShap(self.model(name))
        return lambda: self.numpy(method.attribute(x[:rows], x[rows:], n_samples=200, target=0))

    def occlusion(self, name: str, rows: int) -> Task:
        method, x = self.attr.Occlusion(self.model(name)), self.tensor(images(rows, *NETWORKS[name][1:]))
        window = (x.shape[1], 8, 8)
        return lambda: self.numpy(method.attribute(x, window, (x.shape[1], 4, 4), target=0, perturbations_per_eval=100))


class Shap(Torch):
    """shap on PyTorch; it explains all classes unless ranked_outputs names one."""

    def __init__(self) -> None:
        import shap

        super().__init__()
        self.shap = shap

    layer = forward = gradient = None  # type: ignore[assignment]

    def one(self, name: str) -> Any:
        """The network with the score that is explained as its only one."""
        torch, model = self.torch, self.model(name)

        class First(torch.nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.model = model

            def forward(self, x: Any) -> Any:
                return self.model(x)[:, :1]

        return First()

    def deep_shap(self, name: str, rows: int) -> Task:
        x = self.tensor(images(rows + 20, *NETWORKS[name][1:]))
        method = self.shap.DeepExplainer(self.one(name), x[rows:])
        return lambda: method.shap_values(x[:rows])[..., 0].transpose(0, 2, 3, 1)

    def expected_gradients(self, name: str, rows: int) -> Task:
        x = self.tensor(images(rows + 20, *NETWORKS[name][1:]))
        method = self.shap.GradientExplainer(self.one(name), x[rows:])
        return lambda: method.shap_values(x[:rows], nsamples=200)[..., 0].transpose(0, 2, 3, 1)


class MyGrad:
    """MyGrad's conv_nd, channels first; the kernels are a constant."""

    def __init__(self) -> None:
        import mygrad
        from mygrad.nnet.layers import conv_nd

        self.mygrad, self.conv = mygrad, conv_nd

    def layer(self, name: str, rows: int) -> Task:
        side, c, k, kernel, stride = LAYERS[name]
        w = np.random.default_rng(0).standard_normal((kernel, kernel, c, k), np.float32).transpose(3, 2, 0, 1)
        x = np.ascontiguousarray(images(rows, side, c).transpose(0, 3, 1, 2))
        w, padding = np.ascontiguousarray(w), border(side, kernel, stride)

        def work() -> Array:
            t = self.mygrad.tensor(x)
            y = self.conv(t, w, stride=stride, padding=padding, constant=False)
            y.sum().backward()
            return np.asarray(t.grad.transpose(0, 2, 3, 1))

        return work


class Im2col:
    """The textbook's way, as in DeZero: all windows of all images laid out at once, one product, and back."""

    def layer(self, name: str, rows: int) -> Task:
        side, c, k, kernel, stride = LAYERS[name]
        w = np.random.default_rng(0).standard_normal((kernel, kernel, c, k), np.float32).transpose(3, 2, 0, 1)
        flat = np.ascontiguousarray(w).reshape(k, -1)
        x, p = np.ascontiguousarray(images(rows, side, c).transpose(0, 3, 1, 2)), border(side, kernel, stride)
        out = (side + 2 * p - kernel) // stride + 1
        last = [(i, i + stride * (out - 1) + 1) for i in range(kernel)]

        def work() -> Array:
            wide = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
            columns = np.empty((rows, c, kernel, kernel, out, out), np.float32)
            for i, (top, bottom) in enumerate(last):
                for j, (left, right) in enumerate(last):
                    columns[:, :, i, j] = wide[:, :, top:bottom:stride, left:right:stride]
            y = np.tensordot(columns.reshape(rows, -1, out * out), flat, (1, 1))  # (N, places, K)
            m = np.ones_like(y)
            back = np.tensordot(flat, m, (0, 2)).reshape(c, kernel, kernel, rows, out, out)
            gradient = np.zeros_like(wide)
            for i, (top, bottom) in enumerate(last):
                for j, (left, right) in enumerate(last):
                    gradient[:, :, top:bottom:stride, left:right:stride] += back[:, i, j].transpose(1, 0, 2, 3)
            return np.asarray(gradient[:, :, p : p + side, p : p + side].transpose(0, 2, 3, 1))

        return work


LIBRARIES: dict[str, Callable[[], Any]] = {
    "minixai": Minixai,
    "PyTorch": Torch,
    "PyTorch, channels first": TorchFirst,
    "captum": Captum,
    "shap": Shap,
    "MyGrad": MyGrad,
    "im2col": Im2col,
}


def measured(library: Any, tasks: dict[tuple[str, str, int], Task], asked: dict[str, Any]) -> dict[str, Any]:
    """How long the task took each time; the first time it is prepared, and done once beforehand."""
    key = (asked["task"], asked["name"], asked["rows"])
    make = getattr(library, key[0], None)
    if make is None:
        return {"skip": "no such task"}
    probe: list[float] = []
    if key not in tasks:
        tasks.clear()  # one at a time, for the memory
        tasks[key] = make(*key[1:])
        if asked["warm"]:
            answer = np.asarray(tasks[key]()).astype(float)
            flat = (answer.sum(axis=-1) if answer.ndim == 4 else answer).ravel()  # a number for each pixel
            probe = flat[:: max(1, len(flat) // 500)].tolist()
    seconds, clock = [], time.process_time if asked["busy"] else time.perf_counter
    for _ in range(asked["turns"]):
        start = clock()
        tasks[key]()
        seconds.append(clock() - start)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return {"seconds": seconds, "probe": probe, "peak": kilobytes * 1024}


def main(name: str) -> None:
    warnings.simplefilter("ignore")
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    try:
        library, reason = LIBRARIES[name](), None
    except ImportError as problem:
        library, reason = None, str(problem)
    tasks: dict[tuple[str, str, int], Task] = {}
    for line in sys.stdin:
        try:
            answer = {"missing": reason} if reason else measured(library, tasks, json.loads(line))
        except Exception as problem:  # not all can do all, and each says so in its own way
            answer = {"skip": " ".join(f"{type(problem).__name__}: {problem}".split())[:200]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
