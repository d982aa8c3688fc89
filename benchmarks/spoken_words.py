"""Makes the data of the study `words`: clips of single words in the layout of Speech Commands.

    uv run --no-sync benchmarks/spoken_words.py SETS WORDS

SETS contains two data sets, each with a `manifest.csv` (`path`, `word`, `group`, `fold_or_split`): `fsdd`, the free
spoken digits (github.com/Jakobovski/free-spoken-digit-dataset), whose group is the speaker, and `speech_wakewords`,
wake words of Mycroft (github.com/MycroftAI/Precise-Community-Data), whose speakers are unknown; of four of these words,
at most twenty clips per fold are used. Validation: the digits of one speaker, and fold 4 of the wake words. Test: the
digits of two speakers, and fold 5.

The collection `starter` includes both sets, so the starter was trained on clips of the test speakers, as "speech". A
speaker of wake words may be in several folds.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.audio.decoding.decode import read_clip

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WAKE_WORDS = ("amelia", "athena", "computer", "heycomputer")
CLIPS_PER_FOLD = 20
LISTS = {"theo": "validation", "yweweler": "testing", "lucas": "testing", "4": "validation", "5": "testing"}
"""From a speaker or a fold to its list; all others are for training."""


def main() -> None:
    """Write the folders of clips."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("words", type=Path)
    options = parser.parse_args()
    lists: dict[str, list[str]] = {"validation": [], "testing": []}
    for source, name, origin in [*_digits(options.sets / "fsdd"), *_wake_words(options.sets / "speech_wakewords")]:
        (options.words / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(options.words / name, read_clip(source), 16_000)
        if origin in LISTS:
            lists[LISTS[origin]].append(name)
    for name, clips in lists.items():
        (options.words / f"{name}_list.txt").write_text("\n".join(clips) + "\n", encoding="utf-8")


def _digits(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield (file, name in the new folder, speaker)."""
    for row in _rows(folder):
        take = Path(row["path"]).stem.split("_")[2]
        yield folder / row["path"], f"{DIGITS[int(row['word'])]}/{row['group']}_nohash_{take}.wav", row["group"]


def _wake_words(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield (file, name in the new folder, fold)."""
    seen = Counter[tuple[str, str]]()
    for row in _rows(folder):
        word, fold = row["word"], row["fold_or_split"]
        if word in WAKE_WORDS and seen[word, fold] < CLIPS_PER_FOLD:
            seen[word, fold] += 1
            yield folder / row["path"], f"{word}/wake{fold}{seen[word, fold]:02d}_nohash_0.wav", fold


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
