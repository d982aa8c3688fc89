"""Licences in free text come down to kinds, the strictest reading first; what no kind permits is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UsageError, UserError
from training.data.licences import KINDS, is_permitted, kinds_of
from training.data.manifest import read_manifest


@pytest.mark.parametrize(
    ("licence", "kinds"),
    [
        ("CC0 1.0", {"cc0"}),
        ("CC BY 3.0", {"cc-by"}),
        ("CC BY (version not stated)", {"cc-by"}),
        ("CC BY-SA 3.0 or later (LICENSE: all sounds)", {"cc-by-sa"}),
        ("CC BY-NC 3.0", {"cc-by-nc"}),
        ("CC BY-NC-SA (version not stated)", {"cc-by-nc-sa"}),
        ("CC BY-SA 3.0 (the page adds: or maybe CC BY-NC)", {"cc-by-nc"}),
        ("CC BY-SA 2.0 or GPL-2.0 (COPYING, dual)", {"cc-by-sa"}),
        ("CC BY / CC0 mix", {"cc-by"}),
        ("CC BY 4.0 (the site says free for commercial; and non-commercial use)", {"cc-by"}),
        ("CC Sampling+ 1.0", {"sampling+"}),
        ("ODbL 1.0 (database), DbCL 1.0 (contents)", {"odbl"}),
        ("public domain (dedication in license.txt)", {"public-domain"}),
        ("MIT (repository licence); the speaker codes are those of a corpus (CC BY 4.0)", {"mit", "cc-by"}),
        ("CC0 1.0; CC BY-NC 3.0 as a whole", {"cc0", "cc-by-nc"}),
        ("http://creativecommons.org/licenses/by-nc/3.0/", {"cc-by-nc"}),
        ("http://creativecommons.org/licenses/by/4.0/", {"cc-by"}),
        ("http://creativecommons.org/publicdomain/zero/1.0/", {"cc0"}),
        ("Attribution-NonCommercial 4.0", {"cc-by-nc"}),
        ("Attribution Noncommercial", {"cc-by-nc"}),
        ("Attribution", {"cc-by"}),
        ("Creative Commons Attribution-ShareAlike 4.0", {"cc-by-sa"}),
        ("GPL-2.0", {"gpl"}),
        ("ask the author", {"other"}),
        ("", {"not-stated"}),
    ],
)
def test_words_come_down_to_kinds(licence: str, kinds: set[str]) -> None:
    assert kinds_of(licence) == kinds
    assert kinds <= set(KINDS)


def test_all_kinds_of_a_clip_must_be_permitted() -> None:
    assert is_permitted("CC0 1.0; CC BY-SA 3.0 as a whole", ["cc0", "cc-by-sa"])
    assert not is_permitted("CC0 1.0; CC BY-SA 3.0 as a whole", ["cc0"])
    assert is_permitted("whatever", [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = ["a,dog,1,CC0 1.0", "b,dog,2,CC BY-NC 3.0", "c,cat,1,CC BY 4.0", "d,cat,2,", "e,owl,2,CC BY-NC-SA 3.0"]
    (tmp_path / "manifest.csv").write_text("\n".join(["path,label,fold_or_split,licence", *rows]) + "\n")
    for row in rows:
        (tmp_path / row[0]).touch()
    return tmp_path


def test_a_manifest_has_clips_of_permitted_licences_only(folder: Path) -> None:
    manifest = read_manifest(folder, licences=["cc0", "cc-by"])
    assert [clip.name for clip in manifest.clips] == ["a", "c"]
    assert [label.id for label in manifest.labels] == ["cat", "dog"], "owl has no clip any more"
    assert dict(manifest.licences) == {"CC0 1.0": 1, "CC BY 4.0": 1}
    assert len(read_manifest(folder).clips) == 5
    assert [clip.name for clip in read_manifest(folder, licences=["not-stated"]).clips] == ["d"]


def test_a_filter_that_leaves_nothing_says_what_there_is(folder: Path) -> None:
    with pytest.raises(UserError, match=r"mit or odbl; .*cc-by, cc-by-nc, cc-by-nc-sa, cc0"):
        read_manifest(folder, licences=["mit", "odbl"])


def test_an_unknown_kind_lists_those_there_are(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"cc-zero"):
        read_manifest(folder, licences=["cc-zero"])
