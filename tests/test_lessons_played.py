"""Every lesson played, cell by cell, in a folder of its own: once, each cell twice in a row, and all of it again."""

from __future__ import annotations

import ast
import io
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache

import pytest
from test_notebooks import NUMBER, cells, every_cell, every_lesson, every_notebook, prose

from ecs_images import EcsImagesError
from ecs_images.teaching.answers import same
from ecs_images.teaching.lessons import gives_answers

REFUSED = "refused: "


def run(text: str, names: dict[str, object]) -> str:
    """Run a cell and return what it shows: what it prints and its last value, or the sentence that refuses it."""
    body = ast.parse(text).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    with redirect_stdout(io.StringIO()) as printed:
        try:
            exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None
        except EcsImagesError as refusal:
            return f"{printed.getvalue()}{REFUSED}{refusal}"
    return printed.getvalue() + ("" if value is None else repr(value))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> None:
    """The work goes on in another folder than that of the lessons."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")


@pytest.mark.slow
@every_notebook
def test_a_cell_run_twice_and_a_lesson_run_again_show_the_same_or_are_refused(name, elsewhere):
    """A second run that changed the world in silence would be seen in what a later cell shows."""
    texts = [cell["text"] for cell in cells(name, "code")]
    names: dict[str, object] = {}
    once = [run(text, names) for text in texts]
    again = [run(text, names) for text in texts]
    assert again == once
    for text, shown in zip(texts, once, strict=True):
        assert run(text, names) == shown, text
        second = run(text, names)
        assert second == shown or REFUSED in second, text


# Predictions ---------------------------------------------------------------------------------------


def comparisons(text: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "teaching.compare"
    ]


@cache
def named(name: str) -> dict[str, ast.expr]:
    """What each name of a lesson was last given."""
    return {
        target.id: node.value
        for cell in cells(name, "code")
        for node in ast.walk(ast.parse(cell["text"]))
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def computed(name: str, value: ast.expr) -> bool:
    """Whether a value comes out of the model: somewhere in it a call, an attribute or a cell of a table is read."""
    parts = list(ast.walk(value))
    if any(isinstance(part, ast.Call | ast.Attribute | ast.Subscript) for part in parts):
        return True
    given = [named(name)[part.id] for part in parts if isinstance(part, ast.Name) and part.id in named(name)]
    return any(computed(name, other) for other in given)


@every_lesson
def test_what_the_model_says_is_computed_by_the_model(name):
    typed = [
        ast.unparse(call)
        for cell in cells(name, "code")
        for call in comparisons(cell["text"])
        if not computed(name, call.args[1])
    ]
    assert typed == []


@dataclass(frozen=True)
class Guess:
    """A prediction: what is compared, what the model says, what wrong ideas lead to, and what stood before it."""

    written: str
    value: float | str
    unit: str
    ideas: tuple[float | str, ...]
    before: str


@cache
def guesses(name: str) -> list[Guess]:
    """The predictions of a lesson, played once; explanations are no part of what stands before one."""
    names: dict[str, object] = {}
    found, before = [], ""
    for cell in every_cell(name):
        if cell["cell_type"] == "code":
            shown = run(cell["text"], names)
            for call in comparisons(cell["text"]):
                named = {word.arg: eval(ast.unparse(word.value), names) for word in call.keywords}
                value = eval(ast.unparse(call.args[1]), names)
                found.append(Guess(ast.unparse(call), value, named.pop("unit", ""), tuple(named.values()), before))
            before += shown if not comparisons(cell["text"]) else ""
        elif not gives_answers(cell):
            before += cell["text"]
        before += "\n"
    return found


@pytest.mark.slow
@every_lesson
def test_no_wrong_idea_leads_to_what_the_model_says(name):
    lucky = [guess.written for guess in guesses(name) if any(same(idea, guess.value) for idea in guess.ideas)]
    assert lucky == []


@pytest.mark.slow
@every_lesson
def test_no_amount_of_money_that_a_guess_asks_for_stands_before_it(name):
    given_away = []
    for guess in guesses(name):
        if guess.unit == "CNY" and guess.value:
            met = [float(number) for number in re.findall(rf"{NUMBER}(?= ?CNY)|\d+\.\d+", guess.before)]
            given_away += [guess.written for number in met if same(number, guess.value)]
    assert given_away == []


@every_lesson
def test_a_lesson_says_what_to_do_after_a_restart(name):
    assert "Run All Above" in prose(name)
