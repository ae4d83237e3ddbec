"""The catalogue of misconceptions: what people believe about images, why it is wrong, and by which rule.

The rows are in `misconceptions.csv` beside this file: `name` is the keyword of `compare` for what the misconception
would yield; `about` is stored, cost or permission; `claim` is a sentence; `why` continues after "But"; `rules` are
rule ids separated by spaces.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..catalog.files import read_rows


@dataclass(frozen=True, slots=True)
class Misconception:
    """A plausible wrong model.

    claim: what people believe, a whole sentence
    why: why that is wrong; continues after "But", without a full stop
    rules: ids of the rules that prove it
    """

    claim: str
    why: str
    rules: tuple[str, ...]

    def __str__(self) -> str:
        return f'"{self.claim}" But {self.why} ({", ".join(self.rules)}).'


MISCONCEPTIONS: dict[str, Misconception] = {
    row["name"]: Misconception(row["claim"], row["why"], tuple(row["rules"].split()))
    for row in read_rows(Path(__file__).with_name("misconceptions.csv"))
}
"""Every misconception by its name."""
