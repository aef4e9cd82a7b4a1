"""The first system, as one would write it in Python: FastAPI, Pillow and ImageHash, and numpy in place of a search engine.

    PHOTOS=FOLDER uvicorn --app-dir benches/services hash_service:app

`GET /find_similar/?image_url=U&top=N` fetches the photo, hashes it and compares the hash with all others at once. The handler is
a plain function, which FastAPI runs on threads: fetching waits, and Pillow and numpy let other threads run meanwhile.
"""

import io
import os
import pathlib

import httpx
import imagehash
import numpy as np
from fastapi import FastAPI, HTTPException, Query
from PIL import Image, UnidentifiedImageError

app = FastAPI()
web = httpx.Client(timeout=10, limits=httpx.Limits(max_keepalive_connections=64))


def letterboxed(picture: Image.Image) -> Image.Image:
    picture = picture.convert("RGB")
    scale = 512 / max(picture.size)
    width, height = (max(int(side * scale), 1) for side in picture.size)
    canvas = Image.new("RGB", (512, 512), (255, 255, 255))
    small = picture.resize((width, height), Image.Resampling.LANCZOS)
    canvas.paste(small, ((512 - width) // 2, (512 - height) // 2))
    return canvas


def phash(content: bytes) -> np.uint64:
    bits = imagehash.phash(letterboxed(Image.open(io.BytesIO(content)))).hash
    return np.packbits(bits).view(">u8")[0].astype(np.uint64)


paths = sorted(pathlib.Path(os.environ["PHOTOS"]).glob("*.jpg"))
names = [path.name for path in paths]
hashes = np.array([phash(path.read_bytes()) for path in paths], dtype=np.uint64)


@app.get("/find_similar/")
def find_similar(image_url: str, top: int = Query(1, ge=1)):
    try:
        response = web.get(image_url)
        response.raise_for_status()
        asked = phash(response.content)
    except (httpx.HTTPError, UnidentifiedImageError) as error:
        raise HTTPException(422, str(error)) from error
    distances = np.bitwise_count(hashes ^ asked)
    nearest = np.argsort(distances, kind="stable")[:top]
    return {
        "matches": [
            {
                "entity_id": names[index],
                "sku": None,
                "image_url": names[index],
                "score": 1 / (1 + int(distances[index])),
                "match_percentage": round(100 * (1 - int(distances[index]) / 64), 2),
            }
            for index in nearest
        ]
    }
