"""Makes the WORDS of the study `words`: clips of single words, laid out as Speech Commands are.

    uv run --no-sync benchmarks/spoken_words.py SETS WORDS

SETS holds two sets with a `manifest.csv` each (`path`, `word`, `group`, `fold_or_split`): `fsdd`, the free spoken
digits (github.com/Jakobovski/free-spoken-digit-dataset), whose group is the speaker, and `speech_wakewords`, wake words
of Mycroft's (github.com/MycroftAI/Precise-Community-Data), whose speakers are not named: of each of four words at most
twenty clips a fold. Digits of one speaker validate and of two test; of the wake words folds 4 and 5 do.

The collection `starter` has both sets too: the starter has heard the test speakers' clips, as "speech". The speakers of
wake words may be on several sides.
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
CLIPS_A_FOLD = 20
LISTS = {"theo": "validation", "yweweler": "testing", "lucas": "testing", "4": "validation", "5": "testing"}
"""Of a speaker or a fold; everybody else is learnt from."""


def main() -> None:
    """Write the folders of clips."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("words", type=Path)
    options = parser.parse_args()
    lists: dict[str, list[str]] = {"validation": [], "testing": []}
    for source, name, of_whom in [*_digits(options.sets / "fsdd"), *_wake_words(options.sets / "speech_wakewords")]:
        (options.words / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(options.words / name, read_clip(source), 16_000)
        if of_whom in LISTS:
            lists[LISTS[of_whom]].append(name)
    for name, clips in lists.items():
        (options.words / f"{name}_list.txt").write_text("\n".join(clips) + "\n", encoding="utf-8")


def _digits(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """File, name among the words, speaker."""
    for row in _rows(folder):
        take = Path(row["path"]).stem.split("_")[2]
        yield folder / row["path"], f"{DIGITS[int(row['word'])]}/{row['group']}_nohash_{take}.wav", row["group"]


def _wake_words(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """File, name among the words, fold."""
    seen = Counter[tuple[str, str]]()
    for row in _rows(folder):
        word, fold = row["word"], row["fold_or_split"]
        if word in WAKE_WORDS and seen[word, fold] < CLIPS_A_FOLD:
            seen[word, fold] += 1
            yield folder / row["path"], f"{word}/wake{fold}{seen[word, fold]:02d}_nohash_0.wav", fold


def _rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / "manifest.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
