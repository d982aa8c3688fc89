"""Labels that look the same to people are found, and labels that do not are left alone."""

from __future__ import annotations

import unicodedata

import pytest

from core.errors import UserError
from core.labels import LabelSet
from core.run.data_report import Finding
from training.data.label_rules import look_alike_findings, refuse

NFC, NFD = (unicodedata.normalize(form, "Vögel") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(("first", "second"), [("Tone", "tone"), ("a_b", "a b"), ("A b", "a_B"), (NFC, NFD)])
def test_labels_that_look_the_same_are_one_error(first: str, second: str) -> None:
    [finding] = look_alike_findings(LabelSet.from_ids([first, "rain", second]))
    assert (finding.kind, finding.severity) == ("look_alike", "error")
    assert f"“{first}”" in finding.text
    assert f"“{second}”" in finding.text
    assert "rain" not in finding.text


def test_decomposed_accents_are_described() -> None:
    [finding] = look_alike_findings(LabelSet.from_ids([NFC, NFD]))
    assert finding.text.count("decomposed") == 1


def test_several_pairs_share_a_finding() -> None:
    ids = ["dog", "Dog", "rain", "Rain", "owl"]
    [finding] = look_alike_findings(LabelSet.from_ids(ids))
    assert all(f"“{label}”" in finding.text for label in ids[:4])


@pytest.mark.parametrize("other", ["dogs", "d_og", "hot dog", "dög"])
def test_other_labels_are_left_alone(other: str) -> None:
    assert look_alike_findings(LabelSet.from_ids(["dog", other])) == []


def test_findings_become_one_error_with_the_first_remedy() -> None:
    refuse([])
    findings = [Finding("silent", "error", "All is silent.", "Record."), Finding("short", "error", "Short.", "Cut.")]
    with pytest.raises(UserError) as refused:
        refuse(findings)
    assert (refused.value.problem, refused.value.remedy) == ("All is silent. Short.", "Record.")
