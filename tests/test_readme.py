"""The README is true: every line of it runs in a clone, and what it shows is what comes out."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from helpers import ROOT
from matplotlib.testing.compare import compare_images

README = (ROOT / "README.md").read_text(encoding="utf-8")
ENDLESS = {"test": ["-q", "tests/test_units.py"], "lab": ["--no-open"], "app": ["--help"]}
"""Words that would run everything, or until they are stopped, and what is added to try them all the same."""
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINES = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout that takes the environment of the tests for its own."""
    place = tmp_path_factory.mktemp("clone") / "ecs_images"
    beside = shutil.ignore_patterns(".*", "__pycache__", "out", "my_lessons", "dist", "build")
    shutil.copytree(ROOT, place, ignore=beside)
    binary = place / ".venv" / "bin" / "python"
    binary.parent.mkdir(parents=True)
    binary.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    spec = importlib.util.spec_from_file_location("run_of_the_clone", place / "run.py")
    assert spec is not None
    assert spec.loader is not None
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    for extra in ("", "test", "lab"):
        (place / ".venv" / f"ready-{extra or 'run'}").write_text(run.pins(extra), encoding="utf-8")
    return place


def ran(clone: Path, line: str, given: str = "") -> str:
    """What a line of the README prints, which must end well."""
    words = shlex.split(line, comments=True)
    assert words[:2] == ["python3", "run.py"], f"README knows one way to call the toolkit: {line}"
    words += ENDLESS.get(words[2] if len(words) > 2 else "", [])
    environment = {**os.environ, "PYTHONPATH": str(clone), "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=clone, env=environment, input=given, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("line", LINES)
def test_every_command_of_the_readme_runs_in_a_clone_and_prints_what_is_shown(clone: Path, line: str) -> None:
    printed = ran(clone, line)
    assert printed.strip()
    for (kind, text), (after, shown) in pairwise(BLOCKS):
        if (kind, after, text.strip()) == ("sh", "text", line):
            assert " ".join(shown.split()) in " ".join(printed.split())


def test_every_answer_shown_follows_the_command_that_prints_it() -> None:
    kinds = [kind for kind, _ in BLOCKS]
    assert kinds.count("text") >= 2
    for before, kind in zip(["", *kinds], kinds, strict=False):
        assert kind in ("sh", "text", "python")
        assert kind != "text" or before == "sh"


def test_the_python_of_the_readme_prints_what_its_comments_say(clone: Path) -> None:
    (text,) = (text for kind, text in BLOCKS if kind == "python")
    said = re.findall(r"^ *# (.*)$", text, re.MULTILINE)
    assert len(said) >= 3
    assert ran(clone, "python3 run.py python -", text).splitlines() == said


def test_the_picture_is_the_one_that_the_first_command_draws(clone: Path, tmp_path: Path) -> None:
    """After a change of the chart: `python3 run.py`, look at it, and copy it over the stored one."""
    (stored,) = (ROOT / path for path in re.findall(r"!\[[^\]]{40,}\]\(([^)]+)\)", README))
    drawn = clone / "out" / "golden_pipeline.png"
    if not drawn.exists():  # where this test runs alone
        ran(clone, "python3 run.py")
    expected = shutil.copy(stored, tmp_path / "stored.png")
    assert compare_images(str(expected), str(drawn), tol=2) is None


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    assert len(README.splitlines()) < 120
    assert [link for link in re.findall(r"\]\(([^)#:]+)\)", README) if not (ROOT / link).exists()] == []
    assert "<BLANKLINE>" not in README
    assert not re.search(r"\bx_", README)


# The action ----------------------------------------------------------------------------------------

STORY = """\
start: 2026-01-15
until: 2026-02-14
accounts: [acme]
steps:
  - import_image: {as: golden, account: acme, region: cn-beijing, file: GIB, system_disk: 1000}
expect:
  - {where: {meter: snapshot_standard}, cost: {at_most: 60}}
"""


@pytest.mark.parametrize(
    ("gib", "codes"),
    [(20, (0, 0)), (450, (0, 1)), (600, (1, 1))],
    ids=["a little more", "more than is allowed", "above the budget too"],
)
def test_the_action_fails_on_a_broken_budget_and_a_jump_and_fills_the_summary(
    tmp_path: Path, gib: int, codes: tuple[int, int]
) -> None:
    """10 GiB for 30 days cost 1.20; 20 cost 2.40, 450 cost 54 (52.80 more than 1.20), 600 cost 72 (above 60)."""
    steps = yaml.safe_load((ROOT / "data" / "examples" / "github_action.yml").read_text(encoding="utf-8"))
    tool = tmp_path / "bin" / "ecs-images"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ecs_images.cli "$@"\n', encoding="utf-8")
    tool.chmod(0o755)
    work, summary = tmp_path / "work", tmp_path / "summary.md"
    work.mkdir()
    git = ["git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@b"]
    story = work / "images" / "pipeline.yaml"
    story.parent.mkdir()
    for size in (10, gib):
        story.write_text(STORY.replace("GIB", str(size)), encoding="utf-8")
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", f"{size} GiB"]):
            subprocess.run([*git, *command], check=True)
    environment = {
        **os.environ,
        **steps["env"],
        "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GITHUB_STEP_SUMMARY": str(summary),
        "RUNNER_TEMP": str(tmp_path),
        "BASE": "HEAD~1",
    }
    scripts = [step["run"] for step in steps["jobs"]["bill"]["steps"] if "ecs-images " in step.get("run", "")]
    ended = [subprocess.run(["bash", "-e", "-c", script], cwd=work, env=environment).returncode for script in scripts]
    assert tuple(ended) == codes
    text = summary.read_text(encoding="utf-8")
    assert "| story | line | result |" in text
    assert f"| snapshot_standard | 1.2000 | {gib * 0.12:.4f} |" in text
    assert f"total list cost: 1.2000 → {gib * 0.12:.4f} CNY" in text
