"""Fetches a published checkpoint from the Hugging Face hub and keeps it as one of ours.

What has arrived lies under HF_HOME until all of it is there and has the hub's check sums; a download that breaks off
goes on from that. HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN and what Hugging Face's own cache holds are respected. It
blocks: call it where waiting is allowed.
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

if TYPE_CHECKING:  # half a second, which menus need not wait for
    from core.model.store.hub_transfer import HubFile

CONFIG_FILES = ("config.json", "preprocessor_config.json")
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
"""Of which the first that there is is taken."""


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far a download is. name: the model's. file: what arrives now. The bytes are of all its files together."""

    name: str
    file: str
    done_bytes: int
    total_bytes: int


class DownloadStopped(UserError):
    """It was stopped, and goes on from there the next time."""


Report = Callable[[DownloadProgress], None]
StopQuestion = Callable[[], bool]


def download_model(row: PublishedModel, folder: Path | None, report: Report, should_stop: StopQuestion) -> Path:
    """Fetch `row` and keep it as a checkpoint of ours; returns its folder, at once where it is there already.

    folder: where models are kept, None for `models_folder()`. report: called often, from this thread. should_stop:
    asked often; True keeps what has arrived and raises DownloadStopped.
    Raises UserError: no network, no room on the disk, nothing there, damaged on the way, offline and not in the cache.
    """
    folder = models_folder() if folder is None else folder
    kept = find_kept(row.name, folder)
    if kept is not None:
        return kept
    if not row.can_be_downloaded:
        raise UserError(
            f"{row.title} is not on the Hugging Face hub.",
            f"Get {row.file} from where AST's authors keep it, then run: soundmark models import {row.file}",
        )
    if is_taken(row.name, folder):
        raise UserError(f"There is something else at {folder / row.name}.", "Move it away, then get the model again.")
    try:
        cached = _from_cache(row)
        return _keep(row, cached, folder) if cached else _from_hub(row, folder, report, should_stop)
    except OSError as error:
        raise _disk_error(error, row) from error


def arrived_bytes(row: PublishedModel) -> int:
    """What an earlier download of `row` that broke off has left, in bytes. The next one goes on from there, unless the
    hub has another version by then."""
    newest = max((path for path in _arrivals(row).glob("*")), key=_changed_at, default=None)
    return 0 if newest is None else _bytes_in(newest)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # gone since it was listed: a download that ends clears up
        return 0.0


def _bytes_in(folder: Path) -> int:
    return sum(_size(path) for path in folder.glob("*"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _from_cache(row: PublishedModel) -> Path | None:
    """The folder in Hugging Face's cache that holds all files, where there is one."""
    from core.model.store.hub_transfer import cached_file

    configs = [cached_file(row.repository, name) for name in CONFIG_FILES]
    weights = next((path for name in WEIGHT_FILES if (path := cached_file(row.repository, name))), None)
    folders = {None if path is None else path.parent for path in (*configs, weights)}
    return folders.pop() if len(folders) == 1 else None


def _from_hub(row: PublishedModel, folder: Path, report: Report, should_stop: StopQuestion) -> Path:
    """Bring all files, keep the model and clear up, all of it alone; returns the model's folder."""
    from core.model.store.hub_transfer import sole_transfer

    with sole_transfer(_arrivals(row)):
        kept = find_kept(row.name, folder)  # another program may just have been done with it
        if kept is None:
            kept = _keep(row, _transfer_all(row, folder, report, should_stop), folder)
        shutil.rmtree(_arrivals(row), ignore_errors=True)
    return kept


def _keep(row: PublishedModel, arrived: Path, folder: Path) -> Path:
    from core.model.store.importing import keep_published  # torch, which the bytes need not wait for

    return keep_published(row, arrived, folder)


def _transfer_all(row: PublishedModel, folder: Path, report: Report, should_stop: StopQuestion) -> Path:
    """Bring all files, the small ones first; returns the folder that they lie in."""
    from core.model.store.hub_transfer import TransferStopped, transfer

    files = _look_up(row)
    arrivals = _arrivals(row) / files[0].commit
    total = sum(file.size for file in files)
    _refuse_full_disk(row, arrivals, folder, total)
    done = 0
    for file in files:
        target = arrivals / file.name

        def on_arrival(n_bytes: int, name: str = file.name, before: int = done) -> None:
            report(DownloadProgress(row.name, name, before + n_bytes, max(total, before + n_bytes)))

        try:
            if should_stop():
                raise TransferStopped
            if not target.is_file():
                transfer(file, target, on_arrival, should_stop)
        except TransferStopped:
            raise DownloadStopped(
                f"The download of {row.title} was stopped.", "Start it again: it goes on from where it was."
            ) from None
        done += target.stat().st_size
        on_arrival(target.stat().st_size)
    return arrivals


def _look_up(row: PublishedModel) -> Sequence[HubFile]:
    """The files to fetch, all of one commit."""
    from core.model.store.hub_transfer import look_up

    first = look_up(row.repository, CONFIG_FILES[0])
    commit = first.commit if first else None
    configs = [first, *(look_up(row.repository, name, commit) for name in CONFIG_FILES[1:])]
    weights = next((file for name in WEIGHT_FILES if (file := look_up(row.repository, name, commit))), None)
    files = [file for file in (*configs, weights) if file is not None]
    if weights is None or len(files) < len(CONFIG_FILES) + 1:
        raise UserError(
            f"{row.repository} on the hub does not hold all files of a model.", "Choose another published model."
        )
    return files


def _arrivals(row: PublishedModel) -> Path:
    from core.model.store.hub_transfer import hub_home

    return hub_home() / "soundmark" / row.name


def _refuse_full_disk(row: PublishedModel, arrivals: Path, folder: Path, total: int) -> None:
    """What is missing has to arrive; then the checkpoint of as many bytes is written."""
    needs = [(_existing(arrivals), max(0, total - _bytes_in(arrivals))), (_existing(folder), total)]
    if needs[0][0].stat().st_dev == needs[1][0].stat().st_dev:
        needs = [(needs[0][0], needs[0][1] + needs[1][1])]
    for place, wanted in needs:
        free = shutil.disk_usage(place).free
        if free < wanted:
            raise _no_room(row, f"{wanted / 1e6:.0f} MB are needed in {place}, {free / 1e6:.0f} MB are free.")


def _existing(path: Path) -> Path:
    return next(one for one in (path, *path.absolute().parents) if one.exists())


def _disk_error(error: OSError, row: PublishedModel) -> UserError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _no_room(row, "The disk is full.")
    return UserError(
        f"{row.title} cannot be written ({error.strerror or error}).",
        "Check the rights of HF_HOME and of the folder for models.",
    )


def _no_room(row: PublishedModel, why: str) -> UserError:
    return UserError(
        f"There is no room for {row.title}. {why}",
        "Make room, or set HF_HOME and SOUNDMARK_MODELS to a larger disk; what has arrived is kept.",
    )
