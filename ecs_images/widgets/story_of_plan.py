"""A story file that plays a plan."""

from __future__ import annotations

from .share_or_copy import Answer


def story_of(answer: Answer) -> str:
    """The text of a story file."""
    return ""
