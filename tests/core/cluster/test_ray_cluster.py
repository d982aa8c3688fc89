"""Ray carries bundles there and back, on loopback alone, and no file is lost with a node."""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet
import pytest

from core.cluster import ray_cluster
from core.cluster.models import Start, TaggingOrder
from core.cluster.ray_cluster import open_cluster
from core.errors import UsageError, UserError
from core.model.checkpoints.checkpoint import save_checkpoint
from fakes import tiny_checkpoint, write_noise
from rig.waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[3]
needs_ray = pytest.mark.skipif(
    find_spec("ray") is None or not sys.platform.startswith("linux"),
    reason="Ray, which carries files to other machines, is not installed, or not made for this system",
)
N_FILES = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a model, an archive of sounds and a file that is none, and what one process makes of them."""
    folder = tmp_path_factory.mktemp("lost-node")
    save_checkpoint(tiny_checkpoint(), folder / "model")
    (folder / "archive").mkdir()
    for place in range(N_FILES):
        write_noise(folder / "archive" / f"{place}.wav", 1 + place / 10)
    (folder / "archive" / "bad.wav").write_bytes(b"no sound")
    ran("main.py", "tag", folder / "archive", *model_of(folder), "--format", "csv", "--output", folder / "alone.csv")
    return folder


def model_of(folder: Path) -> tuple[str, ...]:
    return ("--model", str(folder / "model"), "--device", "cpu")


def ran(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, words)], cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S
    )


def rows_of(table: Path) -> list[dict[str, str]]:
    rows = pyarrow.parquet.read_table(table).drop_columns("name").to_pylist()
    return [{name: str(value) for name, value in row.items()} for row in rows]


def rows_alone(folder: Path) -> list[dict[str, str]]:
    with (folder / "alone.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@needs_ray
@pytest.mark.slow
def test_a_node_that_is_killed_takes_no_file_with_it(folder: Path) -> None:
    script = Path(__file__).with_name("lost_node.py")
    done = ran(script, folder / "model", folder / "archive", folder / "lost.parquet")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["status"] == 1, "one file is no sound"
    assert len(told["bundles"]) >= 2
    assert "has ended" in done.stderr
    assert "bad.wav" in done.stderr
    assert rows_of(folder / "lost.parquet") == rows_alone(folder)
    ledger = (folder / "lost.parquet.parts" / "_ledger.jsonl").read_text().splitlines()
    paths = [file["path"] for line in ledger[1:] for file in json.loads(line)["files"]]
    assert sorted(paths) == sorted(str(path) for path in (folder / "archive").iterdir())


@needs_ray
@pytest.mark.slow
def test_a_cluster_of_this_machine_listens_on_loopback_alone_and_ends(folder: Path) -> None:
    script = (
        "import json, sys; sys.path.insert(0, '.')\n"
        "from core.cluster.ray_cluster import open_cluster\n"
        "from core.cluster.places import places_on\n"
        "from tests.core.cluster.listening import listening\n"
        "with open_cluster('local', None) as cluster:\n"
        "    (node,) = cluster.nodes()\n"
        "    during = listening()\n"
        "    print(json.dumps([node.address, node.cores, sorted(during), len(listening())]))\n"
    )
    done = ran("-c", script)
    assert done.returncode == 0, done.stderr
    address, cores, during, _ = json.loads(done.stdout.splitlines()[-1])
    assert address == "127.0.0.1"
    assert cores == len(os.sched_getaffinity(0))
    assert len(during) >= 3, "the test must see Ray's sockets"
    assert {host for host, _ in during} == {"127.0.0.1"}


def test_without_ray_the_way_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in ray_cluster.PRIVATE:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "")
    with pytest.raises(UserError) as caught, open_cluster("local", START):
        pass
    assert "install" in caught.value.remedy


@pytest.mark.parametrize("address", ["locl", "10.0.0.1", ":6379", "10.0.0.1:port", "10.0.0.1:"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError), open_cluster(address, START):
        pass


def test_an_address_that_nobody_answers_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(UserError, match=str(port)), open_cluster(f"127.0.0.1:{port}", START):
        pass


def _no_tagger() -> None:
    raise AssertionError("no worker begins")


START = Start(TaggingOrder(_no_tagger), "0" * 16, ())  # type: ignore[arg-type]
