"""Downloads a published checkpoint from the Hugging Face hub and stores it as a Soundmark checkpoint.

Partial files stay under HF_HOME until all files are complete and their checksums match the hub's; an interrupted
download resumes from them. HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN and Hugging Face's own cache are respected. Everything
here blocks until it is done.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UserError
from core.model.checkpoints.published import PublishedModel
from core.model.store.folder import find_kept, is_taken, models_folder

if TYPE_CHECKING:  # importing it takes half a second, which menus need not wait for
    from core.model.store.hub_transfer import HubFile

CONFIG_FILES = ("config.json", "preprocessor_config.json")
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
"""In order of preference."""


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far a download is. name: the model's. file: what is being downloaded. Bytes are of all files together."""

    name: str
    file: str
    done_bytes: int
    total_bytes: int


class DownloadStopped(UserError):
    """The download was stopped; the next one resumes it."""


Report = Callable[[DownloadProgress], None]
StopQuestion = Callable[[], bool]


def download_model(row: PublishedModel, folder: Path | None, report: Report, should_stop: StopQuestion) -> Path:
    """Download `row` and store it as a Soundmark checkpoint; returns its folder, at once if it is already there.

    folder: where models are stored, None for `models_folder()`. report: called often, from this thread. should_stop:
    called often; True keeps the partial files and raises DownloadStopped.
    Raises UserError: no network, disk full, not on the hub, wrong checksum, offline and not in the cache.
    """
    folder = models_folder() if folder is None else folder
    kept = find_kept(row.name, folder)
    if kept is not None:
        return kept
    if not row.can_be_downloaded:
        raise UserError(
            f"{row.title} is not on the Hugging Face hub.",
            f"Download {row.file} from AST's repository, then run: soundmark models import {row.file}",
        )
    if is_taken(row.name, folder):
        raise UserError(
            f"{folder / row.name} exists, but is not a model.", "Move it away, then download the model again."
        )
    try:
        cached = _from_cache(row)
        return _keep(row, cached, folder) if cached else _from_hub(row, folder, report, should_stop)
    except OSError as error:
        raise _disk_error(error, row) from error


def arrived_bytes(row: PublishedModel) -> int:
    """Bytes that an interrupted download of `row` has left. The next download resumes from them, unless the hub has
    another version by then."""
    newest = max((path for path in _partial_folder(row).glob("*")), key=_changed_at, default=None)
    return 0 if newest is None else _bytes_in(newest)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # gone since it was listed: a finished download removes its files
        return 0.0


def _bytes_in(folder: Path) -> int:
    return sum(_size(path) for path in folder.glob("*"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _from_cache(row: PublishedModel) -> Path | None:
    """The folder in Hugging Face's cache that holds all files, or None."""
    from core.model.store.hub_transfer import cached_file

    configs = [cached_file(row.repository, name) for name in CONFIG_FILES]
    weights = next((path for name in WEIGHT_FILES if (path := cached_file(row.repository, name))), None)
    folders = {None if path is None else path.parent for path in (*configs, weights)}
    return folders.pop() if len(folders) == 1 else None


def _from_hub(row: PublishedModel, folder: Path, report: Report, should_stop: StopQuestion) -> Path:
    """Download all files, store the model and remove the files, under a lock; returns the model's folder."""
    from core.model.store.hub_transfer import sole_transfer

    with sole_transfer(_partial_folder(row)):
        kept = find_kept(row.name, folder)  # another program may just have finished it
        if kept is None:
            kept = _keep(row, _transfer_all(row, folder, report, should_stop), folder)
        shutil.rmtree(_partial_folder(row), ignore_errors=True)
    return kept


def _keep(row: PublishedModel, arrived: Path, folder: Path) -> Path:
    from core.model.store.importing import keep_published  # imports torch, which the transfer need not wait for

    return keep_published(row, arrived, folder)


def _transfer_all(row: PublishedModel, folder: Path, report: Report, should_stop: StopQuestion) -> Path:
    """Download all files, the small ones first; returns their folder."""
    from core.model.store.hub_transfer import TransferStopped, transfer

    files = _look_up(row)
    arrivals = _partial_folder(row) / files[0].commit
    total = sum(file.size for file in files)
    _check_space(row, arrivals, folder, total)
    done = 0
    for file in files:
        target = arrivals / file.name

        def on_arrival(n_bytes: int, name: str = file.name, before: int = done) -> None:
            report(DownloadProgress(row.name, name, before + n_bytes, max(total, before + n_bytes)))

        if should_stop():
            raise _stopped(row)
        try:
            if not target.is_file():
                transfer(file, target, on_arrival, should_stop)
        except TransferStopped:
            raise _stopped(row) from None
        done += target.stat().st_size
        on_arrival(target.stat().st_size)
    return arrivals


def _stopped(row: PublishedModel) -> DownloadStopped:
    return DownloadStopped(f"The download of {row.title} was stopped.", "Start it again to resume it.")


def _look_up(row: PublishedModel) -> Sequence[HubFile]:
    """The files to download, all of one commit."""
    from core.model.store.hub_transfer import look_up

    first = look_up(row.repository, CONFIG_FILES[0])
    commit = first.commit if first else None
    configs = [first, *(look_up(row.repository, name, commit) for name in CONFIG_FILES[1:])]
    weights = next((file for name in WEIGHT_FILES if (file := look_up(row.repository, name, commit))), None)
    files = [file for file in (*configs, weights) if file is not None]
    if weights is None or len(files) < len(CONFIG_FILES) + 1:
        raise UserError(
            f"{row.repository} on the hub lacks files that a model needs.", "Choose another published model."
        )
    return files


def _partial_folder(row: PublishedModel) -> Path:
    from core.model.store.hub_transfer import hub_home

    return hub_home() / "soundmark" / row.name


def _check_space(row: PublishedModel, arrivals: Path, folder: Path, total: int) -> None:
    """Raises UserError unless there is room for what is still missing, and for the converted checkpoint of the same
    size."""
    needs = [(_existing(arrivals), max(0, total - _bytes_in(arrivals))), (_existing(folder), total)]
    if needs[0][0].stat().st_dev == needs[1][0].stat().st_dev:
        needs = [(needs[0][0], needs[0][1] + needs[1][1])]
    for place, wanted in needs:
        free = shutil.disk_usage(place).free
        if free < wanted:
            raise _no_space(row, f"{wanted / 1e6:.0f} MB are needed in {place}, but only {free / 1e6:.0f} MB are free.")


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _disk_error(error: OSError, row: PublishedModel) -> UserError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _no_space(row, "The disk is full.")
    return UserError(
        f"{row.title} cannot be written ({error.strerror or error}).",
        "Check the permissions of HF_HOME and of the models folder.",
    )


def _no_space(row: PublishedModel, why: str) -> UserError:
    return UserError(
        f"There is not enough space for {row.title}. {why}",
        "Free some space, or set HF_HOME and SOUNDMARK_MODELS to a larger disk; partial files are kept.",
    )
