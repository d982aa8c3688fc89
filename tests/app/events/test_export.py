"""Events as spans of a file, and the file that a name and a kind mean."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.events.export import chosen_file, export_events, export_query
from core.event_files.main import FORMATS, read_labels
from core.heard.event import EventQuery
from tests.app.event_fakes import MemoryStore
from tests.core.heard.made_events import heard


@pytest.mark.parametrize("kind", [kind for kind, entry in FORMATS.items() if kind != "parquet"])
def test_every_format_can_be_read_back(tmp_path: Path, kind: str) -> None:
    store = MemoryStore([heard(5.0, 1.0), heard(1.0, 2.5, "Rain")])
    for number, write in enumerate(
        (
            lambda path: export_query(store, EventQuery(), path, kind),
            lambda path: export_events(list(store.events.values()), path, kind),
        )
    ):
        path = tmp_path / f"{number}{FORMATS[kind].suffix}"
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(write, path).result() == 2
        assert [(span.label, span.onset_s) for span in read_labels(path).spans] == [("Rain", 1.0), ("Dog", 5.0)]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("a.csv", "", ("a.csv", "csv")),
        ("a", "raven", ("a.selections.txt", "raven")),
        ("a.selections.txt", "", ("a.selections.txt", "raven")),
        ("a.txt", "audacity", ("a.txt", "audacity")),
        ("a.csv", "parquet", ("a.csv.parquet", "parquet")),
        ("a", "", ("a.csv", "csv")),
    ],
)
def test_name_and_kind_of_a_file_make_its_path_and_format(name: str, kind: str, expected: tuple[str, str]) -> None:
    path, format_of = chosen_file(name, kind)
    assert (path.name, format_of) == expected
