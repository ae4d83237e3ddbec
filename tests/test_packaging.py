"""What travels: the version, the wheel and what it holds, what is optional, and what run.py lists."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from helpers import ROOT

import ecs_images as ecs
from ecs_images.cli.app import COMMANDS

STORY = "data/stories/official/imp_6_size_of_the_file.yaml"
COST = pytest.approx(0.768, rel=1e-9)  # 6.4 GiB for 30 days: 6.4 × 0.12
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BESIDE = ("__pycache__", ".ipynb_checkpoints")


def files_of(folder: str) -> set[str]:
    """The files of a folder of the checkout, as paths below that folder."""
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT / folder).as_posix() for path in found if not set(path.parts) & set(BESIDE)}


def cost_of(table: str) -> float:
    """What the rows of a bill printed as CSV cost together."""
    return sum(float(row["list_cost"]) for row in csv.DictReader(io.StringIO(table)))


# The version ---------------------------------------------------------------------------------------


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert first is not None
    assert first[1] == ecs.__version__


def test_the_version_is_written_in_one_place() -> None:
    assert "version" not in PROJECT["project"]
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "ecs_images/__init__.py"


# The wheel -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """The wheel of this checkout."""
    pytest.importorskip("hatchling", reason="comes with the extra `test`")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return ZipFile(path)


@pytest.mark.slow
def test_the_wheel_holds_the_package_its_data_and_the_lessons(wheel: ZipFile) -> None:
    parts = {"ecs_images": "ecs_images/", "data": "ecs_images/data/", "notebooks": "ecs_images/notebooks/"}
    wanted = {place + name for folder, place in parts.items() for name in files_of(folder)}
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == wanted
    assert "ecs_images/notebooks/00_first_five_minutes.ipynb" in wanted


@pytest.mark.slow
def test_the_wheel_has_the_version_of_the_package(wheel: ZipFile) -> None:
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    assert f"\nVersion: {ecs.__version__}\n" in wheel.read(metadata).decode()


@pytest.mark.slow
def test_an_installed_wheel_bills_a_story_checks_a_task_and_hands_out_lessons_outside_the_checkout(
    wheel: ZipFile, tmp_path: Path
) -> None:
    """A wheel of pure Python is installed by unpacking it."""
    wheel.extractall(tmp_path)

    def printed(*arguments: str) -> str:
        alone = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, check=True).stdout

    assert cost_of(printed("-m", "ecs_images.cli", "bill", f"ecs_images/{STORY}", "--format", "csv")) == COST
    code = "import ecs_images; print(ecs_images.__file__); ecs_images.teaching.check('00-medium', 2.88)"
    place, checked = printed("-c", code).splitlines()
    assert Path(place).is_relative_to(tmp_path)
    assert checked.startswith("00-medium: 2.88 CNY is right.")
    assert printed("-m", "ecs_images.cli", "learn", "--no-open").startswith("copied to my_lessons: 00, 01")
    assert (tmp_path / "my_lessons" / "00_first_five_minutes.ipynb").exists()


# What is optional ----------------------------------------------------------------------------------

WITHOUT_PYARROW = "import sys; sys.modules['pyarrow'] = None\nfrom ecs_images.cli import main\nmain()"


def without_pyarrow(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a Python that has no pyarrow."""
    command = [sys.executable, "-c", WITHOUT_PYARROW, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.slow
def test_a_bill_needs_no_pyarrow() -> None:
    assert cost_of(without_pyarrow("bill", STORY, "--format", "csv").stdout) == COST


@pytest.mark.slow
def test_parquet_without_pyarrow_is_refused_with_what_to_install(tmp_path: Path) -> None:
    done = without_pyarrow("bill", STORY, "--format", "parquet", "--output", str(tmp_path / "bill.parquet"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: parquet needs pyarrow; install the extra: pip install 'ecs-images[parquet]'\n"
    assert list(tmp_path.iterdir()) == []


# run.py and the linters -----------------------------------------------------------------------------


def test_the_help_of_run_py_lists_every_command() -> None:
    told = subprocess.run([sys.executable, "run.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(COMMANDS) <= set(re.findall(r"[a-z]+", told.stdout))


def test_the_hooks_before_a_commit_run_the_linters_of_ci() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repository in hooks["repos"] for hook in repository["hooks"]]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert entries == re.findall(r"^(\.venv/bin/python -m (?:ruff|mypy).*)$", ci, re.MULTILINE)
