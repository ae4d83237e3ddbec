"""What the service has and this model does not: refused by its name, with what is then not counted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NOT_COUNTED: Mapping[str, str] = MappingProxyType(
    {
        "archive": "archive snapshots are not modelled: their storage and early-deletion fees are not counted",
        "storage_plan": "storage plans are not modelled: what they take off a snapshot bill is not counted",
        "scu": "storage capacity units are not modelled: what they take off a bill is not counted",
        "debt": "overdue payment is not modelled: nothing is stopped or deleted for it",
    }
)
"""For a word that names it in commands, meters and prices, a sentence."""
_ALSO = {"archived": "archive", "plan": "storage_plan", "plans": "storage_plan", "capacity_unit": "scu"}
_ALSO |= {"overdue": "debt", "arrears": "debt", "scus": "scu", "capacity_units": "scu"}


def not_counted(name: str) -> str:
    """The sentence about what a name such as `archive_snapshot` stands for; empty for anything else."""
    words = name.lower().split("_")
    for length in (2, 1):
        for start in range(len(words) - length + 1):
            word = "_".join(words[start : start + length])
            if sentence := NOT_COUNTED.get(_ALSO.get(word, word)):
                return sentence
    return ""
