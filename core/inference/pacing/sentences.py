"""Says in one sentence what pace was chosen and why."""

from __future__ import annotations

from collections.abc import Callable

from core.inference.pacing.models import AUTO, PaceState, Reason


def pace_sentence(state: PaceState) -> str:
    """What is used and why; a warning where even that cannot keep up."""
    if state.is_behind and state.share is not None:
        return _behind(state, state.share)
    return f"{_chosen(state)}{_REASONS[state.reason](state)}{_agreement(state)}{_left_out(state)}."


def pace_in_words(state: PaceState) -> str:
    """The pace alone: "OpenVINO fp32, merging off, every 0.25 s"."""
    return f"{state.setting.describe()}, every {state.hop_s:g} s"


def _chosen(state: PaceState) -> str:
    mode = (
        "Auto" if state.wish.setting == AUTO else f"Setting {state.place.setting + 1} of {len(state.ladder.settings)}"
    )
    return f"{mode}: {pace_in_words(state)}, {_share(state)}"


def _share(state: PaceState) -> str:
    if state.share is None:
        return "being measured"
    return f"{'expected to use' if state.is_forecast else 'uses'} {_percent(state.share)} of the time"


def _finest(state: PaceState) -> str:
    return "; it is the finest setting" if len(state.ladder.settings) > 1 else "; there is no other setting"


def _finer(state: PaceState) -> str:
    share = state.refused_share
    if share is None:
        return ""
    return f"; the next finer setting would use {_percent(share)}"


def _hops(state: PaceState) -> str:
    share, shorter_s = state.refused_share, state.ladder.hops_s[state.place.hop - 1]
    if share is None:
        return ""
    has_others = state.wish.setting == AUTO and len(state.ladder.settings) > 1
    setting = "even the fastest setting" if has_others else "it"
    return f"; every {shorter_s:g} s {setting} would use {_percent(share)}"


def _agreement(state: PaceState) -> str:
    """A setting that the program would not choose."""
    found = state.ladder.refused.get(state.place.setting)
    if found is None:
        return ""
    return (
        f"; its answers differ: the same top class in {_percent(found.share)} of windows, off by {found.difference:.3f}"
    )


def _left_out(state: PaceState) -> str:
    """What was not to be chosen from."""
    ladder = state.ladder
    counts = {"slower than a finer one": ladder.n_slower, "with other answers than fp32": len(ladder.refused)}
    words = [f"{number} {what}" for what, number in counts.items() if number]
    if state.wish.setting != AUTO or not words:
        return ""
    source = " by the figures of soundmark bench" if ladder.is_benched else ""
    return f"; left out{source}: {' and '.join(words)}"


_REASONS: dict[Reason, Callable[[PaceState], str]] = {
    "finest": _finest,
    "finer too slow": _finer,
    "hops too short": _hops,
    "chosen": lambda _state: "",
    "preparing": lambda _state: "; another setting is being prepared",
    "waiting": lambda _state: "; a finer pace follows once there has been room for it for a while",
}


def _behind(state: PaceState, share: float) -> str:
    takes = f"takes {_percent(share)} of the time, so windows are skipped"
    is_all_tried = state.wish.setting == AUTO or state.place.setting == len(state.ladder.settings) - 1
    if is_all_tried and state.wish.hop_s is None:
        return f"This computer is too slow for the model: even {pace_in_words(state)} {takes}. Choose a smaller model."
    remedy = "a longer hop or a smaller model" if is_all_tried else "a faster setting, or auto"
    return f"This computer cannot keep up: {pace_in_words(state)} {takes}. Choose {remedy}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
