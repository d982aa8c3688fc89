"""Stands in for `soundmark check`, `recipes` and `train`: says what the files beside it tell it to say.

`FOLDER/script.json` maps a verb to `{"lines": [...], "exit": 0, "complaint": "", "waits": false}`. A training that
waits obeys `pause`, `resume` and `stop`, and notes each in `FOLDER/obeyed`; every command line goes to `FOLDER/asked`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(folder: Path, verb: str, arguments: list[str]) -> int:
    """Do as the script says."""
    with (folder / "asked").open("a", encoding="utf-8") as asked:
        asked.write(json.dumps([verb, *arguments]) + "\n")
    part = json.loads((folder / "script.json").read_text(encoding="utf-8"))[verb]
    for line in part.get("lines", []):
        print(line, flush=True)
    if part.get("waits"):
        obey(folder)
    if part.get("complaint"):
        print(part["complaint"], file=sys.stderr, flush=True)
    return part.get("exit", 0)


def obey(folder: Path) -> None:
    """Answer each word until `stop`, as a run does."""
    for line in sys.stdin:
        word = line.strip()
        with (folder / "obeyed").open("a", encoding="utf-8") as obeyed:
            obeyed.write(f"{word}\n")
        if word == "stop":
            print(json.dumps({"type": "stopped", "out": str(folder), "step": 7, "checkpoint": ""}), flush=True)
            return
        print(json.dumps({"type": "paused", "step": 7, "paused": word == "pause"}), flush=True)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
