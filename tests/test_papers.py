"""Checks that docs/papers.md and docs/results.md name only what exists and leave out no promise and no study."""

from __future__ import annotations

import ast
import dataclasses
import re
import shlex
from functools import lru_cache
from pathlib import Path

import pytest

import main
from core.errors import UserError
from core.model.checkpoints.published import PUBLISHED_MODELS
from core.model.variants import MODEL_VARIANTS
from training.config.loading import RECIPES, load_recipe
from training.config.recipe import CHOICES, DEFAULTS
from training.study.loading import read_study_file, study_names

REPOSITORY = Path(__file__).resolve().parent.parent
PAPERS, RESULTS = ((REPOSITORY / "docs" / name).read_text(encoding="utf-8") for name in ("papers.md", "results.md"))
N_PROMISES = 29
RECIPE_NAMES = {path.stem for path in RECIPES.glob("*.toml")}
STUDY_ROWS = {str(row["name"]) for name in study_names() for row in read_study_file(name)[1].get("rows", ())}


def quoted(text: str) -> list[str]:
    """All that stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


@dataclasses.dataclass(frozen=True, slots=True)
class Promise:
    """What stands below one numbered heading; a part that is missing is empty."""

    number: str
    """As the heading has it."""
    text: str
    """What the paper promises."""
    status: str
    """Kept, open or partly open, with our figures."""
    paper: str
    """The paper's figures."""
    code: str
    """Where it is implemented."""
    tests: str
    """What shows it."""


@lru_cache
def promises() -> tuple[Promise, ...]:
    """All numbered headings, in their order."""
    headings = re.split(r"^### (\d+)\. .+$", re.split(r"^## Where ", PAPERS, flags=re.MULTILINE)[0], flags=re.MULTILINE)
    return tuple(_promise(number, below) for number, below in zip(headings[1::2], headings[2::2], strict=True))


def _promise(number: str, below: str) -> Promise:
    items = dict(re.findall(r"^\* (Status|Paper|Code|Shown by): (.+)$", below, flags=re.MULTILINE))
    parts = [items.get(name, "") for name in ("Status", "Paper", "Code", "Shown by")]
    return Promise(number, below.partition("\n* ")[0].strip(), *parts)


def untrue(token: str) -> str:
    """What is wrong with a quoted word, "" where nothing is: a place in the code, a command, a setting, a path, a name
    that recipes and studies know."""
    if token.startswith("soundmark "):
        return untrue_command(token)
    if token.startswith("--"):
        return untrue_command(f"soundmark study {token}")
    if "::" in token:
        path, _, name = token.partition("::")
        return "" if name in defined(path) else f"{path} defines no {name}"
    if re.match(r"[a-z_0-9]+=", token):
        return untrue_setting(token)
    if "/" in token:
        return "" if (REPOSITORY / token).exists() else f"there is no {token}"
    known = {*DEFAULTS, *RECIPE_NAMES, *study_names(), *MODEL_VARIANTS, *STUDY_ROWS}
    return "" if token in known else f"{token} is no name"


def untrue_setting(token: str) -> str:
    key, _, value = token.partition("=")
    if key == "variant":
        return "" if value in MODEL_VARIANTS else f"there is no variant {value}"
    is_known = key in DEFAULTS and (key not in CHOICES or value in CHOICES[key])
    return "" if is_known else f"no recipe takes {token}"


def untrue_command(token: str) -> str:
    """A command that the command line refuses, or one of a recipe, study or model that is not there."""
    try:
        options = main.parse(shlex.split(token)[1:])
        if options.verb == "train":
            load_recipe(options.recipe, options.settings)
        if options.verb == "study" and options.study is not None:
            read_study_file(options.study)
    except (UserError, SystemExit) as error:
        return f"{token} is refused ({error})"
    models = getattr(options, "model", None) or getattr(options, "name", None) or []
    models = [models] if isinstance(models, str) else models
    known = {*MODEL_VARIANTS, *(row.name for row in PUBLISHED_MODELS)}
    unknown = [model for model in models if model not in known and not model.isupper()]
    return f"there is no model {', '.join(unknown)}" if unknown else ""


@lru_cache
def defined(path: str) -> frozenset[str]:
    """What a file defines: functions, classes, names, and `Class.name` of methods and fields."""
    source = REPOSITORY / path
    if not source.is_file():
        return frozenset()
    tree = ast.parse(source.read_text(encoding="utf-8"))
    names = {name for node in tree.body for name in names_of(node)}
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    inner = {f"{owner.name}.{name}" for owner in classes for node in owner.body for name in names_of(node)}
    return frozenset(names | inner)


def names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


@pytest.mark.slow
@pytest.mark.parametrize("text", [PAPERS, RESULTS], ids=["papers", "results"])
def test_all_that_is_named_is_there(text: str) -> None:
    assert [wrong for token in quoted(text) if (wrong := untrue(token))] == []


@pytest.mark.parametrize("text", [PAPERS, RESULTS], ids=["papers", "results"])
def test_links_lead_somewhere(text: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (REPOSITORY / "docs" / link).exists()] == []


def test_every_promise_has_a_heading_and_every_part() -> None:
    assert [int(promise.number) for promise in promises()] == list(range(1, N_PROMISES + 1))
    assert [promise.number for promise in promises() if not all(dataclasses.astuple(promise))] == []


@pytest.mark.parametrize("promise", promises(), ids=lambda promise: promise.number)
def test_a_promise_names_its_code_and_what_shows_it(promise: Promise) -> None:
    assert any("::" in token or token.endswith(".toml") for token in quoted(promise.code))
    assert all(re.fullmatch(r"tests/\S+\.py::test_\w+", token) for token in quoted(promise.tests))
    assert quoted(promise.tests)
    assert re.match(r"\*\*(kept|open|partly open)\*\*", promise.status)
    if "open**" in promise.status:
        verbs = [token.split()[1] for token in quoted(promise.status) if token.startswith("soundmark ")]
        assert {"train", "study"} & set(verbs), "what would give the figure"


def test_the_list_of_what_is_open_is_that_of_the_headings() -> None:
    open_ones, partly = (
        [promise.number for promise in promises() if promise.status.startswith(status)]
        for status in ("**open**", "**partly open**")
    )
    assert f"\nOpen: {', '.join(open_ones)}. Partly open: {', '.join(partly)}.\n" in PAPERS


def test_every_study_has_its_command_under_a_heading_of_its_own() -> None:
    parts = [part for part in re.split(r"^## ", RESULTS, flags=re.MULTILINE)[1:] if not part.startswith("In a room")]
    commands = [[token.split()[2] for token in quoted(part) if token.startswith("soundmark study ")] for part in parts]
    assert sorted(first for first, *_ in commands) == sorted(study_names())


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("core/audio/log_mel.py::LogMell", "defines no LogMell"),
        ("core/audio/log_mel.py::LogMelConfig.windows", "defines no"),
        ("tests/core/audio/test_log_mel.py::test_nothing", "defines no test_nothing"),
        ("core/audio/mel.py::LogMel", "defines no"),
        ("training/studies/none.toml", "there is no"),
        ("soundmark study none --data ESC-50", "is refused"),
        ("soundmark train none --data ESC-50", "is refused"),
        ("soundmark train esc50-scratch epoch=3", "is refused"),
        ("soundmark evaluate --data D --model ast-audioset-9-9", "no model ast-audioset-9-9"),
        ("soundmark models get ast-audioset-9-9", "no model ast-audioset-9-9"),
        ("soundmark tag FILE --merge much", "is refused"),
        ("--rounds 3", "is refused"),
        ("mel_window=blackman", "no recipe takes"),
        ("window=hamming", "no recipe takes"),
        ("variant=ast-huge", "no variant ast-huge"),
        ("ast-huge", "is no name"),
    ],
)
def test_what_is_not_there_is_found(token: str, says: str) -> None:
    assert says in untrue(token)
