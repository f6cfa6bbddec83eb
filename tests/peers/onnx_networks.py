"""Small networks in PyTorch, of the families that people export, with random weights of trained size."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Residual(nn.Module):
    """As in ResNet: batch norm, two convolutions, a shortcut."""

    def __init__(self, inside: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        plain = stride == 1 and inside == out
        self.shortcut = (
            nn.Identity()
            if plain
            else nn.Sequential(nn.Conv2d(inside, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        )

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(h)) + self.shortcut(x))


class Excite(nn.Module):
    """Squeeze and excitation, with the hard sigmoid of MobileNetV3."""

    def __init__(self, channels: int, gate: nn.Module) -> None:
        super().__init__()
        self.pool, self.gate = nn.AdaptiveAvgPool2d(1), gate
        self.fc1, self.fc2 = nn.Conv2d(channels, channels // 2, 1), nn.Conv2d(channels // 2, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(self.fc2(F.relu(self.fc1(self.pool(x)))))


class Inverted(nn.Module):
    """As in MobileNet and EfficientNet: wide, depthwise, narrow."""

    def __init__(self, channels: int, act: nn.Module, gate: nn.Module | None = None, kernel: int = 3) -> None:
        super().__init__()
        wide = 3 * channels
        self.layers = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            act,
            nn.Conv2d(wide, wide, kernel, padding=kernel // 2, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            act,
            *([] if gate is None else [Excite(wide, gate)]),
            nn.Conv2d(wide, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Densely(nn.Module):
    """As in DenseNet: norm, ReLU, convolution, and all that came before beside it."""

    def __init__(self, channels: int, growth: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(channels + i * growth), nn.ReLU(), nn.Conv2d(channels + i * growth, growth, 3, padding=1)
            )
            for i in range(layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return x


class Inception(nn.Module):
    """Four branches, one of asymmetric kernels, one of pooling."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(channels, 4, 1)
        self.wide = nn.Sequential(
            nn.Conv2d(channels, 4, (1, 7), padding=(0, 3)), nn.Conv2d(4, 4, (7, 1), padding=(3, 0))
        )
        self.pool = nn.Conv2d(channels, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.pool(F.avg_pool2d(x, 3, 1, 1))
        return F.relu(torch.cat([self.one(x), self.wide(x), pooled, F.max_pool2d(x, 3, 1, 1)], 1))


class Shuffle(nn.Module):
    """As in ShuffleNet: split, depthwise, join, and shuffle the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.layers = nn.Sequential(
            nn.Conv2d(half, half, 1), nn.ReLU(), nn.Conv2d(half, half, 3, padding=1, groups=half), nn.BatchNorm2d(half)
        )

    def forward(self, x: Tensor) -> Tensor:
        kept, changed = x.chunk(2, 1)
        y = torch.cat([kept, self.layers(changed)], 1)
        n, c, h, w = y.shape
        return y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class Transformer(nn.Module):
    """As ViT: patches, a class token, positions, attention."""

    def __init__(self, classes: int, dim: int = 8, patch: int = 4, size: int = 16, layers: int = 2) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, dim, patch, patch)
        self.token = nn.Parameter(torch.randn(1, 1, dim))
        self.place = nn.Parameter(torch.randn(1, (size // patch) ** 2 + 1, dim))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(dim, 2, 2 * dim, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(layers)
        )
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, classes)

    def forward(self, x: Tensor) -> Tensor:
        h = self.patch(x).flatten(2).transpose(1, 2)
        h = torch.cat([self.token.expand(h.shape[0], -1, -1), h], 1) + self.place
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h)[:, 0])


class Attention(nn.Module):
    """Attention as nn.MultiheadAttention writes it, which puts the heads beside the rows."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.patch, self.head = nn.Conv2d(3, 16, 4, 4), nn.Linear(16, classes)
        self.attention, self.norm = nn.MultiheadAttention(16, 4, batch_first=True), nn.LayerNorm(16)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(self.patch(x).flatten(2).transpose(1, 2))
        return self.head((h + self.attention(h, h, h, need_weights=False)[0]).mean(1))


class Windows(nn.Module):
    """Attention inside windows, as in Swin: windows go into the rows and come back."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.patch, self.qkv, self.head = nn.Conv2d(3, 8, 2, 2), nn.Linear(8, 24), nn.Linear(8, classes)

    def forward(self, x: Tensor) -> Tensor:
        h = self.patch(x).permute(0, 2, 3, 1)
        n, a, b, c = h.shape
        h = torch.roll(h, (-2, -2), (1, 2))
        w = h.view(n, a // 4, 4, b // 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)
        q, k, v = self.qkv(w).reshape(-1, 16, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        w = (torch.softmax(q @ k.transpose(-2, -1) * 0.5, -1) @ v).transpose(1, 2).reshape(-1, 16, c)
        h = w.view(n, a // 4, b // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(n, a, b, c)
        return self.head(h.mean((1, 2)))


class Unet(nn.Module):
    """Down, up by a transposed convolution and by interpolation, and skips."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.up, self.c = nn.ConvTranspose2d(8, 8, 3, 2, 1, output_padding=1), nn.Conv2d(16, 8, 3, padding=1)
        self.group, self.instance = nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True)
        self.head = nn.Linear(8, classes)

    def forward(self, x: Tensor) -> Tensor:
        a = F.leaky_relu(self.group(self.a(x)), 0.1)
        b = F.relu(self.instance(self.b(F.max_pool2d(a, 2))))
        up = torch.cat([self.up(b), a], 1)
        c = F.interpolate(self.c(up), scale_factor=2, mode="nearest")
        d = F.interpolate(F.elu(c), size=(12, 12), mode="bilinear", align_corners=False)
        e = F.interpolate(d, size=(20, 20), mode="bilinear", align_corners=True)
        return self.head(e.amax((2, 3)))


class Zoo(nn.Module):
    """One of every activation, and pooling in all its ways."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 12, 3, padding="same", dilation=2, padding_mode="reflect")
        self.acts = nn.ModuleList(
            (
                *(nn.Softsign(), nn.CELU(1.3), nn.SELU(), nn.Softplus(), nn.Mish(), nn.Hardsigmoid(), nn.Tanh()),
                *(nn.GELU("tanh"), nn.Sigmoid(), nn.LogSigmoid(), nn.PReLU(12), nn.Hardtanh(-0.5, 0.7)),
                nn.Tanhshrink(),
            )
        )
        self.head = nn.Linear(12, classes)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv(x)
        h = h * torch.rsqrt((h * h).mean(1, keepdim=True) + 0.1)
        h = sum(act(h) for act in self.acts)
        h = F.max_pool2d(h, 3, 2, 1, ceil_mode=True) + F.avg_pool2d(h, 3, 2, 1, ceil_mode=True)
        h = F.local_response_norm(h, 3, 0.5, 0.75, 2)
        h = F.avg_pool2d(F.pad(h, (1, 2, 0, 1), value=0.5), 3, 2, 1, count_include_pad=False)
        h = F.max_pool2d(F.pad(h, (1, 1, 2, 0), mode="replicate"), 2, 1, 0, 2)
        return self.head(torch.max(torch.minimum(h, h.flip(2)), -h).flatten(2).sum(2) / 9 - 0.5)


class Line(nn.Module):
    """Convolutions along a line (N, C, L)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv1d(2, 8, 5, 2, 2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(8, 8, 3, groups=4)),
            *(nn.ReLU(), nn.AvgPool1d(3, 2, 1), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, classes)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def stem(*layers: nn.Module, channels: int = 8, classes: int = 5) -> nn.Module:
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(channels, classes))
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), *layers, *head)


def plain(end: nn.Module) -> nn.Module:
    conv = (nn.Conv2d(3, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(*conv, nn.Flatten(), nn.Linear(72, 20), nn.Tanh(), nn.Linear(20, 5), end)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "plain": (lambda: plain(nn.Identity()), (3, 22, 22)),
    "plain, softmax": (lambda: plain(nn.Softmax(1)), (3, 22, 22)),
    "plain, sigmoid": (lambda: plain(nn.Sigmoid()), (3, 22, 22)),
    "resnet": (lambda: stem(Residual(8, 8), Residual(8, 16, 2), channels=16), (3, 32, 32)),
    "mobilenet v2": (lambda: stem(Inverted(8, nn.ReLU6())), (3, 32, 32)),
    "mobilenet v3": (lambda: stem(Inverted(8, nn.Hardswish(), nn.Hardsigmoid(), 5)), (3, 32, 32)),
    "efficientnet": (lambda: stem(Inverted(8, nn.SiLU(), nn.Sigmoid())), (3, 32, 32)),
    "densenet": (lambda: stem(Densely(8, 4, 3), nn.AvgPool2d(2), channels=20), (3, 24, 24)),
    "inception": (lambda: stem(Inception(8), channels=20), (3, 24, 24)),
    "shufflenet": (lambda: stem(Shuffle(8), Shuffle(8)), (3, 16, 16)),
    "vit": (lambda: Transformer(5), (3, 16, 16)),
    "attention": (lambda: Attention(5), (3, 16, 16)),
    "swin": (lambda: Windows(5), (3, 16, 16)),
    "unet": (lambda: Unet(5), (3, 16, 16)),
    "zoo": (lambda: Zoo(5), (3, 19, 18)),
    "line": (lambda: Line(5), (2, 40)),
}


def network(name: str) -> tuple[nn.Module, Tensor]:
    """A network in inference, whose batch norms have seen something, and a few images for it."""
    make, shape = NETWORKS[name]
    torch.manual_seed(sum(map(ord, name)))
    module = make()
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias, 0, 0.2)
            part.running_mean.normal_(0, 0.2)
            part.running_var.uniform_(0.5, 1.5)
    return module.eval(), (255 * torch.rand(2, *shape)).round() / 255


FROZEN = [name for name in NETWORKS if name not in ("plain", "attention")]
"""Those whose files lie in tests/zoo/onnx_networks.npz."""
GRADIENTS = ("resnet", "mobilenet v3", "densenet", "inception", "vit", "unet")
"""Those whose gradients lie there too."""
