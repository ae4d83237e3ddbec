"""Predict, then run: compares a guess with the model's value."""

from __future__ import annotations

from ..errors import UnknownName
from .answers import Answer, near, same, shown, unusable
from .misconceptions import MISCONCEPTIONS


def compare(guess: Answer | None, value: Answer, unit: str = "", **would_give: Answer) -> None:
    """Print the model's value, and whether a guess is right, near (within a tenth) or off.

    guess: a number in `unit`, or a text; None before a guess is made
    value: what the model computed, in `unit`
    unit: the unit of both, such as `"GiB"`; empty for texts and counts
    would_give: what misconceptions would yield here, by their names in `MISCONCEPTIONS`; a wrong guess that equals
        one of them gets that misconception as the answer

    Raises UnknownName for a misconception that the catalogue lacks.
    """
    for name in would_give:
        if name not in MISCONCEPTIONS:
            raise UnknownName("misconception", name, MISCONCEPTIONS)
    print(f"the model says {shown(value, unit)}")
    if guess is None:
        print("no guess yet")
        return
    problem = unusable(guess, value, unit)
    if problem:
        print(f"your guess cannot be compared: {problem}")
    elif same(guess, value):
        print(f"your guess {shown(guess, unit)} is right")
    else:
        print(f"your guess {shown(guess, unit)} is {_distance(guess, value, unit)}")
        for name, wrong in would_give.items():
            if same(guess, wrong):
                print(f"that is what this would give: {MISCONCEPTIONS[name]}")


def _distance(guess: Answer, value: Answer, unit: str) -> str:
    if isinstance(guess, str) or isinstance(value, str):
        return "off"
    size = f"{shown(abs(guess - value), unit)} too {'much' if guess > value else 'little'}"
    return f"near: {size}" if near(guess, value) else f"off: {size}"
