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


@dataclass(frozen=True)
class Stage:
    """What a stage of the training draws from."""

    dev_share: float  # of the edit pairs, those out of dev's `train` fold
    product_share: float  # of all pairs, those of two photos of one product and colour in dev's `train` fold
    class_share: float  # of all pairs, those of two photos of one kind of fruit or vegetable


STAGES = {
    "one": Stage(dev_share=0.0, product_share=0.0, class_share=0.0),
    "two": Stage(dev_share=0.25, product_share=0.25, class_share=0.05),
}


class Batches(torch.utils.data.Dataset):
    """Item `step`: views (2 * PAIRS, side, side, 3) uint8, identity (2 * PAIRS,), product (2 * PAIRS,)."""

    def __init__(self, train: Photos, dev: Photos, stage: Stage, side: int, seed: int, neighbours: np.ndarray | None):
        self.train, self.dev, self.stage, self.side, self.seed = train, dev, stage, side, seed
        self.neighbours = neighbours  # (len(train), k): indices of the photos most alike, or none yet
        names = sorted(set(dev.products) | set(train.products))
        numbers = {name: at for at, name in enumerate(names)}
        self.dev_products = np.array([numbers[name] for name in dev.products])
        self.dev_groups = self.groups(dev.products, lambda name: True)
        self.cartons = [group for group in self.dev_groups if dev.products[group[0]].startswith("grocery")]
        self.others = [group for group in self.dev_groups if not dev.products[group[0]].startswith("grocery")]
        self.classes = self.groups(train.products, lambda name: name != "")
        self.class_numbers = np.array([numbers[name] for name in train.products])

    @staticmethod
    def groups(products: np.ndarray, wanted) -> list[np.ndarray]:
        """The members of every product of which there are two photos at least."""
        found = [np.flatnonzero(products == name) for name in sorted(set(products)) if wanted(name)]
        return [members for members in found if len(members) > 1]

    def another(self, random: np.random.Generator) -> np.ndarray:
        return self.train[int(random.integers(len(self.train)))]

    def choose(self, random: np.random.Generator, count: int) -> list[int]:
        """`count` different training photos, half of them in groups that look alike."""
        if self.neighbours is None:
            return list(random.choice(len(self.train), count, replace=False))
        chosen: dict[int, None] = {}
        while len(chosen) < count // 2:
            seed = int(random.integers(len(self.train)))
            near = random.choice(self.neighbours[seed], GROUP - 1, replace=False)
            chosen.update(dict.fromkeys((seed, *(int(at) for at in near))))
        while len(chosen) < count:
            chosen[int(random.integers(len(self.train)))] = None
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

    def __getitem__(self, step: int):
        random = np.random.default_rng((self.seed, step))
        products = int(PAIRS * self.stage.product_share)
        classes = int(PAIRS * self.stage.class_share)
        edits = PAIRS - products - classes
        dev_edits = int(edits * self.stage.dev_share)
        pairs, numbers = [], []
        for _ in range(products):
            kind = self.others if random.random() < 0.6 else self.cartons
            group = kind[int(random.integers(len(kind)))]
            pairs.append(self.product_pair(random, self.dev, group))
            numbers.append(self.dev_products[group[0]])
        for at in random.choice(len(self.classes), classes, replace=False):
            pairs.append(self.product_pair(random, self.train, self.classes[at]))
            numbers.append(self.class_numbers[self.classes[at][0]])
        for at in random.choice(len(self.dev), dev_edits, replace=False):
            pairs.append(self.edit_pair(self.dev[at], random))
            numbers.append(self.dev_products[at])
        chosen = self.choose(random, edits - dev_edits - RECOLOURED)
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
