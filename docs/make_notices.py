"""Writes THIRD_PARTY_NOTICES.md from the metadata of the packages that are installed here.

    uv run --no-sync docs/make_notices.py

Run it after a change of the dependencies in pyproject.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
NOTICES = ROOT / "THIRD_PARTY_NOTICES.md"
BY_NVIDIA = ("nvidia-", "cuda-")
LONGEST_LICENCE = 120
"""Longer ones are whole licence texts in the wrong field."""
INTRODUCTION = """\
# Third-party notices

Soundmark's own code is under the [Apache License 2.0](LICENSE).

## Part of Soundmark, under other terms

* **`assets/starter/`**, the model that ships with Soundmark, learnt from recordings whose licences forbid commercial
  use (ESC-50, CC BY-NC 3.0) or ask for the same licence again (ODbL 1.0, CC BY-SA 4.0). Do not use these weights
  commercially. The data and their licences are listed in its [model card](assets/starter/README.md). Its first layers
  began as EfficientNet-Lite0's ImageNet weights (© Google LLC, Apache License 2.0), and it learnt from YAMNet's answers
  (© The TensorFlow Authors, Apache License 2.0); nothing of YAMNet is in it.
* **`assets/audioset_labels.csv`**, the names of AudioSet's labels, © Google LLC,
  [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/); see [assets/README.md](assets/README.md).
* **`assets/audioset_parents.csv`**, which of them stand above which, derived from the AudioSet ontology, © Google LLC,
  [CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/); see [assets/README.md](assets/README.md).

Models that you download are under the licences of those who publish them.

## Installed beside Soundmark

None of these packages is part of Soundmark's wheel; installing it installs them, directly or because another one needs
them, on Linux. Each package holds the text of its licence. This list is written by `docs/make_notices.py`.

* **Qt** comes with PySide6 under the LGPL 3.0, as libraries that you may replace by your own build of them; so does
  libsoxr with soxr, under the LGPL 2.1.
* **FFmpeg's** libraries come inside the package av: {ffmpeg}.
* **PortAudio** comes inside sounddevice on macOS and Windows, under the MIT licence.
* **CUDA's** libraries (nvidia-…, cuda-…) come with PyTorch on Linux, under NVIDIA's own licences.

| package | licence |
|---|---|
"""


def main() -> None:
    """Write the file anew."""
    NOTICES.write_text(INTRODUCTION.format(ffmpeg=ffmpeg_licence()) + "".join(rows()), encoding="utf-8", newline="\n")


def rows() -> Iterator[str]:
    """One line of the table for each package, in alphabetical order, without those of NVIDIA."""
    for name, package in sorted(installed_dependencies().items()):
        if not name.startswith(BY_NVIDIA):
            yield f"| {_linked(package)} | {_licence(package)} |\n"


def direct_dependencies() -> list[str]:
    """What pyproject.toml asks for."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]


def installed_dependencies() -> dict[str, metadata.Distribution]:
    """The packages that Soundmark needs here and all that these need, by normalised name."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [Requirement(line) for line in direct_dependencies()]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found[name] = metadata.distribution(name)
        waiting += [Requirement(line) for line in found[name].requires or ()]
    return found


def ffmpeg_licence() -> str:
    """What FFmpeg's own libraries say of theirs."""
    from av._core import library_meta

    return ", ".join(sorted({str(meta["license"]) for meta in library_meta.values()}))


def _linked(package: metadata.Distribution) -> str:
    named = dict(line.split(", ", 1) for line in package.metadata.get_all("Project-URL") or ())
    by_label = {label.lower(): address for label, address in named.items()}
    address = package.metadata["Home-page"] or by_label.get("homepage") or by_label.get("source")
    address = address or by_label.get("repository") or by_label.get("source code")
    return f"[{package.name}]({address})" if address else package.name


def _licence(package: metadata.Distribution) -> str:
    stated = package.metadata["License-Expression"] or package.metadata["License"] or ""
    if stated and "\n" not in stated and len(stated) <= LONGEST_LICENCE:
        return stated
    classifiers = package.metadata.get_all("Classifier") or ()
    named = [line.rpartition(" :: ")[2] for line in classifiers if re.match(r"License :: (OSI|Other)", line)]
    if named:
        return ", ".join(named)
    return f"{stated.splitlines()[0][:LONGEST_LICENCE]}…" if stated else "see the package"


if __name__ == "__main__":
    main()
