"""Which photos meet in a batch, and as what: pairs of views, made by a worker process while the network computes.

A batch is a function of (seed, step, neighbours) alone, so a training that was broken off goes on with the batches it
would have had. Half of the pairs are drawn at random, half come in groups of four that look alike to the network of a
while ago (hard negatives). Some pairs are a photo in another colour, which must be told from the photo itself.
"""

from dataclasses import dataclass

import numpy as np
import torch

from data import Photos
from edits import edited, recolour, squash, touched

PAIRS = 128
GROUP = 4
RECOLOURED = 6
# Photos most alike to each, by collection; `train.nearest` finds them.
Neighbours = dict[str, np.ndarray]


@dataclass(frozen=True)
class Stage:
    """What a stage of the training draws from."""

    dev_share: float  # of the edit pairs, those out of dev's `train` fold
    product_share: float  # of all pairs, those of two photos of one product and colour, out of dev and the drawn shop
    class_share: float  # of all pairs, those of two photos of one kind of fruit or vegetable


STAGES = {
    "one": Stage(dev_share=0.0, product_share=0.0, class_share=0.0),
    "two": Stage(dev_share=0.35, product_share=0.25, class_share=0.05),
}


class Kind:
    """Products that are drawn from together, several that stand next to each other at a time: colours of one design."""

    def __init__(self, photos: Photos, numbers: dict[str, int], share: float, wanted=lambda name: name != ""):
        found = {name: np.flatnonzero(photos.products == name) for name in sorted(set(photos.products)) if wanted(name)}
        self.photos, self.share = photos, share
        self.members = [members for members in found.values() if len(members) > 1]
        self.numbers = [numbers[name] for name, members in found.items() if len(members) > 1]


class Batches(torch.utils.data.Dataset):
    """Item `step`: views (2 * PAIRS, side, side, 3) uint8, identity (2 * PAIRS,), product (2 * PAIRS,)."""

    def __init__(
        self, train: Photos, dev: Photos, drawn: Photos, stage: Stage, side: int, seed: int, neighbours: Neighbours
    ):
        self.train, self.dev, self.stage, self.side, self.seed = train, dev, stage, side, seed
        self.neighbours = neighbours  # (len(collection), k) each; empty: none are known yet
        names = sorted({*dev.products, *train.products, *drawn.products})
        numbers = {name: at for at, name in enumerate(names)}
        self.dev_products = np.array([numbers[name] for name in dev.products])
        carton = lambda name: name.startswith("grocery")
        self.kinds = (
            Kind(dev, numbers, 0.45, lambda name: not carton(name)),
            Kind(dev, numbers, 0.4, carton),
            Kind(drawn, numbers, 0.15),
        )
        self.classes = Kind(train, numbers, 1.0)

    def another(self, random: np.random.Generator) -> np.ndarray:
        return self.train[int(random.integers(len(self.train)))]

    def choose(self, random: np.random.Generator, collection: str, size: int, count: int) -> list[int]:
        """`count` different photos of a collection of `size`, half of them in groups that look alike."""
        neighbours = self.neighbours.get(collection)
        if neighbours is None:
            return list(random.choice(size, count, replace=False))
        chosen: dict[int, None] = {}
        while len(chosen) < count // 2:
            seed = int(random.integers(size))
            near = random.choice(neighbours[seed], GROUP - 1, replace=False)
            chosen.update(dict.fromkeys((seed, *(int(at) for at in near))))
        while len(chosen) < count:
            chosen[int(random.integers(size))] = None
        return list(chosen)[:count]

    def edit_pair(self, photo: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Half of the time a clean and an edited view, half of the time two edited ones."""
        first = photo if random.random() < 0.5 else edited(photo, random, self.another)
        return first, edited(photo, random, self.another)

    def product_pair(self, random: np.random.Generator, photos: Photos, group: np.ndarray) -> tuple:
        """Two photos of one product, mildly edited; now and then one of them strongly."""
        one, two = random.choice(group, 2, replace=False)
        first, second = touched(photos[one], random), touched(photos[two], random)
        if random.random() < 0.2:
            second = edited(second, random, self.another)
        return first, second

    def products(self, random: np.random.Generator, count: int):
        """Yields `count` (kind, place): runs of up to three products that stand next to each other."""
        shares = [kind.share for kind in self.kinds]
        left = count
        while left > 0:
            kind = self.kinds[int(random.choice(len(self.kinds), p=shares))]
            start, run = int(random.integers(len(kind.members))), min(left, int(random.integers(1, 4)))
            yield from ((kind, (start + at) % len(kind.members)) for at in range(run))
            left -= run

    def __getitem__(self, step: int):
        random = np.random.default_rng((self.seed, step))
        products = int(PAIRS * self.stage.product_share)
        classes = int(PAIRS * self.stage.class_share)
        edits = PAIRS - products - classes
        dev_edits = int(edits * self.stage.dev_share)
        pairs, numbers = [], []
        for kind, at in self.products(random, products):
            pairs.append(self.product_pair(random, kind.photos, kind.members[at]))
            numbers.append(kind.numbers[at])
        for at in random.choice(len(self.classes.members), classes, replace=False):
            pairs.append(self.product_pair(random, self.train, self.classes.members[at]))
            numbers.append(self.classes.numbers[at])
        for at in self.choose(random, "dev", len(self.dev), dev_edits):
            pairs.append(self.edit_pair(self.dev[at], random))
            numbers.append(self.dev_products[at])
        chosen = self.choose(random, "train", len(self.train), edits - dev_edits - RECOLOURED)
        for at in chosen:
            pairs.append(self.edit_pair(self.train[at], random))
            numbers.append(-1)
        for at in chosen[:RECOLOURED]:
            pairs.append(self.edit_pair(recolour(self.train[at], int(random.integers(25, 156))), random))
            numbers.append(-1)
        views = np.stack([squash(view, self.side) for pair in pairs for view in pair])
        identity = torch.arange(PAIRS).repeat_interleave(2)
        return torch.from_numpy(views), identity, torch.tensor(numbers).repeat_interleave(2)


def clean(photos: Photos, side: int, part: int = 256):
    """The collection as it is, in parts of `part`: uint8 (n, side, side, 3)."""
    for start in range(0, len(photos), part):
        rows = [squash(photos[at], side) for at in range(start, min(start + part, len(photos)))]
        yield torch.from_numpy(np.stack(rows))
