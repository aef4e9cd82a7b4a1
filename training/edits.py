"""What people, shops and phones do to a picture: the random edits the encoder learns to see through.

Every edit takes an RGB uint8 picture (height, width, 3) and a numpy generator and gives a new picture, of any size.
`edited` chains some of them: one or two changes of geometry or surroundings, then up to two of tone or quality.
Sampling weights are higher where the first encoder was weak: heavy crops, collages, quarter turns, grey.

The edits of the *evaluation* are others, with fixed strengths, in `suite.py`: nothing is shared but the ideas.
"""

from collections.abc import Callable

import cv2
import numpy as np

cv2.setNumThreads(0)

Picture = np.ndarray
Random = np.random.Generator
Source = Callable[[Random], Picture]  # gives another photo, for collages


def resize(image: Picture, width: int, height: int) -> Picture:
    """Area averaging when it shrinks, bilinear when it grows."""
    shrinks = width * height < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (max(1, width), max(1, height)), interpolation=method)


def colour(random: Random) -> tuple[int, int, int]:
    """White, black or grey half of the time, else any colour."""
    kind = random.random()
    if kind < 0.25:
        return (255, 255, 255)
    if kind < 0.35:
        return (0, 0, 0)
    if kind < 0.5:
        return (int(random.integers(20, 240)),) * 3
    return tuple(int(value) for value in random.integers(0, 256, 3))


def canvas(random: Random, height: int, width: int, fill: tuple[int, int, int]) -> Picture:
    """A plain page, or now and then a gradient or coarse texture."""
    page = np.empty((height, width, 3), np.uint8)
    page[:] = fill
    if random.random() < 0.2:
        coarse = random.integers(0, 256, (int(random.integers(2, 6)), int(random.integers(2, 6)), 3), np.uint8)
        texture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        page = cv2.addWeighted(page, 0.5, texture, 0.5, 0)
    return page


def write(image: Picture, random: Random, left: int, top: int, right: int, bottom: int, ink: tuple) -> None:
    """Lines of random letters within a box, in place."""
    line_px = int(random.integers(6, 15))
    letters = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 .,-!%"
    for y in range(top + line_px, bottom, int(line_px * 1.5)):
        count = int(random.integers(3, max(4, 2 * (right - left) // line_px + 4)))
        text = "".join(letters[i] for i in random.integers(0, len(letters), count))
        cv2.putText(image, text, (left, y), int(random.integers(0, 5)), line_px / 24, ink, 1, cv2.LINE_AA)


def crop(image: Picture, random: Random) -> Picture:
    """A window of 15-95 % of the area, its proportions changed by up to 1.35."""
    height, width = image.shape[:2]
    share = random.uniform(0.15, 0.95) if random.random() < 0.6 else random.uniform(0.4, 0.95)
    stretch = np.exp(random.uniform(-0.3, 0.3))
    side = np.sqrt(share)
    rows = int(np.clip(side * stretch, 0.25, 1) * height)
    columns = int(np.clip(side / stretch, 0.25, 1) * width)
    top = int(random.integers(0, height - rows + 1))
    left = int(random.integers(0, width - columns + 1))
    return image[top : top + rows, left : left + columns]


def mirror(image: Picture, random: Random) -> Picture:
    return image[:, ::-1]


def quarter_turn(image: Picture, random: Random) -> Picture:
    turned = np.rot90(image, int(random.integers(1, 4)))
    return turned[:, ::-1] if random.random() < 0.15 else turned


def rotate(image: Picture, random: Random) -> Picture:
    """Up to 25 degrees about the centre, the corners filled or cut off."""
    height, width = image.shape[:2]
    angle = random.uniform(-25, 25)
    zoom = random.choice((1.0, 1.0, 1.2, 0.85))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, zoom)
    border = cv2.BORDER_REFLECT if random.random() < 0.2 else cv2.BORDER_CONSTANT
    return cv2.warpAffine(image, turn, (width, height), borderMode=border, borderValue=colour(random))


def tilt(image: Picture, random: Random) -> Picture:
    """A photo of the photo: the corners move by up to 12 % of the sides."""
    height, width = image.shape[:2]
    corners = np.float32([(0, 0), (width, 0), (width, height), (0, height)])
    moved = corners + random.uniform(-0.12, 0.12, (4, 2)).astype(np.float32) * (width, height)
    map_ = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return cv2.warpPerspective(image, map_, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=colour(random))


def pad(image: Picture, random: Random) -> Picture:
    """Borders of 0-45 % of a side; often equal ones, or such as make the picture square."""
    height, width = image.shape[:2]
    kind = random.random()
    if kind < 0.25:
        side = int(max(height, width) * random.uniform(1, 1.2))
        top, left = (side - height) // 2, (side - width) // 2
        bottom, right = side - height - top, side - width - left
    elif kind < 0.65:
        share = random.uniform(0.04, 0.4)
        top = bottom = int(share * height)
        left = right = int(share * width)
    else:
        top, bottom = (random.uniform(0, 0.45, 2) * height).astype(int)
        left, right = (random.uniform(0, 0.45, 2) * width).astype(int)
    page = canvas(random, height + top + bottom, width + left + right, colour(random))
    page[top : top + height, left : left + width] = image
    return page


def surround(image: Picture, random: Random) -> Picture:
    """On a page or a phone's screen: bars, text, buttons and other boxes around it."""
    height, width = image.shape[:2]
    portrait = random.random() < 0.6
    page_width = int(width * random.uniform(1.0, 1.5))
    page_height = int(height * random.uniform(1.1, 2.0)) if portrait else int(height * random.uniform(1.05, 1.4))
    paper = (255, 255, 255) if random.random() < 0.6 else colour(random)
    page = canvas(random, page_height, page_width, paper)
    ink = tuple(255 - value for value in paper) if random.random() < 0.6 else colour(random)
    top = int(random.integers(0, page_height - height + 1))
    left = int(random.integers(0, page_width - width + 1))
    if top > 12:
        write(page, random, 3, 0, page_width, top - 2, ink)
    if page_height - top - height > 12:
        write(page, random, 3, top + height + 2, page_width, page_height, ink)
    for _ in range(int(random.integers(0, 4))):
        x, y = int(random.integers(0, page_width)), int(random.integers(0, page_height))
        size = random.integers(4, 40, 2)
        cv2.rectangle(page, (x, y), (x + int(size[0]), y + int(size[1])), colour(random), -1)
    if random.random() < 0.5:
        bar = int(random.integers(3, max(4, page_height // 10)))
        page[:bar] = colour(random)
    page[top : top + height, left : left + width] = image
    return page


def band(image: Picture, random: Random) -> Picture:
    """A bar across the picture, opaque or not, most often with text."""
    height, width = image.shape[:2]
    image = image.copy()
    thick = int(height * random.uniform(0.08, 0.33))
    top = int(random.choice((0, height - thick, random.integers(0, height - thick + 1))))
    fill = colour(random)
    part = image[top : top + thick]
    cover = random.uniform(0.5, 1.0)
    part[:] = cv2.addWeighted(part, 1 - cover, np.full_like(part, fill), cover, 0)
    if random.random() < 0.8:
        write(image, random, int(random.integers(0, width // 3)), top, width, top + thick, tuple(255 - v for v in fill))
    return image


def overlay(image: Picture, random: Random) -> Picture:
    """Logos, stickers, stamps and watermarks: a few shapes or words on the picture."""
    height, width = image.shape[:2]
    top = image.copy()
    for _ in range(int(random.integers(1, 4))):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        size = int(min(height, width) * random.uniform(0.06, 0.22))
        kind = random.random()
        if kind < 0.3:
            cv2.circle(top, (x, y), size, colour(random), -1, cv2.LINE_AA)
        elif kind < 0.6:
            cv2.rectangle(top, (x - size, y - size // 2), (x + size, y + size), colour(random), -1)
        else:
            write(top, random, max(0, x - 2 * size), max(0, y - size), width, min(height, y + size), colour(random))
    strength = random.uniform(0.4, 1.0)
    return cv2.addWeighted(image, 1 - strength, top, strength, 0)


def collage(image: Picture, random: Random, another: Source) -> Picture:
    """Two to four photos on one page; ours takes a quarter of it at the least, and lies anywhere."""
    side = 160
    kind = random.random()
    if kind < 0.3:  # side by side, or one above the other
        share = random.uniform(0.4, 0.7)
        cells = [(0.0, 0.0, share, 1.0), (share, 0.0, 1.0, 1.0)]
        main = int(share < 0.5)
    elif kind < 0.65:  # one big, two or three small
        share = random.uniform(0.5, 0.75)
        cut = random.uniform(0.35, 0.65)
        cells = [(0.0, 0.0, share, 1.0), (share, 0.0, 1.0, cut), (share, cut, 1.0, 1.0)]
        main = 0
    else:  # four
        x, y = random.uniform(0.42, 0.58, 2)
        cells = [(0.0, 0.0, x, y), (x, 0.0, 1.0, y), (0.0, y, x, 1.0), (x, y, 1.0, 1.0)]
        main = int(random.integers(0, 4))
    if random.random() < 0.5:  # the layout mirrored, then laid on its side: ours lies anywhere
        cells = [(1 - right, top, 1 - left, bottom) for left, top, right, bottom in cells]
    if random.random() < 0.5:
        cells = [(top, left, bottom, right) for left, top, right, bottom in cells]
    gap = int(random.choice((0, 0, 1, 3)))
    page = canvas(random, side, side, colour(random))
    for at, (left, top, right, bottom) in enumerate(cells):
        tile = image if at == main else another(random)
        x, y = int(left * side) + gap, int(top * side) + gap
        width, height = int(right * side) - gap - x, int(bottom * side) - gap - y
        if random.random() < 0.5:  # cut to the cell's proportions rather than squashed into it
            rows = min(tile.shape[0], int(tile.shape[1] * height / width))
            columns = min(tile.shape[1], int(tile.shape[0] * width / height))
            first = ((tile.shape[0] - rows) // 2, (tile.shape[1] - columns) // 2)
            tile = tile[first[0] : first[0] + max(rows, 8), first[1] : first[1] + max(columns, 8)]
        page[y : y + height, x : x + width] = resize(tile, width, height)
    return page


def tone(image: Picture, random: Random) -> Picture:
    """Brightness, contrast and gamma through one table."""
    levels = np.arange(256) / 255
    levels = (levels ** np.exp(random.uniform(-0.5, 0.5)) - 0.5) * random.uniform(0.6, 1.5) + 0.5
    levels = levels + random.uniform(-0.2, 0.2)
    return cv2.LUT(image, np.clip(levels * 255, 0, 255).astype(np.uint8))


def tint(image: Picture, random: Random) -> Picture:
    """Saturation and white balance; hue stays, for a red and a blue variant are different products."""
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    saturation = random.uniform(0.3, 1.6)
    mixed = cv2.addWeighted(image, saturation, grey, 1 - saturation, 0)
    gains = random.uniform(0.85, 1.18, 3)
    table = np.clip(np.arange(256)[:, None, None] * gains, 0, 255).astype(np.uint8).reshape(1, 256, 3)
    return cv2.LUT(mixed, table)


def grey(image: Picture, random: Random) -> Picture:
    """Black and white, sometimes toned as old prints are."""
    flat = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if random.random() < 0.2:
        flat = cv2.LUT(flat, np.clip(np.arange(256)[:, None] * (1.07, 0.95, 0.8), 0, 255).astype(np.uint8)[None])
    return flat


def blur(image: Picture, random: Random) -> Picture:
    return cv2.GaussianBlur(image, (0, 0), random.uniform(0.4, 2.2) * max(image.shape[:2]) / 160)


def shrink(image: Picture, random: Random) -> Picture:
    """A thumbnail: 25-70 % of the size."""
    scale = random.uniform(0.25, 0.7)
    return resize(image, int(image.shape[1] * scale), int(image.shape[0] * scale))


def noise(image: Picture, random: Random) -> Picture:
    spread = random.uniform(4, 28)
    grain = np.empty(image.shape, np.int16)
    cv2.setRNGSeed(int(random.integers(1 << 31)))
    cv2.randn(grain, 0, spread)
    return cv2.add(image, grain, dtype=cv2.CV_8U)


def jpeg(image: Picture, random: Random) -> Picture:
    quality = int(random.integers(8, 75))
    return cv2.imdecode(cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1], cv2.IMREAD_COLOR)


GEOMETRY = (
    (crop, 3.2),
    (collage, 2.0),
    (quarter_turn, 2.0),
    (pad, 1.3),
    (surround, 1.6),
    (band, 1.0),
    (overlay, 1.2),
    (rotate, 1.0),
    (tilt, 0.5),
)
TONE = ((tone, 3.2), (tint, 1.3), (grey, 2.2), (blur, 0.8), (shrink, 0.7), (noise, 0.8), (jpeg, 1.3))
MILD = ((tone, 1.0), (jpeg, 1.0), (tint, 0.5), (shrink, 0.5))


def pick(random: Random, choices: tuple, count: int) -> list:
    weights = np.array([weight for _, weight in choices])
    return [choices[i][0] for i in random.choice(len(choices), count, replace=False, p=weights / weights.sum())]


def edited(image: Picture, random: Random, another: Source) -> Picture:
    """A strong edit: one or two of geometry and surroundings, none to two of tone and quality."""
    if random.random() < 0.25:
        image = mirror(image, random)
    for edit in pick(random, GEOMETRY, int(random.choice((0, 1, 2), p=(0.1, 0.62, 0.28)))):
        image = edit(image, random, another) if edit is collage else edit(image, random)
    for edit in pick(random, TONE, int(random.choice((0, 1, 2), p=(0.3, 0.45, 0.25)))):
        image = edit(np.ascontiguousarray(image), random)
    return image


def touched(image: Picture, random: Random) -> Picture:
    """A mild edit, for two photos of one product: a loose crop, sometimes mirrored, sometimes another tone."""
    height, width = image.shape[:2]
    cut = random.uniform(0, 0.15, 4)
    image = image[int(cut[0] * height) : height - int(cut[1] * height)]
    image = image[:, int(cut[2] * width) : width - int(cut[3] * width)]
    if random.random() < 0.3:
        image = mirror(image, random)
    if random.random() < 0.5:
        image = pick(random, MILD, 1)[0](np.ascontiguousarray(image), random)
    return image


def recolour(image: Picture, turn: int) -> Picture:
    """The same thing in another colour: hue turned by `turn` of 180 steps. A different product, not an edit."""
    hsv = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + turn) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def squash(image: Picture, side: int) -> Picture:
    """The network's input: (side, side, 3), proportions given up."""
    return resize(np.ascontiguousarray(image), side, side)
