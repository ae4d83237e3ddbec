"""Answers of learners: when two are the same, when a guess is near, and how a value is shown.

People round, so two numbers are the same if they differ by at most half a percent. Texts, such as an error
code or a status, are compared without regard to case and surrounding spaces.
"""

from __future__ import annotations

import math
from numbers import Real

Answer = float | str
"""A number, or a text such as an error code."""

_SAME, _NEAR = 0.005, 0.1  # relative


def same(first: Answer, second: Answer) -> bool:
    """Whether two answers are the same; a number and a text never are."""
    if isinstance(first, str) or isinstance(second, str):
        return isinstance(first, str) and isinstance(second, str) and _plain(first) == _plain(second)
    return math.isclose(first, second, rel_tol=_SAME, abs_tol=1e-9)


def near(guess: float, value: float) -> bool:
    """Whether a guessed number is within a tenth of the value."""
    return abs(guess - value) <= _NEAR * abs(value)


def unusable(given: object, wanted: Answer, unit: str) -> str:
    """Returns why a learner's answer cannot be compared with `wanted`, as a sentence; empty when it can be."""
    if isinstance(wanted, str):
        return "" if isinstance(given, str) else f"write it as text in quotes, not {given!r}"
    kind = f"a number of {unit}" if unit else "a number"
    if isinstance(given, bool) or not isinstance(given, Real) or not math.isfinite(given):
        return f"write it as {kind} without quotes or unit, not {given!r}"
    return ""


def shown(value: Answer, unit: str = "") -> str:
    """A value with its unit, to four decimals or three digits."""
    if isinstance(value, str):
        return value.strip()
    number = f"{value:.3g}" if 0 < abs(value) < 0.01 else f"{value:.4f}".rstrip("0").rstrip(".")
    return f"{number} {unit}".rstrip()


def _plain(text: str) -> str:
    return text.strip().casefold()
