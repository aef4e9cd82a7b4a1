"""The edit suite of the evaluation: twenty-two edits of fixed strength, seeded, on photos of dev's `measure` fold.

Each edit takes an RGB uint8 picture and a generator (for places and fillings only) and gives the edited one. Nothing
here is used in training. `crop25` and `crop50` take away 25 and 50 % of the area; `pad30` makes each side 30 % longer;
the other tiles of the collage are photos which are not in the index.
"""

import cv2
import numpy as np

from data import Photos
from edits import canvas, resize, write

QUERIES_AN_EDIT = 80
SEED = 20


def jpeg(image, random, quality=15):
    data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def thumbnail(image, random):
    scale = 72 / max(image.shape[:2])
    return resize(image, round(image.shape[1] * scale), round(image.shape[0] * scale))


def blur(image, random):
    return cv2.GaussianBlur(image, (0, 0), max(image.shape[:2]) / 120)


def noise(image, random):
    return np.clip(image + random.normal(0, 22, image.shape), 0, 255).astype(np.uint8)


def levels(image, gamma=1.0, contrast=1.0, shift=0.0):
    table = (((np.arange(256) / 255) ** gamma - 0.5) * contrast + 0.5 + shift) * 255
    return cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8))


def brighter(image, random):
    return levels(image, shift=0.18)


def darker(image, random):
    return levels(image, gamma=1.5, shift=-0.08)


def contrast(image, random):
    return levels(image, contrast=1.5)


def warm(image, random):
    return np.clip(image * np.array((1.12, 1.0, 0.85)), 0, 255).astype(np.uint8)


def grey(image, random):
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def mirror(image, random):
    return image[:, ::-1]


def turned(image, degrees):
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return cv2.warpAffine(image, matrix, (width, height), borderValue=(255, 255, 255))


def rot5(image, random):
    return turned(image, 5 * random.choice((-1, 1)))


def rot15(image, random):
    return turned(image, 15 * random.choice((-1, 1)))


def rot90(image, random):
    return np.rot90(image, int(random.choice((1, 3))))


def rot180(image, random):
    return np.rot90(image, 2)


def window(image, random, share):
    height, width = image.shape[:2]
    rows, columns = int(height * share), int(width * share)
    top, left = int(random.integers(0, height - rows + 1)), int(random.integers(0, width - columns + 1))
    return image[top : top + rows, left : left + columns]


def crop25(image, random):
    return window(image, random, 0.75**0.5)


def crop50(image, random):
    return window(image, random, 0.5**0.5)


def pad30(image, random):
    height, width = image.shape[:2]
    fill = ((255, 255, 255), (0, 0, 0), tuple(int(v) for v in random.integers(0, 256, 3)))[int(random.integers(3))]
    rows, columns = int(0.15 * height), int(0.15 * width)
    return cv2.copyMakeBorder(image, rows, rows, columns, columns, cv2.BORDER_CONSTANT, value=fill)


def band(image, random):
    image = image.copy()
    height, width = image.shape[:2]
    thick = height // 5
    top = int(random.choice((0, height - thick)))
    fill = tuple(int(v) for v in random.integers(0, 256, 3))
    image[top : top + thick] = fill
    ink = (255, 255, 255) if sum(fill) < 380 else (0, 0, 0)
    cv2.putText(image, "SALE -30% TODAY", (width // 12, top + int(thick * 0.7)), 0, width / 350, ink, 2, cv2.LINE_AA)
    return image


def logo(image, random):
    image = image.copy()
    height, width = image.shape[:2]
    radius = min(height, width) // 8
    x, y = int(random.choice((radius, width - radius))), int(random.choice((radius, height - radius)))
    cv2.circle(image, (x, y), radius, (200, 20, 40), -1, cv2.LINE_AA)
    cv2.putText(image, "mk", (x - radius // 2, y + radius // 4), 0, radius / 30, (255, 255, 255), 2, cv2.LINE_AA)
    return image


def text(image, random):
    height, width = image.shape[:2]
    top = image.copy()
    for y in range(height // 6, height, height // 4):
        cv2.putText(top, "www.shop.example  copy", (width // 20, y), 2, width / 420, (255, 255, 255), 2, cv2.LINE_AA)
    return cv2.addWeighted(image, 0.4, top, 0.6, 0)


def screenshot(image, random):
    """A phone's screen: status bar, title, the picture over the full width, price, text and a button."""
    width = 360
    picture = resize(image, width, round(image.shape[0] * width / image.shape[1]))[:480]
    page = canvas(np.random.default_rng(0), 760, width, (255, 255, 255))
    page[:] = (255, 255, 255)
    page[:28] = (30, 30, 34)
    cv2.putText(page, "12:41", (8, 20), 0, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    write(page, random, 12, 32, width - 12, 62, (20, 20, 20))
    page[70 : 70 + picture.shape[0]] = picture
    below = 80 + picture.shape[0]
    write(page, random, 12, below, width - 12, min(below + 110, 690), (60, 60, 60))
    cv2.rectangle(page, (20, 700), (width - 20, 745), (230, 90, 20), -1)
    return page


def collage(image, random, others: Photos):
    """Four equal tiles, each cut to a square; three of them are photos which are not in the index."""
    tiles = [others[int(at)] for at in random.choice(len(others), 3, replace=False)]
    tiles.insert(int(random.integers(4)), image)
    squares = []
    for tile in tiles:
        side = min(tile.shape[:2])
        top, left = (tile.shape[0] - side) // 2, (tile.shape[1] - side) // 2
        squares.append(resize(tile[top : top + side, left : left + side], 200, 200))
    return np.vstack((np.hstack(squares[:2]), np.hstack(squares[2:])))


EDITS = (
    jpeg, thumbnail, blur, noise, brighter, darker, contrast, warm, grey, mirror, rot5, rot15, rot90, rot180,
    crop25, crop50, pad30, band, logo, text, screenshot, collage,
)  # fmt: skip


def queries(photos: list[np.ndarray], others: Photos):
    """Yields (name of the edit, index of the photo, edited picture)."""
    for number, edit in enumerate(EDITS):
        random = np.random.default_rng((SEED, number))
        for at in random.choice(len(photos), QUERIES_AN_EDIT, replace=False):
            image = photos[at]
            made = edit(image, random, others) if edit is collage else edit(image, random)
            yield edit.__name__, int(at), np.ascontiguousarray(made)
