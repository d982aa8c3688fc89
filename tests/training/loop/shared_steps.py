"""Twenty steps of a run on as many processes as torchrun starts: prints each step's clips and loss from the first one.

shared_steps.py DATA KEY=VALUE …
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.training.runs import PLAIN, small
from training.data.run_data import load_run_data
from training.loop.fabric import build_fabric
from training.loop.training_run import TrainingRun

STEPS = 20


def main(data_folder: Path, settings: list[str]) -> None:
    config = small(*PLAIN, "mixup=0.5", "gain_db=20", "epochs=20", *settings)
    fabric = build_fabric(config)
    run = TrainingRun(config, load_run_data(config, data_folder, None, lambda _message: None), fabric)
    for batch, _ in zip(run.loader(), range(STEPS), strict=False):
        loss, _ = run.train_step(batch)
        if fabric.is_global_zero:
            print(json.dumps({"clips": batch.clips.tolist(), "loss": loss}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
