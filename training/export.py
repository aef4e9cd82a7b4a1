"""Writes the encoder as ONNX: batch normalisation folded, weights as float16, arithmetic in float32.

    python export.py ~/lookalike-training/stage-two.pt out/look-1.onnx
    python export.py ~/lookalike-training/stage-two.pt ../crates/vision/src/look/look-1.onnx --fixture ../fixtures/look

Input `input`: float32 (N, 3, 96, 96), RGB in 0..1. Output `embedding`: float32 (N, 256), norm 1. Opset 13.
The graph is written node by node rather than traced: it is short, and holds nothing but Conv, MatMul, Relu, Add, Clip,
Pow, ReduceMean, ReduceL2, Sub, Div, what moves numbers (Gather, Pad, Transpose, Reshape, Concat, Flatten) and the Casts
that widen the weights. Convolutions whose output is small are written as matrix products (`Graph.product`).

It is then run in ONNX Runtime and compared with the float32 network on photos, in batches and one by one; a cosine below
.999 is an error, and so is a vector that depends on the photos beside it. With `--fixture` the float32 network's
vectors of drawn pictures are written beside, which the product's own tests are measured against (`fixture.py`): the
second line is what puts new weights into the product.
"""

import argparse
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

import data
from batches import clean
from model import EMBEDDING, SIDE, ConvUnit, Look, Residual

LEAST_COSINE = 0.999
# Outputs of at most so many pixels a side are made by matrix products. rten multiplies weights by positions, 32 of which it
# takes at once, and 6x6 or 3x3 positions leave much of that empty; positions by weights leave nothing. On one core rten takes
# two thirds of the time for 12, a little less still for 24, where ONNX Runtime takes a sixth more (as much as ever for 12).
LARGEST_PRODUCT = 12


def folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[np.ndarray, np.ndarray]:
    """The convolution's weights and bias with the normalisation behind it multiplied in, float64."""
    scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).double()
    weight = conv.weight.double() * scale[:, None, None, None]
    bias = norm.bias.double() - norm.running_mean.double() * scale
    return weight.detach().numpy(), bias.detach().numpy()


@dataclass
class Map:
    """What a layer gives: its tensor, pixels a side and channels. `in_rows`, it is (N, side * side, channels) rather than
    (N, channels, side, side)."""

    name: str
    side: int
    channels: int
    in_rows: bool = False


def neighbourhoods(side: int, stride: int) -> np.ndarray:
    """Of each position that a 3x3 convolution gives, the nine it looks at; `side * side` is the padding."""
    at = np.pad(np.arange(side * side).reshape(side, side), 1, constant_values=side * side)
    steps = range(0, side, stride)
    return np.concatenate([at[y : y + 3, x : x + 3].ravel() for y in steps for x in steps])


class Graph:
    """Nodes and stored tensors under construction; each method gives the name, or the map, of what it made."""

    def __init__(self):
        self.nodes, self.stored = [], []

    def add(self, operator: str, *inputs: str, **attributes) -> str:
        name = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, values: np.ndarray) -> str:
        name = f"tensor{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(values, name))
        return name

    def weights(self, values: np.ndarray) -> str:
        """Kept as float16, widened where it is used; engines do that once, when they load the model."""
        return self.add("Cast", self.constant(values.astype(np.float16)), to=TensorProto.FLOAT)

    def shape(self, *sides: int) -> str:
        return self.constant(np.array(sides, np.int64))

    def rows(self, x: Map) -> Map:
        """The same, one row of channels for each position."""
        if x.in_rows:
            return x
        flat = self.add("Reshape", x.name, self.shape(0, x.channels, x.side**2))
        return replace(x, name=self.add("Transpose", flat, perm=[0, 2, 1]), in_rows=True)

    def planes(self, x: Map) -> Map:
        """The same, one plane of positions for each channel."""
        if not x.in_rows:
            return x
        flat = self.add("Transpose", x.name, perm=[0, 2, 1])
        return replace(x, name=self.add("Reshape", flat, self.shape(0, x.channels, x.side, x.side)), in_rows=False)

    def product(self, x: Map, weight: np.ndarray, stride: int) -> str:
        """A 3x3 convolution as one matrix product: each row holds the nine neighbours of a position."""
        neighbours = neighbourhoods(x.side, stride)
        padded = self.add("Pad", x.name, self.shape(0, 0, 0, 0, 1, 0))
        gathered = self.add("Gather", padded, self.constant(neighbours), axis=1)
        rows = self.add("Reshape", gathered, self.shape(0, len(neighbours) // 9, 9 * x.channels))
        return self.add("MatMul", rows, self.weights(weight.transpose(2, 3, 1, 0).reshape(9 * x.channels, -1)))

    def convolution(self, x: Map, conv: nn.Conv2d, norm: nn.BatchNorm2d) -> Map:
        weight, bias = folded(conv, norm)
        stride = conv.stride[0]
        made = Map("", -(-x.side // stride), weight.shape[0], in_rows=-(-x.side // stride) <= LARGEST_PRODUCT)
        bias = bias.astype(np.float32)
        if made.in_rows:
            return replace(made, name=self.add("Add", self.product(self.rows(x), weight, stride), self.constant(bias)))
        weight, bias = self.weights(weight), self.constant(bias)
        shape = {"kernel_shape": [3, 3], "strides": [stride, stride], "pads": [1, 1, 1, 1]}
        return replace(made, name=self.add("Conv", x.name, weight, bias, **shape))

    def relu(self, x: Map) -> Map:
        return replace(x, name=self.add("Relu", x.name))

    def layer(self, x: Map, layer: nn.Module) -> Map:
        if isinstance(layer, ConvUnit):
            return self.relu(self.convolution(x, layer[0], layer[1]))
        if isinstance(layer, Residual):
            inner = self.relu(self.convolution(x, layer.first[0], layer.first[1]))
            inner = self.convolution(inner, layer.second, layer.norm)
            return self.relu(replace(inner, name=self.add("Add", x.name, inner.name)))
        raise TypeError(f"no ONNX form for {type(layer).__name__}: add one to Graph.layer")


def build(model: Look) -> onnx.ModelProto:
    graph = Graph()
    scalar = lambda value: graph.constant(np.array(value, np.float32))
    x = graph.add("Sub", "input", graph.constant(model.mean.numpy()))
    x = Map(graph.add("Div", x, graph.constant(model.deviation.numpy())), SIDE, 3)
    for layer in model.trunk:
        x = graph.layer(x, layer)
    # Means over what lies side by side are summed alike however many photos there are, others are not.
    x = graph.planes(x).name
    peak = graph.add("Pow", graph.add("Clip", x, scalar(1e-4)), scalar(3.0))
    peak = graph.add("Pow", graph.add("ReduceMean", peak, axes=[2, 3], keepdims=1), scalar(1 / 3))
    mean = graph.add("ReduceMean", x, axes=[2, 3], keepdims=1)
    weight, bias = model.head.weight.detach().numpy(), model.head.bias.detach().numpy()
    pooled = graph.add("Concat", peak, mean, axis=1)
    # The linear map as a convolution: ONNX Runtime sums those picture by picture, but a matrix product differently with
    # the number of rows, and a picture's vector must not depend on those beside it, not even in its last bit.
    weight = graph.weights(weight[:, :, None, None])
    x = graph.add("Flatten", graph.add("Conv", pooled, weight, graph.constant(bias), kernel_shape=[1, 1]), axis=1)
    norm = graph.add("ReduceL2", x, axes=[1], keepdims=1)
    graph.nodes.append(helper.make_node("Div", [x, norm], ["embedding"], name="embedding"))
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "look-1",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", EMBEDDING])],
            initializer=graph.stored,
        ),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
        producer_name="lookalike",
    )
    onnx.checker.check_model(made, full_check=True)
    return made


@torch.no_grad()
def least_cosine(model: Look, path: Path, photos: int = 64) -> float:
    """The worst agreement of the exported and the trained network, on training photos in batches and one by one."""
    from evaluate import onnx_encoder

    encode = onnx_encoder(path, "01", "embedding", threads=1)
    views = next(clean(data.load("dev"), SIDE, photos))
    expected = model(views.permute(0, 3, 1, 2).float() / 255).numpy()
    batched = encode(views.numpy())
    for size in (1, 3):
        apart = np.concatenate([encode(views[at : at + size].numpy()) for at in range(0, photos, size)])
        if not np.array_equal(batched, apart):
            raise SystemExit(f"a photo's vector depends on those beside it: batches of {size} and of {photos} differ")
    return float((expected * batched).sum(1).min())


def main() -> None:
    parser = argparse.ArgumentParser(description="writes a checkpoint's averaged weights as ONNX")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--fixture", type=Path, help="folder to write vectors of drawn pictures to, for the product's tests")
    given = parser.parse_args()
    torch.set_num_threads(1)
    model = Look().eval()
    model.load_state_dict(torch.load(given.checkpoint, map_location="cpu")["average"])
    given.onnx.parent.mkdir(parents=True, exist_ok=True)
    given.onnx.write_bytes(build(model).SerializeToString())
    cosine = least_cosine(model, given.onnx)
    digest = hashlib.sha256(given.onnx.read_bytes()).hexdigest()
    print(f"{given.onnx}: {given.onnx.stat().st_size:,} bytes, sha256 {digest}, least cosine {cosine:.6f}")
    if cosine < LEAST_COSINE:
        raise SystemExit(f"the export differs from the network: cosine {cosine:.6f}, at least {LEAST_COSINE} is wanted")
    if given.fixture:
        from fixture import write

        write(model, digest, given.fixture)


if __name__ == "__main__":
    main()
