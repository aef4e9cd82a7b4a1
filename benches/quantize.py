"""int8 copies of a network beside its float original: vectors, rankings and speed.

    python benches/quantize.py MODEL.onnx FOLDER LABELS.csv [--range tf] [--samples 128] OURS.onnx...

FOLDER holds photos and LABELS.csv names their products (columns file, product_id). The peer is made here, by
onnxruntime's own quantize_static (per channel, unsigned activations, ranges by min-max; with and without
reduce_range) from SAMPLES photos; OURS are files made by the example `quantize` or `lookalike models quantize`. Times are
medians of runs in turn, one thread, batches of 8. Needs benches/requirements.txt and onnx.
"""

import argparse
import csv
import pathlib
import tempfile
import time

import numpy
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

BATCH = 8
RANGES = {
    "imagenet": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    "tf": ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
}


def read(path):
    """The middle 224 of a photo whose shorter side is 256, as bytes."""
    image = Image.open(path).convert("RGB")
    width, height = image.size
    size = (256, 256 * height // width) if width < height else (256 * width // height, 256)
    image = image.resize(size, Image.BILINEAR)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    return numpy.asarray(image.crop((left, top, left + 224, top + 224)))


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Photos:
    def __init__(self, folder, labels, scheme):
        rows = [row for row in csv.DictReader(open(labels)) if row["product_id"]]
        paths = [(folder / pathlib.Path(row["file"]).name, row["product_id"]) for row in rows]
        paths = [(path, product) for path, product in paths if path.exists()]
        self.products = numpy.array([product for _, product in paths])
        self.pixels = numpy.stack([read(path) for path, _ in paths])
        self.mean, self.std = (numpy.array(part, numpy.float32) for part in RANGES[scheme])

    def tensor(self, places):
        scaled = (self.pixels[places].astype(numpy.float32) / 255 - self.mean) / self.std
        return numpy.ascontiguousarray(scaled.transpose(0, 3, 1, 2))

    def vectors(self, path):
        network, parts = session(path), []
        for start in range(0, len(self.pixels), BATCH):
            parts.append(network.run(["embedding"], {"input": self.tensor(slice(start, start + BATCH))})[0])
        vectors = numpy.concatenate(parts).astype(numpy.float64)
        return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


class Calibration(CalibrationDataReader):
    def __init__(self, photos, samples):
        places = numpy.random.RandomState(1).permutation(len(photos.pixels))[:samples]
        self.left = iter({"input": photos.tensor([place])} for place in places)

    def get_next(self):
        return next(self.left, None)


def rankings(vectors):
    scores = vectors @ vectors.T
    numpy.fill_diagonal(scores, -9)
    return numpy.argsort(-scores, axis=1)[:, :10]


def recall(nearest, products):
    """Share of a photo's fellows (ten at most) among its ten nearest, and how often the nearest is one."""
    shares, firsts = [], []
    for place, near in enumerate(nearest):
        fellows = (products == products[place]).sum() - 1
        if fellows:
            hits = products[near] == products[place]
            shares.append(hits.sum() / min(10, fellows))
            firsts.append(hits[0])
    return numpy.mean(shares), numpy.mean(firsts)


def times(paths):
    networks = [session(path) for path in paths]
    tensor = numpy.random.RandomState(0).randn(BATCH, 3, 224, 224).astype(numpy.float32)
    taken = [[] for _ in paths]
    for _ in range(11):
        for network, list_ in zip(networks, taken):
            began = time.perf_counter()
            network.run(["embedding"], {"input": tensor})
            list_.append((time.perf_counter() - began) / BATCH * 1000)
    return [numpy.median(list_) for list_ in taken]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("labels", type=pathlib.Path)
    parser.add_argument("ours", type=pathlib.Path, nargs="*")
    parser.add_argument("--range", choices=RANGES, default="imagenet")
    parser.add_argument("--samples", type=int, default=128)
    arguments = parser.parse_args()
    photos = Photos(arguments.folder, arguments.labels, arguments.range)
    with tempfile.TemporaryDirectory() as scratch:
        plain = f"{scratch}/plain.onnx"
        quant_pre_process(str(arguments.model), plain, skip_symbolic_shape=True)
        files = {"float": arguments.model}
        for name, reduced in [("onnxruntime", False), ("onnxruntime, reduce_range", True)]:
            files[name] = f"{scratch}/{len(files)}.onnx"
            quantize_static(
                plain,
                files[name],
                Calibration(photos, arguments.samples),
                per_channel=True,
                reduce_range=reduced,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        files.update((f"ours, {path.name}", path) for path in arguments.ours)
        vectors = {name: photos.vectors(path) for name, path in files.items()}
        taken = times(files.values())
    print("| file | cosine | least | ten nearest kept | recall@10 | R@1 | ms |\n|---|---|---|---|---|---|---|")
    float_near = rankings(vectors["float"])
    for (name, made), ms in zip(vectors.items(), taken):
        cosines, near = (vectors["float"] * made).sum(axis=1), rankings(made)
        kept = numpy.mean([len(set(a) & set(b)) / 10 for a, b in zip(float_near, near)])
        share, first = recall(near, photos.products)
        print(
            f"| {name} | {cosines.mean():.4f} | {cosines.min():.4f} | {kept:.3f} "
            f"| {share:.4f} | {first:.4f} | {ms:.1f} |"
        )


if __name__ == "__main__":
    main()
