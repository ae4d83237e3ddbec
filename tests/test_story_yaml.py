"""A story is read the same with libyaml and without it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ecs_images.errors import FileProblems
from ecs_images.stories import lined_yaml
from ecs_images.stories.lined_yaml import Located, LocatedMap, parse_yaml

STORIES = sorted((Path(__file__).parents[1] / "data").rglob("*.yaml"))


def lines(found: Located) -> object:
    """A value with all its lines."""
    if isinstance(found.value, LocatedMap):
        return found.line, {key: lines(item) for key, item in found.value.items()}
    if isinstance(found.value, list):
        return found.line, [lines(item) for item in found.value]
    return found.line, found.value


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_values_and_lines_are_the_same_without_libyaml(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    fast = lines(parse_yaml(text, path.name))
    monkeypatch.setattr(lined_yaml, "_FastLoader", lined_yaml._Loader)
    assert lines(parse_yaml(text, path.name)) == fast


@pytest.mark.parametrize(
    "text",
    [
        "start: 2026-01-15\nsteps:\n  - delete_\timage: {}",
        "{start: 20?26}",
        "{a: [1, 2}",
        "a: 'b",
        "a: b: c",
        "--- 1\n--- 2",
    ],
)
def test_what_is_refused_without_libyaml_is_refused_with_it_in_the_same_words(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tab between words, and a question mark in braces, would pass libyaml."""
    said = []
    for loader in lined_yaml._FastLoader, lined_yaml._Loader:
        monkeypatch.setattr(lined_yaml, "_FastLoader", loader)
        with pytest.raises(FileProblems) as refused:
            parse_yaml(text, "odd.yaml")
        said.append(str(refused.value))
    assert said[0] == said[1]
    with pytest.raises(yaml.YAMLError):
        yaml.compose(text, lined_yaml._Loader)
