"""The service's words in English and Chinese, and where the lessons use each first."""

from __future__ import annotations

import re

import pandas as pd

from ..catalog.files import published
from ..errors import look_up
from .lessons import lessons


def glossary(subject: str) -> pd.DataFrame:
    """The words of a subject.

    subject: `"images"`, `"disks and snapshots"`, `"commands"`, `"money"` or `"accounts and regions"`

    Returns a table with the columns english, chinese, meaning and lesson: the first lesson whose text has the
    Chinese word, empty where none has. Raises UnknownName for another subject.
    """
    rows = published("glossary.csv")
    look_up("subject", subject, {row["subject"]: row for row in rows})
    texts = {number: path.read_text(encoding="utf-8") for number, path in lessons().items() if number[0].isdigit()}
    words = [
        {name: row[name] for name in ("english", "chinese", "meaning")} | {"lesson": _first(row["chinese"], texts)}
        for row in rows
        if row["subject"] == subject
    ]
    return pd.DataFrame(words)


def _first(chinese: str, texts: dict[str, str]) -> str:
    """The first text that has one of the words between slashes, not as a part of a longer word."""
    words = "|".join(re.escape(word.strip()) for word in chinese.split("/"))
    whole = re.compile(f"(?<![\u4e00-\u9fff])(?:{words})(?![\u4e00-\u9fff])")
    return next((number for number, text in texts.items() if whole.search(text)), "")
