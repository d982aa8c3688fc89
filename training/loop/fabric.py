"""Sets up Lightning Fabric for a recipe: one process, or those that torchrun started."""

from __future__ import annotations

import logging
import os
import warnings
from datetime import timedelta

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from numpy.typing import NDArray

from core.errors import UserError
from training.config.recipe import TrainConfig

_PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
# It logs every choice that we make.
logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
PEER_TIMEOUT = timedelta(minutes=10)
"""How long a process waits for the others; a killed one is noticed at once, when its connection closes."""


def build_fabric(config: TrainConfig) -> Fabric:
    """The Fabric of this process. torchrun passes the number of processes and machines in environment variables.

    Raises UserError where the hardware lacks the precision, or the batch does not divide among the processes.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    has_gpu = torch.cuda.is_available()
    optimisation = config.optimisation
    precision, batch_size, accumulate = optimisation.precision, optimisation.batch_size, optimisation.accumulate
    if precision == "fp16" and not has_gpu:
        raise UserError("Training in half precision (fp16) requires a GPU.", "Set precision=bf16 or fp32.")
    if batch_size % (world * accumulate):
        raise UserError(
            f"A batch of {batch_size} cannot be divided into {world} processes of {accumulate} parts.",
            f"Set batch_size to a multiple of {world * accumulate}.",
        )
    if config.running.threads:
        torch.set_num_threads(config.running.threads)
    with warnings.catch_warnings():
        # It recommends srun where SLURM is installed, and reports its own defaults.
        warnings.simplefilter("ignore")
        fabric = Fabric(
            accelerator="cuda" if has_gpu else "cpu",
            devices=local,
            num_nodes=max(1, world // local),
            strategy=DDPStrategy(timeout=PEER_TIMEOUT) if world > 1 else "auto",
            precision=_PRECISIONS[precision],  # pyright: ignore[reportArgumentType] — one of its literals
        )
        fabric.launch()
    return fabric


def sum_over_processes(fabric: Fabric, values: tuple[float, ...]) -> tuple[float, ...]:
    """Each of `values` summed over all processes, float64."""
    if fabric.world_size == 1:
        return values
    summed = fabric.all_reduce(torch.tensor(values, dtype=torch.float64, device=fabric.device), reduce_op="sum")
    assert isinstance(summed, torch.Tensor)
    return tuple(summed.tolist())


def gather_scores(fabric: Fabric, scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum over all processes of `(clips, labels)`, in which each process has filled the rows of its own clips."""
    if fabric.world_size == 1:
        return scores
    gathered = fabric.all_reduce(torch.from_numpy(scores).to(fabric.device), reduce_op="sum")
    assert isinstance(gathered, torch.Tensor)
    return gathered.cpu().numpy()
