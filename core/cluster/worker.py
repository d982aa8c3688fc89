"""Tags bundles of files on a worker's machine. Knows nothing of what carries them there and back."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.audio.decoding.decode import track_note
from core.cluster.models import Bundle, BundleResult, FileJob, FileResult, Start
from core.cluster.rows import PartWriter, rows_of_file, tagged_files
from core.errors import UserError
from core.inference.engines.compiled_graph import openvino_core
from core.inference.engines.graph_files import package_versions
from core.inference.engines.threads import LIMIT
from core.unforeseen import unforeseen
from core.version import version

if TYPE_CHECKING:
    pass


class BundleTagger:
    """A model on this machine, that tags bundles with a share of its cores. Raises UserError where it does not find
    what the command expects: the same model, and the files."""

    def __init__(self, start: Start, cores: int) -> None:
        refuse_missing(start.samples)
        use_cores(cores)
        self._order, self._tagger = start.order, start.order.load_tagger()
        refuse_other_model(self._tagger.weights_hash, start.model_hash)

    def tag(self, bundle: Bundle) -> BundleResult:
        """Tag every file; an error in one is its result."""
        writer = PartWriter(self._order.kind)
        with tagged_files([Path(job.path) for job in bundle.jobs], self._tagger, self._order) as tagged:
            files = tuple(self._tag_file(job, tagged.of(Path(job.path)), writer) for job in bundle.jobs)
        return BundleResult(bundle.number, files, writer.finish())

    def _tag_file(self, job: FileJob, results: Iterable[Any], writer: PartWriter) -> FileResult:
        n_groups, n_rows, note, error = writer.n_groups, writer.n_rows, "", None
        try:
            note = track_note(job.path)
            writer.write(rows_of_file(job.source, results, self._tagger, self._order))
        except UserError as found:
            error = found
        except Exception as found:  # an unforeseen error in one file must not end the others
            error = unforeseen(job.path, "tagged", found)
        return FileResult(
            path=job.path,
            size=job.size,
            mtime_ns=job.mtime_ns,
            n_rows=writer.n_rows - n_rows,
            first_group=n_groups,
            n_groups=writer.n_groups - n_groups,
            problem="" if error is None else error.problem,
            remedy="" if error is None else error.remedy,
            note=note,
        )


def begin(expected_version: str, start: bytes, cores: int) -> BundleTagger:
    """A tagger for what a command sent, a pickled `Start`; another version might not be able to read it. Raises
    UserError as BundleTagger does, and for another version."""
    if version() != expected_version:
        problem = f"Soundmark {version()} is installed there, and {expected_version} here."
        raise UserError(problem, "Install the same version on every node.")
    return BundleTagger(pickle.loads(start), cores)


def refuse_other_model(here: str, expected: str) -> None:
    """Raise UserError for another model than the command's own; both as `Tagger.weights_hash`."""
    if here != expected:
        problem = "The model has other weights or settings there than here."
        raise UserError(problem, "Put the model where every node sees it, and name it by --model and its path.")


def refuse_missing(samples: Sequence[FileJob]) -> None:
    """Raise UserError if any of these files is not here, or another one is in its place."""
    for job in samples:
        try:
            is_same = Path(job.path).stat().st_size == job.size
        except OSError:
            is_same = False
        if not is_same:
            problem = f"The folder {Path(job.path).parent} is not visible there, or has other files."
            raise UserError(problem, "Put the files on a drive that every node mounts at the same path.")


def use_cores(n: int) -> None:
    """Have this process, and those that it starts, use no more cores than that."""
    os.environ[LIMIT] = str(n)
    if package_versions()[0]:
        openvino_core().set_property("CPU", {"INFERENCE_NUM_THREADS": n})
