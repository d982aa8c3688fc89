"""Estimates how long files are, so that the longest can go out first, without opening all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from core.cluster.models import FileJob
from core.errors import UserError

SAMPLED = 16
"""Files of each kind whose headers are read."""
_UNKNOWN_BYTES_PER_S = 32_000.0
"""16 bits at 16 kHz."""
LengthOf = Callable[[Path], float | None]
"""A file's length by its header; None if it does not say. Raises UserError."""


def jobs_of(paths: Iterable[Path], length_of: LengthOf) -> tuple[list[FileJob], list[tuple[Path, UserError]]]:
    """What there is to tag, in the order of `paths`, and what is gone meanwhile.

    A length is the file's size over the bytes a second of files with its ending: the median of some of them.
    """
    found: list[FileJob] = []
    gone: list[tuple[Path, UserError]] = []
    for path in paths:
        try:
            status = path.stat()
        except OSError as error:
            gone.append((path, UserError(f"{path.name} cannot be read ({error.strerror}).", "Check that it is there.")))
            continue
        found.append(FileJob(str(path.absolute()), str(path), status.st_size, status.st_mtime_ns, 0.0))
    rates = {suffix: bytes_per_s(alike, length_of) for suffix, alike in _by_suffix(found).items()}
    return [replace(job, length_s=job.size / rates[_suffix(job)]) for job in found], gone


def bytes_per_s(jobs: Sequence[FileJob], length_of: LengthOf) -> float:
    """The median of up to SAMPLED files, from the smallest to the largest."""
    by_size = sorted(jobs, key=lambda job: job.size)
    step = max(1, len(by_size) // SAMPLED)
    rates = [job.size / length for job in by_size[::step] if (length := _length(job, length_of)) > 0 and job.size]
    return median(rates) if rates else _UNKNOWN_BYTES_PER_S


def _length(job: FileJob, length_of: LengthOf) -> float:
    try:
        return length_of(Path(job.path)) or 0.0
    except UserError:
        return 0.0  # it will be reported by who tags it


def _by_suffix(jobs: Iterable[FileJob]) -> dict[str, list[FileJob]]:
    alike: dict[str, list[FileJob]] = defaultdict(list)
    for job in jobs:
        alike[_suffix(job)].append(job)
    return alike


def _suffix(job: FileJob) -> str:
    return Path(job.path).suffix.lower()
