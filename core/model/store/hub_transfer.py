"""Single files of the Hugging Face hub: found in its cache, looked up, and brought here, going on where it broke off.

`huggingface_hub.hf_hub_download` throws away what a broken transfer has brought, so the bytes are read here; addresses,
metadata, tokens, offline mode and errors are `huggingface_hub`'s. Knows no model.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,  # pyright: ignore[reportPrivateImportUsage] of httpx or httpx2, as the hub's version has it
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from core.errors import UserError

_MAX_RETRIES = 5
"""Connections in a row that may fail before one byte has come."""
_PAUSE_S = 1.0
_RETRYABLE = (408, 429, 500, 502, 503, 504)
_RANGE_NOT_THERE = 416
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file as the hub has it now.

    etag: SHA-256 of a large file, git's SHA-1 of a small one. size: in bytes, 0 where the hub does not say.
    """

    repository: str
    name: str
    commit: str
    etag: str
    size: int

    @property
    def url(self) -> str:
        """Where this very content lies, whatever becomes of the repository's main branch."""
        return hf_hub_url(self.repository, self.name, revision=self.commit)


class TransferStopped(Exception):
    """Somebody asked it to stop."""


def hub_home() -> Path:
    """HF_HOME, or its place unless it is set."""
    return Path(constants.HF_HOME)


def cached_file(repository: str, name: str) -> Path | None:
    """The file in Hugging Face's own cache, where some program has put it there, whole."""
    found = try_to_load_from_cache(repository, name)
    if not isinstance(found, str):
        return None
    blob = Path(found).resolve()  # its name is its check sum, where the cache has links
    return Path(found) if _has_sum(blob, blob.name) else None


def look_up(repository: str, name: str, commit: str | None = None) -> HubFile | None:
    """What the hub says of a file at `commit`, None for the newest; None where there is no such file.

    Raises UserError, also for an answer of another commit or with a commit that is none: it becomes a folder's name.
    """
    url = hf_hub_url(repository, name, revision=commit)
    try:
        found = get_hf_file_metadata(url, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except EntryNotFoundError:
        return None
    except (HTTPError, FileMetadataError, OfflineModeIsEnabled) as error:
        raise _in_words(error, repository) from error
    if not found.etag or not _COMMIT.fullmatch(found.commit_hash or "") or commit not in (None, found.commit_hash):
        raise _no_hub()
    return HubFile(repository, name, str(found.commit_hash), found.etag, found.size or 0)


@contextmanager
def sole_transfer(folder: Path) -> Iterator[None]:
    """Holds a lock beside `folder`. Raises UserError where another program does: two would write into one part."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UserError(f"{folder.name} is being fetched already.", "Wait for that, or stop it first.") from error
    try:
        yield
    finally:
        lock.release()


def transfer(file: HubFile, target: Path, on_arrival: Callable[[int], None], should_stop: Callable[[], bool]) -> None:
    """Bring `file` to `target`, going on from `target.part` where there is one.

    on_arrival: hears how many bytes of it are here. should_stop: True raises TransferStopped and keeps the part.
    Raises UserError for a hub that cannot be reached and for content with a wrong check sum, OSError of the disk.
    """
    part = target.with_name(f"{target.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    if file.size and _size(part) > file.size:
        part.unlink()
    n_failed, most = 0, _size(part)
    while not _is_whole(part, file):
        try:
            if _resume_read(file, part, on_arrival, should_stop):
                break
        except (HTTPError, OfflineModeIsEnabled) as error:
            n_failed = 0 if _size(part) > most else n_failed + 1
            most = max(most, _size(part))
            if not _is_retryable(error) or n_failed >= _MAX_RETRIES:
                raise _in_words(error, file.repository) from error
            _pause(should_stop)
    if not _has_sum(part, file.etag) or (file.size and _size(part) != file.size):
        part.unlink()
        raise UserError(
            f"{file.name} of {file.repository} has arrived damaged: its check sum is wrong.",
            "Try again. If that does not help, the mirror or a proxy on the way changes it.",
        )
    part.replace(target)


def _resume_read(file: HubFile, part: Path, on_arrival: Callable[[int], None], should_stop: Callable[[], bool]) -> bool:
    """Append to `part` until the answer ends. False where nothing came, since the hub cannot go on from `part`, which
    is dropped."""
    have = _size(part)
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    seconds = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", file.url, headers=headers, timeout=seconds, follow_redirects=True) as answer:
        if have and answer.status_code == _RANGE_NOT_THERE:
            part.unlink()  # as long as the file or longer: whatever it is, nothing says that it belongs here
            return False
        hf_raise_for_status(answer)
        is_continued = answer.status_code == 206
        have = have if is_continued else 0
        with open(part, "ab" if is_continued else "wb") as output:
            on_arrival(have)
            for chunk in answer.iter_bytes():  # as it comes: what waits for a chunk to fill up is lost in a break
                output.write(chunk)
                have += len(chunk)
                on_arrival(have)
                if should_stop():
                    raise TransferStopped
    return True


def _is_whole(part: Path, file: HubFile) -> bool:
    return part.is_file() and bool(file.size) and _size(part) == file.size


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _pause(should_stop: Callable[[], bool]) -> None:
    end = time.monotonic() + _PAUSE_S
    while time.monotonic() < end:
        if should_stop():
            raise TransferStopped
        time.sleep(0.02)


def _has_sum(path: Path, etag: str) -> bool:
    """Whether the content is what `etag` says; an etag that is no check sum says nothing."""
    if re.fullmatch(r"[0-9a-f]{64}", etag):
        digest = hashlib.sha256()
    elif re.fullmatch(r"[0-9a-f]{40}", etag):
        digest = hashlib.sha1(b"blob %d\0" % _size(path), usedforsecurity=False)  # as git counts it
    else:
        return True
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest() == etag


def _is_retryable(error: Exception) -> bool:
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in _RETRYABLE
    return not isinstance(error, OfflineModeIsEnabled)


def _in_words(error: Exception, repository: str) -> UserError:
    """What went wrong with the hub, for people."""
    if isinstance(error, OfflineModeIsEnabled):
        return UserError(
            f"{repository} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it.",
            "Unset HF_HUB_OFFLINE, or bring the model's folder here and run: soundmark models import FOLDER",
        )
    if isinstance(error, GatedRepoError):
        return UserError(f"{repository} asks for a login.", "Accept its terms on the hub and set HF_TOKEN.")
    if isinstance(error, (RepositoryNotFoundError, RevisionNotFoundError)):
        return UserError(
            f"{constants.ENDPOINT} has no {repository}.", "It may have moved; check HF_ENDPOINT if you have set it."
        )
    if isinstance(error, HfHubHTTPError):
        return UserError(
            f"{constants.ENDPOINT} answers with error {error.response.status_code}.",
            "Try again later; what has arrived is kept.",
        )
    if isinstance(error, FileMetadataError):
        return _no_hub()
    return UserError(
        f"{constants.ENDPOINT} cannot be reached ({type(error).__name__}).",
        "Check the network and try again; what has arrived is kept.",
    )


def _no_hub() -> UserError:
    return UserError(
        f"{constants.ENDPOINT} does not answer as a Hugging Face hub does.",
        "Check HF_ENDPOINT, the proxy and the firewall.",
    )
