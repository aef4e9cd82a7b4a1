"""The Python peer of P2: Pillow and onnxruntime, from a file to a ResNet-50 vector.

`run.py` starts it as `peers_neural.py MODEL PHOTO THREADS`. It prints a line when it is ready and then answers requests on
standard input: `file N` with N lines of milliseconds, `vector` with the vector on one line.
`peers_neural.py library` prints where the package's shared library is, for lookalike to load the same one.
"""

import sys
import time
from pathlib import Path


def vector_of(session, photo):
    import numpy as np
    from PIL import Image

    picture = Image.open(photo).convert("RGB")
    width, height = picture.size
    short, side = 256, 224
    size = (short, short * height // width) if width <= height else (short * width // height, short)
    picture = picture.resize(size, Image.Resampling.BILINEAR)
    left, top = round((size[0] - side) / 2), round((size[1] - side) / 2)
    picture = picture.crop((left, top, left + side, top + side))
    values = np.asarray(picture, dtype=np.float32) / np.float32(255)
    values = (values - np.array([0.485, 0.456, 0.406], np.float32)) / np.array([0.229, 0.224, 0.225], np.float32)
    tensor = np.ascontiguousarray(values.transpose(2, 0, 1))[None]
    (output,) = session.run(["embedding"], {session.get_inputs()[0].name: tensor})
    vector = output.reshape(-1)
    return vector / np.linalg.norm(vector)


def main():
    import onnxruntime

    if sys.argv[1] == "library":
        print(next((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.*[0-9]*")))
        return
    model, photo, threads = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = int(threads), 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    print("ready", flush=True)
    for line in sys.stdin:
        match line.split():
            case ["file", count]:
                for _ in range(int(count)):
                    start = time.perf_counter()
                    vector_of(session, photo)
                    print((time.perf_counter() - start) * 1000)
            case ["vector"]:
                print(*vector_of(session, photo).tolist())
        sys.stdout.flush()


if __name__ == "__main__":
    main()
