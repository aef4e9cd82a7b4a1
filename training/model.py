"""The `look-1` network: a small convolutional encoder, picture in, unit vector out.

It is kept to operators every ONNX runtime executes well (Conv, Relu, Add, Clip, Pow, averages, Gemm, division by a
norm). It knows nothing of edits, losses or training: its neighbours are `train.py`, which fits it, and `export.py`,
which folds its batch normalisation and writes it as ONNX.

Input: float32 (batch, 3, side, side), RGB in 0..1; the mean and the deviation are applied inside, so a caller cannot
get them wrong. Output: float32 (batch, 256), L2 norm 1. It is fully convolutional: any side that is a multiple of 16
works, and 96 is what it is trained for.
"""

import torch
from torch import nn
from torch.nn import functional as F

CHANNELS = (32, 48, 96, 192, 256)
EMBEDDING = 256
SIDE = 96


class ConvUnit(nn.Sequential):
    """3x3 convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    """Two 3x3 convolutions whose sum with their input is rectified; the second starts at zero."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = ConvUnit(channels, channels, 1)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))))


class Pool(nn.Module):
    """Generalised mean (Radenovic et al. 2018, exponent 3) beside the plain mean: (batch, 2 * channels)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        peak = x.clamp(min=1e-4).pow(3.0).mean((2, 3)).pow(1.0 / 3.0)
        return torch.cat((peak, x.mean((2, 3))), 1)


class Look(nn.Module):
    """Five halvings of the picture, each but the first with one residual block, then pooling and one linear map.

    A block at half the picture's size would take two fifths of the time and hold one hundredth of the weights.
    """

    def __init__(self, channels: tuple[int, ...] = CHANNELS, embedding: int = EMBEDDING):
        super().__init__()
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1))
        layers: list[nn.Module] = []
        before = 3
        for width in channels:
            layers.append(ConvUnit(before, width, 2))
            if before > 3:
                layers.append(Residual(width))
            before = width
        self.trunk = nn.Sequential(*layers)
        self.pool = Pool()
        self.head = nn.Linear(2 * before, embedding)

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, channels, side / 32, side / 32): the part that may be computed in bfloat16."""
        return self.trunk((x - self.mean) / self.deviation)

    def embed(self, maps: torch.Tensor) -> torch.Tensor:
        return F.normalize(self.head(self.pool(maps)), dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.embed(self.maps(x))
