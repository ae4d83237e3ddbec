"""Amounts and lists as they stand in a sentence."""

from __future__ import annotations

from collections.abc import Sequence


def number(value: float) -> str:
    """An amount of money, to two decimals, or four below 0.1."""
    decimals = 2 if value == 0 or abs(value) >= 0.1 else 4
    return f"{value:,.{decimals}f}"


def amount(value: float, unit: str) -> str:
    """An amount of money with its currency."""
    return f"{number(value)} {unit}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names as a list in a sentence; of more than `most`, the first ones and how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
