"""The Python peers that lookalike is measured against, and the data both sides read.

`run.py` starts this in a virtual environment that has the libraries of requirements.txt. As `peers.py make-...` it
writes data and ends. As `peers.py images|vectors|hashes ...` it prints a line when it is ready and then answers one
request per line of standard input, so that `run.py` can take turns with the other engines:

    NAME N      run N queries with engine NAME; answers N lines, milliseconds each
    NAME-found  answers one line per query: what engine NAME finds
    score Q I   answers the dot product of query Q and row I in double precision
    versions    answers one line

Everything runs on one thread.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import io
import itertools
import sys
import time
from importlib.metadata import version

import numpy as np

SEED = 20240611


def make_picture(path, photo=None, width=1000, height=1400):
    """Writes a JPEG, quality 85, 4:2:0: `photo` enlarged, or a drawn still life of 1000x1400 with a camera's noise."""
    from PIL import Image, ImageDraw, ImageFilter

    size = (int(width), int(height)) if photo else (1000, 1400)
    if photo:
        picture = Image.open(photo).convert("RGB").resize(size, Image.Resampling.BICUBIC)
    else:
        rng = np.random.default_rng(SEED)
        down, across = np.mgrid[0 : size[1], 0 : size[0]] / 1400.0
        light = 120 + 90 * np.cos(2.1 * across) * np.cos(1.3 * down - 0.4)
        picture = Image.fromarray(np.stack([light, light * 0.94, light * 0.85], axis=2).astype(np.uint8))
        draw = ImageDraw.Draw(picture)
        for _ in range(160):
            x, y = rng.integers(-100, 1000), rng.integers(-100, 1400)
            box = (int(x), int(y), int(x + rng.integers(10, 320)), int(y + rng.integers(10, 320)))
            colour = tuple(int(c) for c in rng.integers(0, 256, 3))
            (draw.ellipse if rng.random() < 0.5 else draw.rectangle)(box, fill=colour)
        picture = picture.filter(ImageFilter.GaussianBlur(1.2))
        noisy = np.asarray(picture, dtype=np.float32) + rng.normal(0, 5, (size[1], size[0], 3))
        picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
    picture.save(path, "JPEG", quality=85, subsampling="4:2:0")


def make_vectors(path, queries_path, rows, dimensions, queries):
    """Unit vectors around 2,000 centres, as products of a catalog are around its kinds; queries from the same."""
    rng = np.random.default_rng(SEED)
    centres = rng.standard_normal((2000, dimensions), dtype=np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)

    def draw(count):
        spread = rng.standard_normal((count, dimensions), dtype=np.float32) * np.float32(0.6 / dimensions**0.5)
        vectors = centres[rng.integers(0, len(centres), count)] + spread
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    with open(path, "wb") as file:
        for start in range(0, rows, 50_000):
            draw(min(50_000, rows - start)).tofile(file)
    draw(queries).tofile(queries_path)


def make_hashes(path, queries_path, rows, queries):
    """Random hashes; half of the queries are stored hashes with up to 8 bits flipped."""
    rng = np.random.default_rng(SEED)
    hashes = rng.integers(0, 2**64, rows, dtype=np.uint64)
    hashes.tofile(path)
    asked = rng.integers(0, 2**64, queries, dtype=np.uint64)
    for number in range(0, queries, 2):
        asked[number] = hashes[rng.integers(0, rows)]
        for bit in rng.choice(64, number // 2 % 9, replace=False):
            asked[number] ^= np.uint64(1) << np.uint64(bit)
    asked.tofile(queries_path)


def image_engines(path):
    """File to hash, the bytes already in memory, as the other side has them."""
    import imagehash
    import pdqhash
    from PIL import Image

    with open(path, "rb") as file:
        content = file.read()

    def phash(_):
        picture = Image.open(io.BytesIO(content)).convert("RGB")
        width, height = picture.size
        scale = 512 / max(width, height)
        width, height = int(width * scale), int(height * scale)
        canvas = Image.new("RGB", (512, 512), (255, 255, 255))
        canvas.paste(
            picture.resize((width, height), Image.Resampling.LANCZOS), ((512 - width) // 2, (512 - height) // 2)
        )
        return [str(imagehash.phash(canvas))]

    def pdq(_):
        bits, quality = pdqhash.compute(np.asarray(Image.open(io.BytesIO(content)).convert("RGB")))
        return [np.packbits(bits).tobytes().hex(), quality]

    return [None], {"phash": phash, "pdq": pdq}, None


def vector_engines(path, queries_path, dimensions, k):
    import faiss

    faiss.omp_set_num_threads(1)
    dimensions, k = int(dimensions), int(k)
    vectors = np.fromfile(path, dtype=np.float32).reshape(-1, dimensions)
    queries = np.fromfile(queries_path, dtype=np.float32).reshape(-1, 1, dimensions)
    flat = faiss.IndexFlatIP(dimensions)
    flat.add(vectors)
    kind = faiss.ScalarQuantizer.QT_8bit
    quantized = faiss.IndexScalarQuantizer(dimensions, kind, faiss.METRIC_INNER_PRODUCT)
    quantized.train(vectors[:100_000])
    quantized.add(vectors)

    def score(query, row):
        return float(queries[query, 0].astype(np.float64) @ vectors[row].astype(np.float64))

    engines = {
        "flat": lambda query: flat.search(query, k)[1][0],
        "sq8": lambda query: quantized.search(query, k)[1][0],
    }
    return list(queries), engines, score


def hash_engines(path, queries_path, k, radius):
    import faiss

    faiss.omp_set_num_threads(1)
    k, radius = int(k), int(radius)
    hashes = np.fromfile(path, dtype=np.uint8).reshape(-1, 8)
    queries = np.fromfile(queries_path, dtype=np.uint8).reshape(-1, 1, 8)
    flat = faiss.IndexBinaryFlat(64)
    flat.add(hashes)
    engines = {
        "nearest": lambda query: flat.search(query, k)[0][0],
        # Its radius is exclusive.
        "radius": lambda query: np.sort(flat.range_search(query, radius + 1)[2]),
    }
    return list(queries), engines, None


def serve(queries, engines, score):
    turn = itertools.cycle(queries)
    print("ready", flush=True)
    for line in sys.stdin:
        name, *numbers = line.split()
        if name == "versions":
            names = ("numpy", "pillow", "ImageHash", "pdqhash", "faiss-cpu")
            print("Python " + sys.version.split()[0], *(f"{n} {version(n)}" for n in names), sep=", ")
        elif name == "score":
            print(repr(score(*map(int, numbers))))
        elif name.endswith("-found"):
            for query in queries:
                print(*engines[name.removesuffix("-found")](query))
        else:
            for query in itertools.islice(turn, int(numbers[0])):
                started = time.perf_counter()
                engines[name](query)
                print(f"{(time.perf_counter() - started) * 1e3:.5f}")
        sys.stdout.flush()


def main(what, *arguments):
    if what == "make-picture":
        make_picture(*arguments)
    elif what == "make-vectors":
        make_vectors(*arguments[:2], *map(int, arguments[2:]))
    elif what == "make-hashes":
        make_hashes(*arguments[:2], *map(int, arguments[2:]))
    else:
        serve(*{"images": image_engines, "vectors": vector_engines, "hashes": hash_engines}[what](*arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
