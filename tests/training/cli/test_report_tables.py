"""An evaluation as tables: the first figures with their intervals, the others in a line, the worst labels first."""

from __future__ import annotations

import io

from rich.console import Console

from core.run.evaluation_report import ClassResult, EvaluationReport, Measured
from training.cli.report_tables import print_report


def test_the_first_figures_stand_in_the_table_and_the_others_in_a_line() -> None:
    measured = {
        "accuracy": Measured(1.0, 0.6915, 1.0),
        "map": Measured(1.0, 1.0, 1.0),
        "mauc": Measured(0.9, 0.8, 0.95),
        "brier": Measured(0.01, 0.0, 0.02),
    }
    report = EvaluationReport("owl", "birds", "fold 5", "off", ("wren",), measured, (), ())
    written = io.StringIO()
    print_report(report, Console(file=written, width=120))
    shown = written.getvalue()
    table, further = shown.split("Further figures: ")
    assert "100.0% │ 69.2% to 100.0%" in table
    assert "1.000" in table
    assert "1.000 to 1.000" not in table
    assert further.splitlines()[0].strip() == "mAUC 0.900 (0.800 to 0.950), Brier score 0.010 (0.000 to 0.020)"


def test_the_label_with_the_worst_f1_comes_first() -> None:
    classes = tuple(ClassResult(name, 2, 1.0, f1, f1, 1.0, 0.5) for name, f1 in (("wren", 0.9), ("owl", 0.1)))
    report = EvaluationReport("hawk", "birds", "all clips", "off", ("wren", "owl"), {}, classes, ())
    written = io.StringIO()
    print_report(report, Console(file=written, width=120))
    assert written.getvalue().index("owl") < written.getvalue().index("wren")
