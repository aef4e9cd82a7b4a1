"""Scenarios for the parts of the training that could go wrong unseen: `python -m unittest tests`.

They take seconds, and need the photos; no training is run.
"""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

import data
from batches import PAIRS, STAGES, Batches
from evaluate import onnx_encoder, recall_at_precision
from export import build
from fit_judge import fit
from losses import loss, relations
from model import SIDE, Look
from train import rate_at, side_at


class Data(unittest.TestCase):
    def test_no_measured_photo_is_trained_on(self):
        measured = {row["file"] for row in data.dev_rows("measure")}
        products = {row["product_id"] for row in data.dev_rows("measure") if row["product_id"]}
        dev = data.load("dev")
        self.assertGreater(len(measured), 700)
        self.assertFalse(measured & set(dev.names))
        self.assertFalse(products & {name.split("|")[0] for name in dev.products})
        kept_aside = {Path(name).name for name in measured}
        self.assertFalse(kept_aside & set(data.load("train").names))

    def test_a_batch_depends_on_seed_and_step_alone(self):
        photos = {name: data.load(name) for name in data.READERS}
        make = lambda: Batches(**photos, stage=STAGES["two"], side=64, seed=6, neighbours={})
        first, again, other = make()[7], make()[7], make()[8]
        self.assertEqual(first[0].shape, (2 * PAIRS, 64, 64, 3))
        self.assertTrue(all(torch.equal(a, b) for a, b in zip(first, again)))
        self.assertFalse(torch.equal(first[0], other[0]))


class Losses(unittest.TestCase):
    def test_photos_of_one_product_that_are_no_pair_are_left_alone(self):
        together, apart = relations(torch.tensor([0, 0, 1, 1]), torch.tensor([5, 5, 5, 5]))
        self.assertEqual(together.sum().item(), 4)
        self.assertEqual(apart.sum().item(), 0)
        _, apart = relations(torch.tensor([0, 0, 1, 1]), torch.tensor([-1, -1, -1, -1]))
        self.assertEqual(apart.sum().item(), 8)

    def test_the_loss_is_lower_when_pairs_agree(self):
        random = torch.nn.functional.normalize(torch.randn(32, 16, generator=torch.Generator().manual_seed(1)), dim=1)
        identity, product = torch.arange(32) // 2, torch.full((32,), -1)
        paired = random[(torch.arange(32) // 2) * 2]
        self.assertLess(loss(paired, identity, product)[1], loss(random, identity, product)[1] / 2)


class Schedule(unittest.TestCase):
    def test_the_rate_rises_then_falls_and_the_pictures_grow(self):
        rates = [rate_at("one", step, 1000) for step in (0, 99, 500, 999)]
        self.assertLess(rates[0], rates[2])
        self.assertGreater(rates[1], rates[2])
        self.assertLess(rates[3], 1e-5)
        sides = [side_at("one", step, 1000) for step in range(0, 1000, 50)]
        self.assertEqual(sides, sorted(sides))


class Figures(unittest.TestCase):
    def test_recall_stops_where_answers_become_wrong(self):
        scores = np.array([0.9, 0.8, 0.7, 0.6])
        self.assertEqual(recall_at_precision(scores, np.array([True, True, False, True])), 0.5)
        self.assertEqual(recall_at_precision(scores, np.array([False, True, True, True])), 0.0)


class Export(unittest.TestCase):
    def test_the_exported_network_is_the_network(self):
        torch.manual_seed(3)
        model = Look()
        for norm in (layer for layer in model.modules() if isinstance(layer, torch.nn.BatchNorm2d)):
            torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
            torch.nn.init.normal_(norm.bias, 0, 0.2)
            norm.running_mean.normal_(0, 0.2)
            norm.running_var.uniform_(0.5, 2)
        model.eval()
        views = np.random.default_rng(3).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "look.onnx"
            path.write_bytes(build(model).SerializeToString())
            self.assertLess(path.stat().st_size, 6_000_000)
            found = onnx_encoder(path, "01", "embedding", threads=1)(views)
        with torch.no_grad():
            expected = model(torch.from_numpy(views).permute(0, 3, 1, 2).float() / 255).numpy()
        self.assertGreater((found * expected).sum(1).min(), 0.9999)


class Judge(unittest.TestCase):
    def test_weights_find_what_speaks_for_a_copy_and_none_is_below_zero(self):
        random = np.random.default_rng(5)
        features = random.random((4000, 3))
        # The first feature speaks for a copy, the second says nothing, the third speaks against one.
        log_odds = -3 + 6 * features[:, 0] - 2 * features[:, 2]
        right = (random.random(4000) < 1 / (1 + np.exp(-log_odds))).astype(float)
        bias, weights = fit(features, right)
        self.assertAlmostEqual(weights[0], 6, delta=0.6)
        self.assertLess(weights[1], 0.4)
        self.assertEqual(weights[2], 0)
        self.assertLess(bias, -3)
        again = fit(features, right)
        self.assertTrue(again[0] == bias and (again[1] == weights).all())


if __name__ == "__main__":
    unittest.main()
