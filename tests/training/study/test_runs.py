"""Rows that begin with what other rows made, and ledgers that travel from computer to computer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import UserError
from tests.training.study.study_bench import STUDY, Bench
from training.study.folder import identities
from training.study.ledger import LedgerEntry, append_entry, read_ledger
from training.study.loading import load_study

CHAIN = """
title = "Chain"
recipe = "esc50-scratch"
folds = ["1", "2"]
seeds = [1]
settings = { epochs = 3, learning_rate = 0.1 }
[[rows]]
name = "student"
settings = { init = "cell:teacher", learning_rate = 0.2 }
[[rows]]
name = "plain"
[[rows]]
name = "grandchild"
settings = { init = "cell:student", learning_rate = 0.3 }
[[rows]]
name = "teacher"
settings = { learning_rate = 0.4 }
"""
OWN_RECIPE = CHAIN.replace('name = "plain"', 'name = "plain"\nrecipe = "few-clips"')


@pytest.fixture
def chain(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.study.write_text(CHAIN)
    return bench


def another(bench: Bench, folder: Path) -> Bench:
    """The same study on another computer."""
    folder.mkdir()
    other = Bench(folder)
    other.study.write_text(bench.study.read_text())
    return other


def digests(bench: Bench) -> dict[str, str]:
    return {cell.name: cell.digest for cell in load_study(str(bench.study)).cells() if cell.fold == "1"}


def test_what_a_row_needs_runs_before_it_on_the_same_fold(chain: Bench) -> None:
    assert chain.run() == 0
    begun = [line.removeprefix("begins ") for line in chain.trace if line.startswith("begins")]
    assert begun[:4] == ["teacher-fold1-seed1", "student-fold1-seed1", "plain-fold1-seed1", "grandchild-fold1-seed1"]
    assert chain.entry("student-fold1-seed1").start == "teacher-fold1-seed1", "the ledger knows what it began with"
    assert chain.begins_with("student-fold2-seed1") == ["teacher-fold2-seed1"]
    assert chain.begins_with("grandchild-fold1-seed1") == ["student-fold1-seed1"]
    assert chain.begins_with("plain-fold1-seed1") == []


def test_several_teachers_and_a_file_among_them(chain: Bench) -> None:
    settings = 'teacher = ["cell:teacher", "/a/file", "cell:plain"]'
    chain.study.write_text(CHAIN.replace('init = "cell:teacher"', settings))
    [student] = [cell for cell in load_study(str(chain.study)).cells() if cell.name == "student-fold1-seed1"]
    assert student.settings_with(lambda cell: Path("/out") / cell.name)[-4:-2] == (
        "teacher=/out/teacher-fold1-seed1,/a/file,/out/plain-fold1-seed1",
        "learning_rate=0.2",
    )


def test_a_change_reaches_all_that_begin_with_it_and_a_new_name_nobody(chain: Bench) -> None:
    before = digests(chain)
    chain.study.write_text(CHAIN.replace("learning_rate = 0.4", "learning_rate = 0.5"))
    after = digests(chain)
    assert {name.partition("-")[0] for name in before if before[name] != after[name]} == {
        *("teacher", "student", "grandchild")
    }
    chain.study.write_text(CHAIN.replace("teacher", "elder"))
    assert digests(chain)["student-fold1-seed1"] == before["student-fold1-seed1"]
    chain.study.write_text(OWN_RECIPE)
    changed = digests(chain)
    assert [name for name in before if before[name] != changed[name]] == ["plain-fold1-seed1"]


def test_a_row_of_one_seed_runs_once_a_fold_and_all_seeds_begin_with_it(chain: Bench) -> None:
    text = CHAIN.replace("seeds = [1]", "seeds = [3, 4]").replace('name = "teacher"', 'name = "teacher"\nseed = 1')
    chain.study.write_text(text)
    assert chain.run() == 0
    begun = [line.removeprefix("begins ") for line in chain.trace if line.startswith("begins")]
    assert [name for name in begun if name.startswith("teacher")] == ["teacher-fold1-seed1", "teacher-fold2-seed1"]
    assert len(begun) == len(set(begun)) == 2 + 3 * 4
    assert chain.begins_with("student-fold2-seed4") == ["teacher-fold2-seed1"]
    assert chain.begins_with("grandchild-fold1-seed3") == ["student-fold1-seed3"]
    assert chain.run() == 0
    assert len([line for line in chain.trace if line.startswith("begins")]) == 14
    # What begins with every seed's own cannot be the one that all begin with.
    chain.study.write_text(text.replace('name = "grandchild"', 'name = "grandchild"\nseed = 3'))
    with pytest.raises(UserError, match="grandchild has one seed and uses cell:student"):
        chain.run()


def test_unknown_rows_and_circles_are_refused(chain: Bench) -> None:
    chain.study.write_text(CHAIN.replace("cell:student", "cell:nobody"))
    with pytest.raises(UserError, match="no row 'nobody'"):
        chain.run()
    chain.study.write_text(CHAIN.replace("learning_rate = 0.4", 'init = "cell:grandchild"'))
    with pytest.raises(UserError, match="student needs teacher needs grandchild needs student"):
        chain.run()
    chain.study.write_text(CHAIN.replace("epochs = 3,", 'epochs = 3, init = "cell:teacher",'))
    with pytest.raises(UserError, match="teacher needs teacher"):
        chain.run()
    assert chain.trace == []


def test_what_begins_with_a_failed_row_is_left_out_until_that_row_is_there(
    chain: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    (chain.folder / "fail-teacher-fold1-seed1").touch()
    assert chain.run() == 1
    assert "it needs teacher-fold1-seed1, which failed" in capsys.readouterr().err
    assert chain.ledger.newest("student-fold1-seed1") is None
    assert chain.ledger.newest("grandchild-fold2-seed1") is not None
    (chain.folder / "fail-teacher-fold1-seed1").unlink()
    assert chain.run() == 0
    assert (chain.runs_of("teacher-fold1-seed1"), chain.runs_of("plain-fold1-seed1")) == (2, 1)


def test_cells_of_a_given_ledger_are_not_run_again_and_new_ones_reach_both(
    chain: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain.study.write_text(STUDY)
    shared = tmp_path / "docs" / "results" / "rates.jsonl"
    (chain.folder / "fail-fast-fold2-seed1").touch()
    assert chain.run(ledger=shared) == 1
    assert [entry.cell for entry in read_ledger(shared).entries] == [
        *("slow-fold1-seed1", "fast-fold1-seed1", "slow-fold2-seed1")
    ]
    assert str(tmp_path) not in shared.read_text()
    other = another(chain, tmp_path / "other")
    capsys.readouterr()
    assert other.run(ledger=shared) == 0
    assert [line for line in other.trace if line.startswith("begins")] == ["begins fast-fold2-seed1"]
    assert [row["n_runs"] for row in json.loads(capsys.readouterr().out)["rows"]] == [2, 2]
    assert len(read_ledger(shared).entries) == 4
    assert len(other.ledger.entries) == 1
    assert another(chain, tmp_path / "third").run(ledger=shared) == 0
    assert not (tmp_path / "third" / "trace").exists()


def test_a_checkpoint_that_only_another_computer_has_is_made_again_where_it_is_needed(
    chain: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = tmp_path / "chain.jsonl"
    (chain.folder / "fail-grandchild-fold1-seed1").touch()
    chain.run(ledger=shared)
    n_known = len(read_ledger(shared).entries)
    other = another(chain, tmp_path / "other")
    capsys.readouterr()
    other.run(ledger=shared, dry_run=True)
    assert "to do: teacher-fold1-seed1, its checkpoint is wanted here" in capsys.readouterr().err
    assert other.run(ledger=shared) == 0
    begun = [line.removeprefix("begins ") for line in other.trace if line.startswith("begins")]
    assert begun == ["teacher-fold1-seed1", "student-fold1-seed1", "grandchild-fold1-seed1"]
    assert len(read_ledger(shared).entries) == n_known + 1  # what it knew is not noted twice
    assert other.run(ledger=shared) == 0
    assert len(other.trace) == 2 * 3


def test_rows_of_other_settings_in_a_given_ledger_do_not_count(chain: Bench, tmp_path: Path) -> None:
    chain.study.write_text(STUDY)
    shared = tmp_path / "rates.jsonl"
    append_entry(shared, LedgerEntry("slow-fold1-seed1", "of other settings", "finished", 1.0))
    assert chain.run(ledger=shared) == 0
    assert chain.runs_of("slow-fold1-seed1") == 1


def clips_in(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    (folder / "manifest.csv").write_text("path,label,fold_or_split\n" + "".join(f"{name},dog,1\n" for name in names))
    return folder


def test_cells_on_other_clips_do_not_count_and_the_same_clips_elsewhere_do(
    chain: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain.study.write_text(STUDY)
    shared = tmp_path / "rates.jsonl"
    assert chain.run(ledger=shared, data=clips_in(tmp_path / "barks", "a.wav", "b.wav")) == 0
    elsewhere = another(chain, tmp_path / "elsewhere")
    assert elsewhere.run(ledger=shared, data=clips_in(elsewhere.folder / "moved", "b.wav", "a.wav")) == 0
    assert elsewhere.trace == []
    other, others = another(chain, tmp_path / "other"), clips_in(tmp_path / "more", "a.wav", "b.wav", "c.wav")
    capsys.readouterr()
    assert other.run(ledger=shared, data=others, dry_run=True) == 0
    said = capsys.readouterr()
    assert "to do: slow-fold1-seed1, it ran on other clips" in said.err
    assert json.loads(said.out)["rows"][0]["n_runs"] == 0
    assert other.run(ledger=shared, data=others) == 0
    assert other.runs_of("slow-fold1-seed1") == 1
    assert len(read_ledger(shared).entries) == 8


def test_a_run_on_clips_that_have_changed_since_is_kept_aside(
    chain: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain.study.write_text(STUDY)
    assert chain.run(data=clips_in(tmp_path / "barks", "a.wav")) == 0
    assert chain.run(data=clips_in(tmp_path / "barks", "a.wav", "b.wav")) == 0
    assert "its clips have changed" in capsys.readouterr().err
    assert chain.runs_of("slow-fold1-seed1") == 2
    [kept] = chain.out.glob("slow-fold1-seed1.*")
    assert (kept / "log.jsonl").is_file()


def test_entries_from_before_data_were_noted_count_for_any(chain: Bench, tmp_path: Path) -> None:
    chain.study.write_text(STUDY)
    shared = tmp_path / "rates.jsonl"
    chain.run(ledger=shared)
    lines = [json.loads(line) for line in shared.read_text().splitlines()]
    shared.write_text("".join(json.dumps({k: v for k, v in one.items() if k != "data"}) + "\n" for one in lines))
    other = another(chain, tmp_path / "other")
    assert other.run(ledger=shared, data=clips_in(tmp_path / "barks", "a.wav")) == 0
    assert other.trace == []


def test_clips_are_known_by_names_labels_and_folds(tmp_path: Path) -> None:
    folder = clips_in(tmp_path / "barks", "a.wav", "b.wav")
    plain = identities(folder)("")
    assert plain
    assert identities(folder / "manifest.csv")("") == plain
    listing = (folder / "manifest.csv").read_text()
    for old, new in (("b.wav,dog,1", "b.wav,dog,2"), ("b.wav,dog", "b.wav,cat"), ("dog", "cat"), ("b.wav,dog,1\n", "")):
        (folder / "manifest.csv").write_text(listing.replace(old, new))
        assert identities(folder)("") not in ("", plain)
    assert identities(None)("") == identities(tmp_path / "nowhere")("") == ""


@pytest.mark.parametrize("content", ["", '{"dig', "[]", "{}"])
def test_a_damaged_mark_is_as_none(chain: Bench, content: str) -> None:
    chain.study.write_text(STUDY)
    (chain.folder / "fail-slow-fold1-seed1").touch()
    assert chain.run() == 1
    (chain.folder / "fail-slow-fold1-seed1").unlink()
    mark = chain.out / "slow-fold1-seed1" / "cell.json"
    mark.write_text(content)
    assert chain.run() == 0
    assert json.loads(mark.read_text())["digest"] == chain.entry("slow-fold1-seed1").digest


def test_a_given_file_that_is_no_ledger_is_left_alone(chain: Bench, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Milk\n")
    for dry_run in (True, False):
        with pytest.raises(UserError, match="is not the ledger of a study"):
            chain.run(ledger=notes, dry_run=dry_run)
    assert notes.read_text() == "Milk\n"
    with pytest.raises(UserError, match="cannot be"):
        chain.run(ledger=tmp_path)
    assert chain.trace == []


def test_a_finished_entry_counts_before_a_later_failure(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    for state in ("finished", "failed"):
        append_entry(path, LedgerEntry("a", "d", state, 1.0))
    found = read_ledger(path).of("a", "d")
    assert found is not None
    assert found.state == "finished"
