"""`ecs-images learn`: copies without answers, progress in the learner's folder, and what a person is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from helpers import ROOT

import ecs_images as ecs
from ecs_images import InputError, UnknownName, teaching
from ecs_images.cli import main
from ecs_images.teaching.copies import hand_out
from ecs_images.teaching.lessons import learners_copy, lessons, title
from ecs_images.teaching.solved import FILE

ANSWERS = ("**Explain.**", "**What a good answer has.**")
every_lesson = pytest.mark.parametrize("lesson", lessons())


def cells(text: str) -> list[dict]:
    return json.loads(text)["cells"]


def source(cell: dict) -> str:
    return "".join(cell["source"])


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Gives `ecs-images learn` some arguments in an empty folder; gives its exit code, and what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["ecs-images", "learn", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert not (printed.out and printed.err)
        return int(ended.value.code or 0), printed.out or printed.err

    return run


# Copies --------------------------------------------------------------------------------------------


@every_lesson
def test_a_copy_has_the_cells_of_the_lesson_but_no_output_and_no_answer(lesson):
    text = learners_copy(lesson)
    whole = cells(lessons()[lesson].read_text(encoding="utf-8"))
    assert [cell["id"] for cell in cells(text)] == [cell["id"] for cell in whole]
    for cell in cells(text):
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
    for cell in whole:
        if source(cell).startswith(ANSWERS):
            assert json.dumps(source(cell)[:60], ensure_ascii=False)[1:-1] not in text


@every_lesson
def test_each_call_in_a_copy_shows_the_answer_that_stood_there(lesson):
    for cell, whole in zip(cells(learners_copy(lesson)), cells(lessons()[lesson].read_text("utf-8")), strict=True):
        if source(whole).startswith(ANSWERS):
            shown = eval(source(cell), {"teaching": teaching})
            assert shown._repr_markdown_() == repr(shown) == source(whole)
        else:
            assert source(cell) == source(whole)


def test_an_explanation_that_a_lesson_does_not_have_is_refused_with_those_it_has():
    with pytest.raises(InputError, match=r"lesson 00 has explanations 1 to \d+, not 99"):
        teaching.explain("00", 99)
    with pytest.raises(InputError, match="not 0"):
        teaching.explain("00", 0)
    with pytest.raises(UnknownName, match="did you mean 05"):
        teaching.explain("5", 1)


@pytest.mark.slow
def test_a_folder_gets_every_notebook_and_keeps_those_it_has(said, tmp_path):
    assert said("--no-open")[0] == 0
    copies = {path.name for path in (tmp_path / "my_lessons").glob("*.ipynb")}
    assert copies == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    worked_in = tmp_path / "my_lessons" / "05_share_or_copy.ipynb"
    worked_in.write_text("my work")
    (tmp_path / "my_lessons" / "06_how_many_versions.ipynb").unlink()
    code, text = said("--no-open")
    assert (code, text.splitlines()[0]) == (0, "copied to my_lessons: 06")
    assert f"kept as they are in my_lessons: {len(copies) - 1} of {len(copies)}" in text
    assert worked_in.read_text() == "my work"


def test_a_copy_of_an_older_edition_of_its_lesson_is_said_to_be_one(said, tmp_path):
    said("here", "--no-open")
    copy = tmp_path / "here" / "05_share_or_copy.ipynb"
    notebook = json.loads(copy.read_text("utf-8"))
    notebook["metadata"]["ecs_images"]["edition"] = "0123456789ab"
    copy.write_text(json.dumps(notebook))
    assert "copied of an older edition, whose explanations may not fit: 05; see --fresh" in said("here", "--no-open")[1]
    said("here", "--no-open", "--fresh", "05")
    assert "older edition" not in said("here", "--no-open")[1]


def test_a_lesson_begun_anew_keeps_each_older_copy_beside_it(said, tmp_path):
    copy = tmp_path / "here" / "05_share_or_copy.ipynb"
    said("here", "--no-open")
    for number in (1, 2):
        copy.write_text(f"work {number}")
        code, text = said("here", "--no-open", "--fresh", "05")
        assert code == 0
        assert f"05_share_or_copy.ipynb is kept as 05_share_or_copy_before_{number}.ipynb" in text
        assert copy.read_text("utf-8") == learners_copy("05")
    assert [copy.with_name(f"05_share_or_copy_before_{n}.ipynb").read_text() for n in (1, 2)] == ["work 1", "work 2"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--no-open", "--fresh", "5"], "did you mean 05"),
        (["--progress"], "my_lessons: no progress is kept there"),
        (["--progress", "--class"], "choose one"),
        (["--progress", "--no-open"], "leave out the other options"),
        (["--class", "--fresh", "05"], "leave out the other options"),
        (["here", "--class"], "leave the folder out"),
        (["here", "--no-open", "--", "--port=8901"], "leave out one of them"),
        (["--", "--no-browser"], "options for JupyterLab come after the folder"),
        (["a_file", "--no-open"], "a_file: cannot be used as a folder"),
        ([str(ROOT / "notebooks"), "--no-open"], "holds the lessons themselves"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence_and_makes_nothing(said, tmp_path, arguments, words):
    (tmp_path / "a_file").touch()
    code, text = said(*arguments)
    assert code == 2
    assert text.startswith("error: ")
    assert words in text
    assert [path.name for path in tmp_path.iterdir()] == ["a_file"]


WITHOUT = "import sys; sys.modules[{0!r}] = None\n{1}"


@pytest.mark.slow
def test_without_jupyterlab_a_sentence_says_what_to_install_and_nothing_is_made(tmp_path):
    code = WITHOUT.format("jupyterlab", "from ecs_images.cli import main; main()")
    done = subprocess.run([sys.executable, "-c", code, "learn"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'ecs-images[lab]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


STAND_IN = """
import json, os, sys

class LabApp:
    @staticmethod
    def launch_instance(arguments):
        print(json.dumps([arguments, os.environ["PATH"], os.environ["JUPYTER_CONFIG_PATH"]]))
        sys.exit(1)
"""


@pytest.mark.slow
def test_jupyterlab_opens_on_the_copies_with_our_command_on_the_path_and_its_failure_is_ours(tmp_path):
    """A stand-in for JupyterLab shows how it is called, and fails as JupyterLab does where it cannot start."""
    stand_in = tmp_path / "elsewhere" / "jupyterlab"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").touch()
    (stand_in / "labapp.py").write_text(STAND_IN)
    command = [sys.executable, "-m", "ecs_images.cli", "learn", "here", "--", "--port=8901"]
    places = os.pathsep.join([str(stand_in.parent), str(ROOT)])
    environment = {"PATH": "/bin", "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    (first, *options), path, quiet = json.loads(done.stdout.splitlines()[-1])
    assert Path(first).parent == tmp_path / "here"
    assert Path(first).exists()
    assert options == [f"--ServerApp.root_dir={tmp_path / 'here'}", "--port=8901"]
    assert path.split(os.pathsep) == [sysconfig.get_path("scripts"), "/bin"]
    switched_off = json.loads((Path(quiet) / "labconfig" / "page_config.json").read_text())
    assert switched_off == {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


def test_without_ipywidgets_a_sentence_says_what_to_install():
    tried = "import ecs_images as ecs\ntry: ecs.widgets\nexcept ecs.InputError as e: print(e)"
    code = WITHOUT.format("ipywidgets", tried)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "widgets need ipywidgets; install the extra: pip install 'ecs-images[lab]'\n"


def test_a_teacher_is_told_about_memory_and_what_to_switch_off(said):
    code, text = said("--class")
    assert code == 0
    assert all(word in text for word in ("MEMORY", "JUPYTERHUB", "SWITCH OFF", "COLLECTING"))


# Progress ------------------------------------------------------------------------------------------


def test_a_right_answer_is_kept_in_a_learners_folder_once_and_a_wrong_one_is_not(tmp_path, monkeypatch, capsys):
    hand_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    teaching.check("00-medium", 0)
    teaching.check("00-medium", None)
    assert json.loads((tmp_path / FILE).read_text()) == {"solved": []}
    capsys.readouterr()
    for _ in range(2):
        teaching.check("00-medium", 2.88)
        assert capsys.readouterr().out.splitlines()[1] == (
            "Progress in lesson 00: 1 of 3 tasks solved, left: small, large."
        )
    assert json.loads((tmp_path / FILE).read_text()) == {"solved": ["00-medium"]}


def test_outside_a_learners_folder_nothing_is_kept_and_progress_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    teaching.check("00-medium", 2.88)
    teaching.progress()
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("00-medium: 2.88 CNY is right.")
    assert second.startswith("No progress is kept here")
    assert list(tmp_path.iterdir()) == []


def test_progress_names_every_lesson_and_what_is_left(said, tmp_path):
    said("--no-open")
    done = ["00-small", "00-medium", "00-large", "a-task-of-an-older-edition"]
    (tmp_path / "my_lessons" / FILE).write_text(json.dumps({"solved": done}))
    code, text = said("--progress")
    first, *_, last = text.splitlines()
    assert code == 0
    assert first == f"00  {title('00')} 3 of 3 tasks solved, done"
    assert last == f"In all 3 of {len(teaching.TASKS)} tasks are solved."


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"solved": 1}'])
def test_a_damaged_record_of_progress_is_a_sentence(tmp_path, monkeypatch, content):
    (tmp_path / FILE).write_text(content)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is no record of progress; delete it"):
        teaching.progress()


# Samples -------------------------------------------------------------------------------------------


def test_a_sample_is_found_by_its_name_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ecs.Story.load(ecs.sample("golden_pipeline")).steps
    assert ecs.sample("example_prices_china").read_text("utf-8").startswith("meter,")


def test_a_sample_that_does_not_exist_is_an_error_with_the_nearest_names():
    with pytest.raises(UnknownName, match="did you mean golden_pipeline"):
        ecs.sample("golden_pipe")
