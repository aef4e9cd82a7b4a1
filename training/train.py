"""Fits the encoder: AdamW with a cosine decay, averaged weights, checkpoints from which it goes on.

    python train.py one --steps 2400     stage one, on train.tar
    python train.py two --steps 1200     stage two, from stage one's averaged weights, with dev's `train` fold

A run that was broken off goes on where its last checkpoint was when the same command is given again; `--steps` may be
changed then, to fit the decay to the time there is. It computes in bfloat16 where the processor does that quickly.
"""

import argparse
import copy
import csv
import math
import os
import signal
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

import data
from batches import STAGES, Batches, Neighbours, clean
from losses import loss
from model import SIDE, Look

LEARNING_RATE = {"one": 2e-3, "two": 1e-3}
WARMUP_STEPS = 100
WEIGHT_DECAY = 0.03
AVERAGE_DECAY = 0.998
REFRESH_STEPS = 300
NEIGHBOURS = 24
# Small pictures are quick and teach most of what is to be learnt; the last part is done at the size that is used.
SIDES = {"one": ((0.25, 64), (0.6, 80), (1.01, SIDE)), "two": ((1.01, SIDE),)}


DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pixels(views: torch.Tensor) -> torch.Tensor:
    """uint8 (n, side, side, 3) to float32 (n, 3, side, side) in 0..1, channels last in memory."""
    return views.to(DEVICE).permute(0, 3, 1, 2).float().div_(255)


def encode(model: Look, views: torch.Tensor) -> torch.Tensor:
    with torch.autocast(DEVICE.type, dtype=torch.bfloat16):
        maps = model.maps(pixels(views))
    return model.embed(maps.float())


@torch.no_grad()
def nearest(model: Look, photos: data.Photos, side: int) -> np.ndarray:
    """(n, NEIGHBOURS) indices of the photos most alike to each, itself left out."""
    model.eval()
    vectors = torch.cat([encode(model, part) for part in clean(photos, side)])
    found = [(part @ vectors.T).topk(NEIGHBOURS + 1, 1).indices[:, 1:] for part in vectors.split(1024)]
    return torch.cat(found).cpu().numpy()


class Threads:
    """One thread while others use the machine, all of them while it is quiet.

    oneDNN's backward convolutions wait for each other spinning: two threads on two busy cores take five times as long
    as one. `fixed` above 0 turns this off.
    """

    def __init__(self, fixed: int):
        self.fixed, self.busy = fixed, 2.0

    def adapt(self) -> None:
        if self.fixed == 0:
            running = int(Path("/proc/loadavg").read_text().split()[3].split("/")[0])
            self.busy += 0.15 * (running - self.busy)  # this process counts as one, its worker as a part of one
        torch.set_num_threads(self.fixed or (os.cpu_count() if self.busy < 1.7 else 1))


class Stop:
    """Remembers that SIGTERM or SIGINT came, so that the step under way is finished and saved."""

    def __init__(self):
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask)

    def ask(self, number: int, frame: object) -> None:
        self.asked = True


class Run:
    """A stage under way: the network, its average, the optimiser, the step, and where they are kept."""

    def __init__(self, stage: str, folder: Path, seed: int):
        torch.manual_seed(seed)
        self.stage, self.seed, self.step = stage, seed, 0
        self.path = folder / f"stage-{stage}.pt"
        self.model = Look().to(DEVICE, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        plain = [p for p in self.model.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=LEARNING_RATE[stage])
        self.neighbours: Neighbours = {}
        if self.path.exists():
            self.restore()
        elif stage == "two":
            start = torch.load(folder / "stage-one.pt", map_location=DEVICE)["average"]
            self.model.load_state_dict(start)
            self.average.load_state_dict(start)

    def restore(self) -> None:
        kept = torch.load(self.path, map_location=DEVICE)
        self.model.load_state_dict(kept["model"])
        self.average.load_state_dict(kept["average"])
        self.optimiser.load_state_dict(kept["optimiser"])
        torch.set_rng_state(kept["random"].cpu())
        self.step, self.seed, self.neighbours = kept["step"], kept["seed"], kept["neighbours"]

    def save(self) -> None:
        """Written beside and renamed, so that a checkpoint is whole or not there."""
        partial = self.path.with_suffix(".partial")
        kept = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": torch.get_rng_state(),
            "step": self.step,
            "seed": self.seed,
            "neighbours": self.neighbours,
        }
        torch.save(kept, partial)
        partial.rename(self.path)

    def learn(self, views: torch.Tensor, identity: torch.Tensor, product: torch.Tensor, rate: float) -> tuple:
        self.model.train()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        total, main = loss(encode(self.model, views), identity.to(DEVICE), product.to(DEVICE))
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self.follow()
        return total.item(), main.item()

    @torch.no_grad()
    def follow(self) -> None:
        """The average moves towards the weights, quickly at first."""
        share = 1 - min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        for kept, now in zip(self.average.state_dict().values(), self.model.state_dict().values()):
            if kept.dtype.is_floating_point:
                kept.lerp_(now, share)
            else:
                kept.copy_(now)


def rate_at(stage: str, step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / WARMUP_STEPS)
    return LEARNING_RATE[stage] * warm * (0.5 + 0.5 * math.cos(math.pi * min(1.0, step / steps))) + 1e-6


def side_at(stage: str, step: int, steps: int) -> int:
    return next(side for until, side in SIDES[stage] if step / steps < until)


def train(given: argparse.Namespace) -> None:
    stage, steps = given.stage, given.steps
    photos = {name: data.load(name) for name in data.READERS}
    run = Run(stage, given.folder, given.seed)
    saved, threads, stop = time.monotonic(), Threads(given.threads), Stop()
    with open(given.folder / f"curve-{stage}.csv", "a", newline="", encoding="utf-8") as file:
        curve = csv.writer(file)
        if file.tell() == 0:
            curve.writerow(("step", "steps", "side", "rate", "loss", "contrastive", "seconds_a_step"))
        while run.step < steps:
            side = side_at(stage, run.step, steps)
            until = min(steps, (run.step // REFRESH_STEPS + 1) * REFRESH_STEPS)
            if run.step % REFRESH_STEPS == 0 and (run.step > 0 or stage == "two"):
                run.neighbours = {name: nearest(run.average, photos[name], side) for name in ("train", "dev")}
            chunk = [step for step in range(run.step, until) if side_at(stage, step, steps) == side]
            batches = Batches(**photos, stage=STAGES[stage], side=side, seed=run.seed + (stage == "two"), neighbours=run.neighbours)
            loader = torch.utils.data.DataLoader(batches, batch_size=None, sampler=chunk, num_workers=given.workers)
            begun = time.monotonic()
            sums = np.zeros(2)
            for at, batch in enumerate(loader, 1):
                threads.adapt()
                rate = rate_at(stage, run.step, steps)
                sums += run.learn(*batch, rate)
                if at % 20 == 0:
                    took = (time.monotonic() - begun) / 20
                    curve.writerow((run.step, steps, side, f"{rate:.2e}", *(f"{s / 20:.4f}" for s in sums), f"{took:.2f}"))
                    file.flush()
                    begun, sums = time.monotonic(), np.zeros(2)
                if stop.asked or time.monotonic() - saved > given.save_seconds:
                    run.save()
                    saved = time.monotonic()
                if stop.asked:
                    raise SystemExit(f"stopped after step {run.step} of {steps}; the same command goes on")
    run.save()


def main() -> None:
    parser = argparse.ArgumentParser(description="fits the encoder")
    parser.add_argument("stage", choices=sorted(STAGES))
    parser.add_argument("--steps", type=int, required=True, help="of the whole stage")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--threads", type=int, default=0, help="of the network; 0: as many as are free")
    parser.add_argument("--workers", type=int, default=1, help="processes that make the pictures; more beside a GPU")
    parser.add_argument("--save-seconds", type=float, default=240)
    parser.add_argument("--folder", type=Path, default=data.WORK)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    train(given)


if __name__ == "__main__":
    main()
