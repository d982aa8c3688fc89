"""Moves what a listener heard onto another clock. Pure arithmetic."""

from __future__ import annotations

from dataclasses import replace

from core.inference.results import LiveUpdate


def shifted(update: LiveUpdate, frames: int) -> LiveUpdate:
    """The same update, `frames` later: runs and scores on the clock that goes on across a change of input."""
    if frames == 0:
        return update
    runs = tuple(replace(run, first_frame=run.first_frame + frames) for run in update.runs)
    scores = tuple(
        replace(one, start_frame=one.start_frame + frames, end_frame=one.end_frame + frames) for one in update.scores
    )
    return replace(update, runs=runs, scores=scores)
