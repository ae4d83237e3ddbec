"""What every lesson keeps to, beside running: its form, its code, its outputs and the numbers in its prose.

nbval runs the cells and compares their outputs; it would pass a cell that was never run, and it
reads no prose. Both are read here.
"""

from __future__ import annotations

import ast
import json
import operator
import re
from functools import cache

import pytest
from helpers import ROOT, read_csv

from ecs_images import rules, teaching
from ecs_images.catalog.rule_book import assumptions
from ecs_images.teaching.answers import same

NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
PAGES = {"index.ipynb", "glossary.ipynb"}
LESSONS = [name for name in NOTEBOOKS if name not in PAGES]
FIRST = "00_first_five_minutes.ipynb"
every_notebook = pytest.mark.parametrize("name", NOTEBOOKS)
every_lesson = pytest.mark.parametrize("name", LESSONS)

FORBIDDEN = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.While, ast.For, ast.AsyncFor, ast.Try,
    ast.TryStar, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
LIBRARIES = {"ecs_images", "pandas", "matplotlib"}
TAGS = {"raises-exception", "nbval-ignore-output"}
STATUSES = {"Waiting", "Creating", "Available", "UnAvailable", "Deprecated", "CreateFailed", "Running", "Stopped"}


# Reading a notebook --------------------------------------------------------------------------------


@cache
def every_cell(name: str) -> list[dict]:
    """The cells of a notebook, their source as one text under `text`."""
    notebook = json.loads((ROOT / "notebooks" / name).read_text(encoding="utf-8"))
    return [cell | {"text": "".join(cell["source"])} for cell in notebook["cells"]]


def cells(name: str, kind: str) -> list[dict]:
    """The cells of a kind, code or markdown."""
    return [cell for cell in every_cell(name) if cell["cell_type"] == kind]


def code(name: str) -> str:
    return "\n".join(cell["text"] for cell in cells(name, "code"))


def prose(name: str) -> str:
    return "\n\n".join(cell["text"] for cell in cells(name, "markdown"))


def outputs(cell: dict) -> list[dict]:
    """The outputs of a code cell, what a reader sees of each under `seen`."""
    found = []
    for output in cell["outputs"]:
        data = output.get("data", {})
        seen = [*output.get("text", []), *data.get("text/plain", []), *data.get("text/html", [])]
        seen += [output.get("evalue", ""), *output.get("traceback", [])]
        found.append(output | {"seen": "".join(seen)})
    return found


def shown(name: str) -> str:
    return "\n".join(output["seen"] for cell in cells(name, "code") for output in outputs(cell))


def test_lessons_are_numbered_and_begin_with_the_first_five_minutes():
    assert LESSONS[0] == FIRST
    assert [name for name in LESSONS if not re.fullmatch(r"\d\d[a-z]?_[a-z_]+\.ipynb", name)] == []


# Form ----------------------------------------------------------------------------------------------


@every_lesson
def test_the_title_is_a_question(name):
    first = cells(name, "markdown")[0]["text"].splitlines()[0]
    assert first.startswith("# ")
    assert first.endswith("?")


@every_lesson
def test_every_part_of_a_lesson_is_there_and_in_order(name):
    parts = [
        "**Aim.**", "## Set up", "**Predict.**", "**Explain.**", "## Your turn", "## Open task",
        "**What a good answer has.**", "## In three lines", "leaves out", "## Sources",
    ]  # fmt: skip
    places = [prose(name).find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert (places[0] < prose(name).find("## Recall") < places[2]) == (name != FIRST)
    assert any("raises-exception" in cell["metadata"].get("tags", ()) for cell in cells(name, "code"))


@every_lesson
def test_a_lesson_says_how_long_it_takes_and_sums_up_in_three_sentences(name):
    minutes = re.findall(r"About (\d+) minutes", cells(name, "markdown")[0]["text"])
    assert len(minutes) == 1
    (summary,) = (cell["text"] for cell in cells(name, "markdown") if cell["text"].startswith("## In three lines"))
    assert len([line for line in summary.splitlines()[1:] if line.strip()]) == 3


@every_lesson
def test_a_lesson_leads_to_the_one_before_and_the_one_after(name):
    links = re.findall(r"\]\(([a-z0-9_]+\.ipynb)\)", cells(name, "markdown")[-1]["text"])
    place = LESSONS.index(name)
    assert links == [*LESSONS[max(place - 1, 0) : place], "index.ipynb", "glossary.ipynb", *LESSONS[place + 1 :][:1]]


def test_the_index_has_the_question_and_the_minutes_of_every_lesson():
    rows = [
        [part.strip() for part in line.split("|")[1:4]]
        for line in prose("index.ipynb").splitlines()
        if ".ipynb) |" in line
    ]
    firsts = [(name, cells(name, "markdown")[0]["text"]) for name in LESSONS]
    assert rows == [
        [f"[{name.split('_')[0]}]({name})", text.splitlines()[0][2:], *re.findall(r"About (\d+) minutes", text)]
        for name, text in firsts
    ]


@every_notebook
def test_links_between_notebooks_lead_somewhere(name):
    linked = set(re.findall(r"\]\(([^)#]+\.ipynb)", prose(name)))
    assert linked <= set(NOTEBOOKS)


@every_lesson
def test_an_answer_stands_in_a_cell_of_its_own(name):
    """A learner's copy folds the whole cell, so a question, a heading or a task must not stand in it."""
    for cell in cells(name, "markdown"):
        if cell["text"].startswith(("**Explain.**", "**What a good answer has.**")):
            assert not re.search(r"^#|\*\*Predict\.\*\*", cell["text"], re.MULTILINE), cell["text"]
        else:
            assert "**Explain.**" not in cell["text"], cell["text"]
            assert "**What a good answer has.**" not in cell["text"], cell["text"]


@every_lesson
def test_there_are_three_tasks_from_small_to_large(name):
    turn = prose(name).split("## Your turn")[1]
    sizes = re.findall(r"^\**\d\. \**(\w+)\.\*", turn, re.MULTILINE)
    assert sizes == ["Small", "Medium", "Large"]


@every_lesson
def test_the_tasks_check_themselves_and_are_those_of_the_lesson(name):
    checked = re.findall(r'teaching\.check\("([^"]+)", answer\)', code(name))
    number = name.split("_")[0]
    recalled = [] if name == FIRST else ["recall-1", "recall-2"]
    assert checked == [f"{number}-{task}" for task in (*recalled, "small", "medium", "large")]
    assert {task_id for task_id in teaching.TASKS if task_id.split("-")[0] == number} == set(checked)


@every_notebook
def test_no_answer_or_guess_is_given_away(name):
    given = re.findall(r"^\s*(?:my_guess|answer)\s*=\s*(\S+)", code(name), re.MULTILINE)
    assert set(given) <= {"None"}


def numbers_with(unit: str, name: str) -> set[float]:
    """The numbers of a lesson that stand before this unit, in prose or in an output, or in one of its tables."""
    beside = re.findall(rf"({NUMBER}) ?{unit}\b", prose(name) + "\n" + shown(name))
    rows = [line for line in prose(name).splitlines() if line.startswith("|")]
    # The first word of a printed line is most often the number of a row.
    rows += [re.sub(r"^\s*\d+\s", "", line) for line in shown(name).splitlines() if "<" not in line]
    return {float(number) for number in [*beside, *re.findall(NUMBER, "\n".join(rows))]}


@pytest.mark.slow
@every_lesson
def test_no_answer_to_a_task_stands_in_the_lesson(name):
    """An answer is found, not met: not even by scrolling up to a number that happens to be right."""
    met = []
    for task_id, task in teaching.TASKS.items():
        if task_id.split("-")[0] == name.split("_")[0] and task.unit:
            right = task.right()
            met += [f"{task_id}: {n:g} {task.unit}" for n in numbers_with(task.unit, name) if same(n, right)]
    assert met == []


# Code ----------------------------------------------------------------------------------------------


@every_notebook
def test_cells_are_short_and_hold_no_program(name):
    for cell in cells(name, "code"):
        assert len(cell["text"].splitlines()) <= 12, cell["text"]
        programmed = [type(node).__name__ for node in ast.walk(ast.parse(cell["text"])) if isinstance(node, FORBIDDEN)]
        assert programmed == [], cell["text"]


@every_notebook
def test_only_the_first_code_cell_imports_and_only_what_a_reader_knows(name):
    first, *others = (imported(cell["text"]) for cell in cells(name, "code"))
    assert first <= LIBRARIES
    assert set().union(*others) == set()


def imported(text: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@every_notebook
def test_a_cell_that_draws_keeps_its_figure_and_styles_no_table(name):
    """A bare `Axes` prints an address of memory, and a styled table an id by chance."""
    assert ".style" not in code(name)
    for cell in cells(name, "code"):
        bare = [node for node in ast.parse(cell["text"]).body if isinstance(node, ast.Expr)]
        drawn = [part for node in bare for part in ast.walk(node) if getattr(part, "attr", "") in ("charts", "plot")]
        assert drawn == [], cell["text"]


@every_notebook
def test_every_picture_has_its_text_for_readers_who_do_not_see_it(name):
    """Beside the picture, in the metadata of its output, from where exported pages take it."""
    outputs = [out for cell in cells(name, "code") for out in cell["outputs"] if "image/png" in out.get("data", {})]
    told = [out["metadata"].get("image/png", {}).get("alt", "") for out in outputs]
    assert [text for text in told if len(text.split()) < 8] == []
    assert not any("attachments" in cell for cell in every_cell(name))


@every_notebook
def test_tags_are_for_refusals_and_for_widgets(name):
    for cell in cells(name, "code"):
        tags = set(cell["metadata"].get("tags", ()))
        assert tags <= TAGS
        assert "NBVAL" not in cell["text"], "tags are cell tags, not comments"
        assert "nbval-ignore-output" not in tags or "widgets." in cell["text"]
        refused = any(output["output_type"] == "error" for output in cell["outputs"])
        assert refused == ("raises-exception" in tags), cell["text"]


# What is stored ------------------------------------------------------------------------------------


@every_notebook
def test_it_was_run_once_in_order_from_a_clean_start(name):
    """nbval silently compares nothing in a cell that was never run."""
    counts = [cell["execution_count"] for cell in cells(name, "code")]
    assert counts == list(range(1, len(counts) + 1))
    stated = [output["execution_count"] for cell in cells(name, "code") for output in cell["outputs"]
              if "execution_count" in output]  # fmt: skip
    assert set(stated) <= set(counts)


@every_notebook
def test_it_stores_no_times_versions_warnings_addresses_or_places_of_a_machine(name):
    notebook = json.loads((ROOT / "notebooks" / name).read_text(encoding="utf-8"))
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    for cell in cells(name, "code"):
        assert set(cell["metadata"]) <= {"tags"}
        assert [output for output in cell["outputs"] if output.get("name") == "stderr"] == []
    assert re.findall(r" at 0x[0-9a-f]+|/\S+\.py\b", shown(name)) == []


@every_notebook
def test_each_stored_picture_is_described_and_no_state_of_a_widget_is_stored(name):
    found = [output for cell in cells(name, "code") for output in outputs(cell)]
    pictures = [output["metadata"].get("image/png", {}) for output in found if "image/png" in output.get("data", {})]
    assert [picture for picture in pictures if not picture.get("alt")] == []
    assert [output for output in found if "application/vnd.jupyter.widget-view+json" in output.get("data", {})] == []


# Prose ---------------------------------------------------------------------------------------------

NUMBER = r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w]|\.\d|,\d)"
UNITS = r"GiB|CNY|USD|minutes|hours|vCPUs?|h"
PRODUCED = r"GiB|CNY|USD|minutes"  # units of what the model computes
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def sums(text: str) -> list[tuple[str, float, float, str]]:
    """Every sum written out in a text, such as 12 GiB × 0.12 × 672 / 720 = 1.344 CNY, or A 1 + B 3 = 4.

    As what is written, its value, the result given for it, and that result's digits. What begins
    with an operator goes on from an earlier result and is not read.
    """
    bare = re.sub(rf"(?<=\d) ?(?:{UNITS})\b|\b[A-Z]′? (?=\d)", "", text)
    term = r"\(*\d+(?:\.\d+)?\)*"
    found = re.findall(rf"(?<![\d.])(?<![×/+−] )({term}(?: [×/+−] {term})+) = ({NUMBER})", bare)
    return [(f"{left} = {right}", value_of(left), float(right), right) for left, right in found]


def value_of(written: str) -> float:
    return evaluate(ast.parse(written.replace("×", "*").replace("−", "-"), mode="eval").body)


def evaluate(node: ast.expr) -> float:
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](evaluate(node.left), evaluate(node.right))
    assert isinstance(node, ast.Constant), ast.dump(node)
    return float(node.value)


def decimals(written: str) -> int:
    return len(written.partition(".")[2])


def test_sums_are_read_with_their_units_and_letters():
    text = "It is 12 GiB × 0.12 × 672 / 720 = 1.344 CNY; (4 + 2) × 3 = 18. A 1 + A′ 2 = 4 GiB, and × 2 = 8; r = 3."
    assert [(value, given) for _, value, given, _ in sums(text)] == [(pytest.approx(1.344), 1.344), (18, 18), (3, 4)]


@every_notebook
def test_every_sum_written_out_in_prose_is_true_to_its_digits(name):
    for cell in cells(name, "markdown"):
        for written, value, given, digits in sums(cell["text"]):
            assert round(value, decimals(digits)) == given, written


def taught(name: str) -> list[str]:
    """The prose of a lesson up to its tasks, without the minutes that it takes and the questions of earlier lessons."""
    texts, recalling = [], False
    for cell in cells(name, "markdown"):
        if cell["text"].startswith("## "):
            recalling = cell["text"].startswith("## Recall")
        if "## Your turn" in cell["text"]:
            break
        if not recalling:
            texts.append(re.sub(r"About \d+ minutes", "", cell["text"]))
    return texts


@every_lesson
def test_every_amount_in_prose_is_one_that_the_lesson_shows_or_is_told(name):
    """An amount stands in an output or in code of the lesson, or in a sum written out beside it.

    The tasks, whose amounts are givens, and what follows them are not read, nor are tables.
    """
    told = {float(number) for number in re.findall(NUMBER, shown(name) + "\n" + code(name))}
    unfounded = []
    for text in taught(name):
        beside = {float(number) for written, *_ in sums(text) for number in re.findall(NUMBER, written)}
        sentences = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
        amounts = re.findall(rf"({NUMBER}) ?({PRODUCED})\b", sentences)
        unfounded += [f"{number} {unit}" for number, unit in amounts if float(number) not in told | beside]
    assert unfounded == []


@every_notebook
def test_rules_codes_and_names_in_prose_exist(name):
    known_rules = set(rules()) | set(assumptions())
    prefixes = {rule.split("-")[0] for rule in known_rules}
    named = {rule for rule, prefix in re.findall(r"\b(([A-Z]{2,6})-\d+)\b", prose(name)) if prefix in prefixes}
    assert named <= known_rules
    rows = read_csv(ROOT / "data" / "error_codes.csv")
    codes = {row["code"] for row in rows}
    in_code = {node.id for node in ast.walk(ast.parse(code(name))) if isinstance(node, ast.Name)}
    for span in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose(name)):
        if re.fullmatch(r"(?:[A-Z][A-Za-z]+\.)?(?:[A-Z][a-z]+){2,}", span):
            assert span in codes | STATUSES, span
        elif "(" in span:
            used = {node.id for node in ast.walk(ast.parse(span.replace("…", "..."))) if isinstance(node, ast.Name)}
            assert used <= in_code, span
