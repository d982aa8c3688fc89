"""Checks README, CONTRIBUTING, CHANGELOG and docs/: links, paths, folders and commands in them are there."""

from __future__ import annotations

import re
import shlex
from functools import lru_cache
from pathlib import Path

import pytest

import main
from room_rules import ROOM_ORDERS

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md"))
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *PAGES]
SECTIONS = ["Installation", "What you can do", "Train your own", "Results at a glance", "Limits", "Links"]
ROOMS = ("app", "core", "training")
LONGEST_README, LONGEST_GLOSSARY, SCREEN_LINES = 120, 40, 72


@lru_cache
def text_of(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """What stands below a heading of the second level."""
    parts = re.split(r"^## (.+)$", text_of(name), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def anchors(name: str) -> set[str]:
    """What GitHub makes of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", text_of(name), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(name: str) -> list[str]:
    """Links to files or headings that are not there."""
    broken = []
    pictures = re.findall(r' (?:src|srcset)="([^"]+)"', text_of(name))
    for link in pictures + re.findall(r"\]\(([^)\s]+)\)", text_of(name)):
        if "://" in link:
            continue
        path, _, heading = link.partition("#")
        target = ((REPOSITORY / name).parent / path if path else REPOSITORY / name).resolve()
        if not target.exists() or (heading and heading not in anchors(target.relative_to(REPOSITORY).as_posix())):
            broken.append(link)
    return broken


def commands(name: str) -> list[str]:
    """Every `soundmark …` of a document, inline or in a block, without its comment."""
    inline = re.findall(r"`(soundmark [^`]+)`", text_of(name))
    blocks = re.findall(r"^ *(soundmark .+?)(?: {2,}#.*)?$", text_of(name), flags=re.MULTILINE)
    return [command.replace("…", "") for command in inline + blocks]


def folders_shown(lines: list[str]) -> set[str]:
    """The folders of an indented map: what ends in a slash before the words about it."""
    shown, above = set[str](), dict[int, str]()
    for line in lines:
        indent = len(line) - len(line.lstrip())
        above = {depth: path for depth, path in above.items() if depth < indent}
        names = re.findall(r"(\S+)/(?=\s|$)", re.split(r" {3,}", line.strip())[0])
        paths = ["/".join([*list(above.values())[-1:], name]) for name in names]
        if paths:
            above[indent] = paths[0]
        shown |= set(paths)
    return shown


def folders_of_code() -> set[str]:
    """Every folder of ROOMS that holds files."""
    files = [path for room in ROOMS for path in (REPOSITORY / room).rglob("*.*") if path.is_file()]
    folders = {path.parent.relative_to(REPOSITORY).as_posix() for path in files}
    return {folder for folder in folders if "__pycache__" not in folder}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    assert broken_links(name) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_command_line_accepts_every_command(name: str) -> None:
    refused = []
    for command in commands(name):
        try:
            main.parse(shlex.split(command)[1:])
        except SystemExit as end:
            if end.code != 0:  # `--help` and `--version` end with 0
                refused.append(command)
    assert refused == []


def test_the_readme_is_short_and_in_its_order() -> None:
    assert len(text_of("README.md").splitlines()) <= LONGEST_README
    assert re.findall(r"^## (.+)$", text_of("README.md"), flags=re.MULTILINE) == SECTIONS


def test_the_glossary_is_short() -> None:
    words = re.findall(r"^\| (?!word|---)(.+?) \|", section("CONTRIBUTING.md", "Glossary"), flags=re.MULTILINE)
    assert 0 < len(words) <= LONGEST_GLOSSARY
    assert len(set(words)) == len(words)


def test_the_map_has_every_folder_of_code_and_fits_on_a_screen() -> None:
    lines = section("docs/architecture.md", "The map").split("```")[1].strip("\n").splitlines()
    assert len(lines) <= SCREEN_LINES
    shown = folders_shown(lines)
    assert {folder for folder in shown if folder.split("/")[0] in ROOMS} == folders_of_code()
    assert [folder for folder in shown if not (REPOSITORY / folder).is_dir()] == []


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_paths_exist(name: str) -> None:
    paths = re.findall(r"`((?:app|assets|benchmarks|core|docs|tests|training)/[\w./-]*)`", text_of(name))
    assert paths
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []


def test_the_tables_to_add_to_are_where_the_document_says() -> None:
    rows = re.findall(r"`([A-Z_]+)`, `([\w./]+\.py)`", section("CONTRIBUTING.md", "Where an addition goes"))
    assert len(rows) >= 6
    assert [table for table, path in rows if not re.search(rf"^{table}\b", text_of(path), flags=re.MULTILINE)] == []


@pytest.mark.parametrize("package", ROOM_ORDERS)
def test_the_orders_of_rooms_are_those_that_are_checked(package: str) -> None:
    place = package.replace(".", "/")
    row = re.findall(rf"^\| `{place}` \| (.+) \|$", section("CONTRIBUTING.md", "Where things are"), flags=re.MULTILINE)
    written = [set(re.findall(r"`([\w/]+)`", part)) for part in "".join(row).split(" < ")]
    checked = [{room.replace(".", "/") for room in rooms} for rooms in ROOM_ORDERS[package]]
    assert _folders(place, written) == _folders(place, checked)


def _folders(package: str, order: list[set[str]]) -> list[set[str]]:
    """Of each step of an order what is a folder; steps of files alone are left out."""
    steps = [{room for room in rooms if room and (REPOSITORY / package / room).is_dir()} for rooms in order]
    return [step for step in steps if step]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_menus_have_the_entries_that_are_named(name: str) -> None:
    texts = {text.replace("&", "") for text in text_of("tests/app/window_texts.txt").splitlines()}
    ways = re.findall(r"\b(File|View|Listen|Model|Train|Help) ▸ ([^.,;()*|]{1,40})", text_of(name).replace("\n", " "))
    assert [way for way in ways if not any(" ".join(way[1].split()[:n]) in texts for n in range(1, 6))] == []
