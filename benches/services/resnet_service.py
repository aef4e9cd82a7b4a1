"""The second system, as one would write it in Python: FastAPI, ResNet-50 in onnxruntime, cosines with numpy.

    PHOTOS=FOLDER MODEL=FILE.onnx uvicorn --app-dir benches/services resnet_service:app

`POST /similarity-search` takes a form with the file `file`. The session has all cores, as onnxruntime's own default; the handler
is a plain function, which FastAPI runs on threads, so that one photo is decoded while the network works on another.
"""

import io
import os
import pathlib

import numpy as np
import onnxruntime
from fastapi import FastAPI, File, Query
from fastapi.responses import JSONResponse
from PIL import Image, UnidentifiedImageError

app = FastAPI()
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def vector(content: bytes) -> np.ndarray:
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    width, height = picture.size
    size = (256, 256 * height // width) if width <= height else (256 * width // height, 256)
    picture = picture.resize(size, Image.Resampling.BILINEAR)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    values = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32) / np.float32(255)
    tensor = np.ascontiguousarray(((values - MEAN) / DEVIATION).transpose(2, 0, 1))[None]
    (output,) = session.run(["embedding"], {"input": tensor})
    flat = output.reshape(-1)
    return flat / np.linalg.norm(flat)


paths = sorted(pathlib.Path(os.environ["PHOTOS"]).glob("*.jpg"))
names = [path.stem for path in paths]
vectors = np.stack([vector(path.read_bytes()) for path in paths])


@app.post("/similarity-search")
def similarity_search(file: bytes = File(), top: int = Query(3, ge=1)):
    try:
        asked = vector(file)
    except UnidentifiedImageError:
        return JSONResponse({"error": "not an image"}, 400)
    cosines = vectors @ asked
    nearest = np.argpartition(-cosines, min(top, len(cosines) - 1))[:top]
    return {"ids": [names[index] for index in nearest[np.argsort(-cosines[nearest])]]}
