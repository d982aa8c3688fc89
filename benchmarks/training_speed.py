"""Compares the training speed of Soundmark with a plain Hugging Face loop of the same architecture and batch size.

    uv run --no-sync benchmarks/training_speed.py [--variant ast-base] [--frames 512] [--batch 4] [--steps 6]
    uv run --no-sync benchmarks/training_speed.py --only-ours --also merge_r_training=32 --batch 16 --variant VARIANT

The Hugging Face side is what its users write: ASTFeatureExtractor on each clip as it is loaded, a model of transformers
(ASTForAudioClassification) in float32 (bf16 autocast with --hf-bf16, and always on a GPU), AdamW, one loop. Our side is
`soundmark train` without the terminal: cached log-mel, augmentation, bf16, averaged weights; `--also` adds another run
with a changed setting. The sides take turns, so that other load on the machine affects all of them; the results are
medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.model.architecture import TransformerConfig
from core.model.variants import find_variant
from training.config.loading import load_recipe
from training.data.run_data import load_run_data
from training.loop.fabric import build_fabric
from training.loop.training_run import TrainingRun

SAMPLE_RATE = 16_000
N_CLASSES = 10


def main() -> None:
    """Measure, and print the figures."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("XDG_CACHE_HOME", folder)
        data = _write_clips(Path(folder) / "clips", options.frames, options.batch * (options.steps + 1))
        sides = {"ours": _ours(data, options)}
        sides |= {setting: _ours(data, options, setting) for setting in options.also}
        if not options.only_ours:
            sides["hugging face"] = _hugging_face(data, options)
        speeds: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(options.rounds):
            for name, measure in sides.items():
                speeds[name].append(measure())
                print(f"{name:>24}: {speeds[name][-1]:.3f} clips/s", file=sys.stderr, flush=True)
    median = {name: statistics.median(of_rounds) for name, of_rounds in speeds.items()}
    result = {
        "variant": options.variant,
        "frames": options.frames,
        "batch": options.batch,
        "threads": torch.get_num_threads(),
        "device": "cuda" if torch.cuda.is_available() else "cpu",
        "clips_per_second": {name: round(value, 3) for name, value in median.items()},
        "lowest_and_highest": {name: [round(min(found), 3), round(max(found), 3)] for name, found in speeds.items()},
        "relative_speed_of_ours": {name: round(median["ours"] / median[name], 3) for name in sides if name != "ours"},
    }
    print(json.dumps(result, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="ast-base")
    parser.add_argument("--frames", type=int, default=512)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=6, help="timed steps in each round, after an untimed one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--also", metavar="SETTING", action="append", default=[], help="ours with this KEY=VALUE too")
    parser.add_argument("--only-ours", action="store_true", help="without Hugging Face, which has no stems and CNNs")
    parser.add_argument("--hf-bf16", action="store_true", help="bf16 autocast on the Hugging Face side too")
    return parser.parse_args()


def _write_clips(folder: Path, n_frames: int, n_clips: int) -> Path:
    """Write clips of noise, `n_frames` frames each, in ten classes; their content does not affect the speed."""
    folder.mkdir()
    random = np.random.default_rng(0)
    lines = ["path,label,fold_or_split"]
    for i in range(n_clips):
        sound = random.normal(0, 0.1, (n_frames - 1) * 160 + 400).astype(np.float32)
        soundfile.write(folder / f"{i}.wav", sound, SAMPLE_RATE)
        lines.append(f"{i}.wav,class{i % N_CLASSES},train")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _ours(data: Path, options: argparse.Namespace, *further: str) -> Callable[[], float]:
    settings = [
        *(f"variant={options.variant}", f"batch_size={options.batch}", "epochs=100", "test_folds=", "threads=0"),
        *(f"lengths_s={options.frames / 100}", "length_weights=1", "precision=bf16", "evaluate_every=100"),
    ]
    config = load_recipe("esc50-scratch", [*settings, *further])
    run = TrainingRun(config, load_run_data(config, data, None, lambda _message: None), build_fabric(config))
    batches = run.loader()

    def one_round() -> float:
        run.train_step(next(batches))
        began = time.perf_counter()
        for _ in range(options.steps):
            run.train_step(next(batches))
        return options.steps * options.batch / (time.perf_counter() - began)

    return one_round


def _hugging_face(data: Path, options: argparse.Namespace) -> Callable[[], float]:
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    ours = find_variant(options.variant).model
    if not isinstance(ours, TransformerConfig):
        raise SystemExit("Only transformers can be compared with Hugging Face: choose another variant, or --only-ours.")
    model = ASTForAudioClassification(
        ASTConfig(
            hidden_size=ours.embed_dim,
            num_hidden_layers=ours.depth,
            num_attention_heads=ours.num_heads,
            intermediate_size=int(ours.embed_dim * ours.mlp_ratio),
            frequency_stride=ours.stride_mels,
            time_stride=ours.stride_frames,
            max_length=options.frames,
            id2label={i: str(i) for i in range(N_CLASSES)},
        )
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(torch.device(device)).train()  # pyright: ignore[reportArgumentType] — its stub hides self
    extractor = ASTFeatureExtractor(max_length=options.frames)
    files = sorted(data.glob("*.wav"))

    def load(index: int) -> tuple[torch.Tensor, int]:
        sound, rate = soundfile.read(files[index], dtype="float32")
        features = extractor(sound, sampling_rate=rate, return_tensors="pt")
        return features["input_values"][0], index % N_CLASSES

    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5)
    is_bf16 = options.hf_bf16 or device == "cuda"

    def one_round() -> float:
        indices: list[int] = list(range(len(files)))
        collate = partial(_stack, load=load)
        loader = DataLoader(indices, options.batch, shuffle=True, collate_fn=collate)  # pyright: ignore[reportArgumentType]
        began = time.perf_counter()
        for step, (values, labels) in enumerate(loader):
            if step == 1:
                began = time.perf_counter()
            if step > options.steps:
                break
            with torch.autocast(device, torch.bfloat16, enabled=is_bf16):
                loss = model(input_values=values.to(device), labels=labels.to(device)).loss
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()
            loss.item()
        return options.steps * options.batch / (time.perf_counter() - began)

    return one_round


def _stack(indices: list[int], load: Callable[[int], tuple[torch.Tensor, int]]) -> tuple[torch.Tensor, torch.Tensor]:
    values, labels = zip(*(load(index) for index in indices), strict=True)
    return torch.stack(values), torch.tensor(labels)


if __name__ == "__main__":
    main()
