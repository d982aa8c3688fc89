"""Downloads single files from the Hugging Face hub, resuming interrupted transfers.

`huggingface_hub.hf_hub_download` discards what an interrupted transfer has brought
(https://github.com/huggingface/huggingface_hub/issues/4196), so the bytes are read here; addresses, metadata, tokens,
offline mode and errors are `huggingface_hub`'s.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from huggingface_hub import (
    constants,
    get_hf_file_metadata,  # pyright: ignore[reportUnknownVariableType] a dict without types in its signature
    hf_hub_url,
    try_to_load_from_cache,
)
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
from huggingface_hub.utils import (
    build_hf_headers,  # pyright: ignore[reportUnknownVariableType] as above
    get_session,
    hf_raise_for_status,
)

from core.errors import UserError

_MAX_RETRIES = 5
"""Connections in a row that may fail without bringing a single byte."""
_PAUSE_S = 1.0
"""Between two attempts."""
_RETRYABLE = (408, 429, 500, 502, 503, 504)
_RANGE_NOT_SATISFIABLE = 416
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file on the hub, in one version.

    etag: SHA-256 of a large file, git's SHA-1 of a small one. size: in bytes, 0 if the hub does not say.
    """

    repository: str
    name: str
    commit: str
    etag: str
    size: int

    @property
    def url(self) -> str:
        """The address of this version, whatever happens to the repository's main branch."""
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
    return Path(found) if _has_checksum(blob, blob.name) else None


def look_up(repository: str, name: str, commit: str | None = None) -> HubFile | None:
    """What the hub says of a file at `commit`, None for the newest; None where there is no such file.

    Raises UserError, also if the hub answers with another commit or a malformed one: it becomes a folder's name.
    """
    url = hf_hub_url(repository, name, revision=commit)
    try:
        found = get_hf_file_metadata(url, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except EntryNotFoundError:
        return None
    except (HTTPError, FileMetadataError, OfflineModeIsEnabled) as error:
        raise _user_error(error, repository) from error
    if not found.etag or not _COMMIT.fullmatch(found.commit_hash or "") or commit not in (None, found.commit_hash):
        raise _not_a_hub()
    return HubFile(repository, name, str(found.commit_hash), found.etag, found.size or 0)


@contextmanager
def sole_transfer(folder: Path) -> Generator[None]:
    """Hold a lock beside `folder`. Raises UserError if another program has it: both would write to one file."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UserError(
            f"{folder.name} is already being downloaded.", "Wait for that download, or stop it first."
        ) from error
    try:
        yield
    finally:
        lock.release()


def transfer(file: HubFile, target: Path, on_arrival: Callable[[int], None], should_stop: Callable[[], bool]) -> None:
    """Download `file` to `target`, resuming from `target.part` if it exists.

    on_arrival: called with the number of bytes so far. should_stop: True raises TransferStopped and keeps the part.
    Raises UserError if the hub cannot be reached or the checksum is wrong, OSError for the disk.
    """
    part = target.with_name(f"{target.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    if file.size and _size(part) > file.size:
        part.unlink()
    # A slow or flaky connection is retried for as long as it makes progress: only attempts that bring nothing count.
    n_failed, most = 0, _size(part)
    while not _is_whole(part, file):
        try:
            if _resume_read(file, part, on_arrival, should_stop):
                break
        except (HTTPError, OfflineModeIsEnabled) as error:
            n_failed = 0 if _size(part) > most else n_failed + 1
            most = max(most, _size(part))
            if not _is_retryable(error) or n_failed >= _MAX_RETRIES:
                raise _user_error(error, file.repository) from error
            _pause(should_stop)
    if not _has_checksum(part, file.etag) or (file.size and _size(part) != file.size):
        part.unlink()
        raise UserError(
            f"{file.name} of {file.repository} was damaged in transit: its checksum is wrong.",
            "Try again. If that does not help, a mirror or proxy is changing the file.",
        )
    part.replace(target)


def _resume_read(file: HubFile, part: Path, on_arrival: Callable[[int], None], should_stop: Callable[[], bool]) -> bool:
    """Append to `part` until the response ends. False if the hub cannot resume from `part`, which is then deleted."""
    have = _size(part)
    # Without compression: a range of compressed bytes would not continue the part.
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    seconds = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", file.url, headers=headers, timeout=seconds, follow_redirects=True) as answer:
        if have and answer.status_code == _RANGE_NOT_SATISFIABLE:
            part.unlink()  # as long as the file or longer, with a wrong checksum: not a part of it
            return False
        hf_raise_for_status(answer)
        is_continued = answer.status_code == 206  # 200: the server ignored the range and sends the file from its start
        have = have if is_continued else 0
        with part.open("ab" if is_continued else "wb") as output:
            on_arrival(have)
            for chunk in answer.iter_bytes():  # of any size: filling up chunks would lose bytes when interrupted
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


def _has_checksum(path: Path, etag: str) -> bool:
    """Whether the content matches `etag`; an etag that is not a checksum matches anything."""
    if re.fullmatch(r"[0-9a-f]{64}", etag):
        digest = hashlib.sha256()
    elif re.fullmatch(r"[0-9a-f]{40}", etag):
        digest = hashlib.sha1(b"blob %d\0" % _size(path), usedforsecurity=False)  # git's hash of a file
    else:
        return True
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest() == etag


def _is_retryable(error: Exception) -> bool:
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in _RETRYABLE
    return not isinstance(error, OfflineModeIsEnabled)


def _user_error(error: Exception, repository: str) -> UserError:
    """The error for people."""
    if isinstance(error, OfflineModeIsEnabled):
        return UserError(
            f"{repository} is not on this machine, and HF_HUB_OFFLINE forbids downloading it.",
            "Unset HF_HUB_OFFLINE, or copy the model's folder to this machine and run: soundmark models import FOLDER",
        )
    if isinstance(error, GatedRepoError):
        return UserError(f"{repository} requires a login.", "Accept its terms on the hub and set HF_TOKEN.")
    if isinstance(error, (RepositoryNotFoundError, RevisionNotFoundError)):
        return UserError(
            f"{constants.ENDPOINT} does not have {repository}.",
            "It may have moved; check HF_ENDPOINT if you have set it.",
        )
    if isinstance(error, HfHubHTTPError):
        return UserError(
            f"{constants.ENDPOINT} answered with error {error.response.status_code}.",
            "Try again later; the download will resume.",
        )
    if isinstance(error, FileMetadataError):
        return _not_a_hub()
    return UserError(
        f"{constants.ENDPOINT} cannot be reached ({type(error).__name__}).",
        "Check the network and try again; the download will resume.",
    )


def _not_a_hub() -> UserError:
    return UserError(
        f"{constants.ENDPOINT} does not respond like a Hugging Face hub.",
        "Check HF_ENDPOINT, the proxy and the firewall.",
    )
