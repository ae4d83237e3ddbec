"""What the command line writes: nothing that a terminal or a spreadsheet obeys, and an honest exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from helpers import ROOT

from ecs_images.cli import main
from ecs_images.cli.bill import largest_first
from ecs_images.cli.drawing import visible
from ecs_images.cli.output import Format, Output, say

STORY = """\
title: "\\e[31mRed\\u202e [bold]:smile: 镜像"
start: 2026-01-15
until: 2026-02-14
accounts: [acme]
steps:
  - import_image: {as: golden, account: acme, region: cn-beijing, file: 10, name: golden}
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "golden.yaml"
    path.write_text(STORY, encoding="utf-8")
    return path


def program(*arguments: object, **options) -> subprocess.CompletedProcess[bytes]:
    """The command line as a program of its own."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": ROOT, **options}
    return subprocess.run([sys.executable, "-m", "ecs_images.cli", *map(str, arguments)], check=False, **options)


def shell(line: str) -> subprocess.CompletedProcess[bytes]:
    """A line of a shell in which $ECS is the command line."""
    environment = {**os.environ, "ECS": f"{sys.executable} -m ecs_images.cli"}
    return subprocess.run(["bash", "-c", line], capture_output=True, check=False, cwd=ROOT, env=environment)


# Nothing lost ------------------------------------------------------------------------------------------


def test_a_table_too_wide_for_the_page_folds_between_words(capsys: pytest.CaptureFixture[str]):
    sentence = "m-00000001 is a community image; it cannot be shared"
    Output(Format.table).table(pd.DataFrame({"route": ["copy, then share"], "why": [sentence], "what": [sentence * 2]}))
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    cells = [" ".join(part).split() for part in zip(*(row[1:-1].split("│") for row in rows), strict=True)]
    assert cells == [["copy,", "then", "share"], sentence.split(), (sentence * 2).split()]


@pytest.mark.parametrize("width", [20, 30, 50])
def test_a_page_too_narrow_for_the_columns_shows_each_row_as_a_block(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    table = pd.DataFrame({"x_month": ["2026-01"], "sku_meter": ["snapshot_standard"], "region_id": ["ap-southeast-1"]})
    Output(Format.table).table(
        table.assign(list_cost=[1234.5], note=["a sentence of some words that folds"]), "A title"
    )
    shown = capsys.readouterr().out
    assert all(len(line) <= max(width, 19) for line in shown.splitlines())
    assert shown.split()[:2] == ["A", "title"]
    assert "1,234.5000" in shown
    assert "snapshot_standard" in shown
    assert "a sentence of some words that folds" in " ".join(shown.split())


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_word_is_broken_on_a_narrow_page_however_long_it_is(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    words = ["rhel_9_x64_40G_example.vhd", "is", "an", "image", "of", "cn-beijing"]
    table = pd.DataFrame({"sku_meter": ["os_licence"], "says": [" ".join(words)], "list_cost": [4.9968]})
    Output(Format.table).table(table, " ".join(words))
    say(" ".join(words))
    shown = re.sub(r"[│┃]", " ", capsys.readouterr().out).split()
    assert [shown.count(word) for word in words] == [3] * len(words)
    assert "4.9968" in shown


@pytest.mark.slow
def test_what_lies_behind_no_image_has_a_name(tmp_path: Path):
    path = tmp_path / "left.yaml"
    steps = [
        "import_image: {as: golden, account: acme, region: cn-beijing, file: 10, name: golden}",
        "delete_image: {account: acme, image: golden}",
    ]
    path.write_text(STORY[: STORY.index("steps:")] + "steps:\n" + "".join(f"  - {step}\n" for step in steps))
    assert "behind no image" in program("bill", path, "--by", "image").stdout.decode()


# Nothing that is obeyed -----------------------------------------------------------------------------


def test_control_characters_are_written_out_and_lines_stay():
    assert visible("a\x1b[31mb\x9bc\x07\rd\u202ee\ud800\nf\tg 镜像") == (
        "a\\x1b[31mb\\x9bc\\x07\\rd\\u202ee\\ud800\nf\tg 镜像"
    )


@pytest.mark.slow
def test_the_title_of_a_story_is_text_on_a_terminal(story: Path):
    """No colour, no turned direction, no markup and no picture for a word between colons."""
    out = program("bill", story, env={**os.environ, "PYTHONIOENCODING": "utf-8"}).stdout.decode()
    assert "\x1b" not in out
    assert "\\x1b[31mRed\\u202e [bold]:smile: 镜像" in out.replace("\n", " ")


@pytest.mark.slow
def test_the_title_of_a_story_is_text_in_json(story: Path):
    out = program("bill", story, "--format", "json", env={**os.environ, "PYTHONIOENCODING": "utf-8"}).stdout.decode()
    assert {"\x1b", "\u202e"}.isdisjoint(out)
    assert json.loads(out)["title"] == "\x1b[31mRed\u202e [bold]:smile: 镜像"


def test_json_goes_to_an_output_of_text_that_has_no_encoding(monkeypatch):
    text = io.StringIO()
    monkeypatch.setattr(sys, "stdout", text)
    Output(Format.json).table(pd.DataFrame({"name": ["镜像"]}))
    assert '"镜像"' in text.getvalue()
    assert json.loads(text.getvalue()) == [{"name": "镜像"}]


@pytest.mark.slow
def test_an_error_that_names_a_file_of_control_characters_writes_them_out(tmp_path: Path):
    ended = program("bill", tmp_path / "no\x1b[31mne.yaml")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"no\\x1b[31mne.yaml: cannot be read" in ended.stderr
    assert b"\x1b" not in ended.stderr


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "＝1"])
def test_text_that_a_spreadsheet_would_calculate_begins_with_an_apostrophe(tmp_path: Path, text: str):
    Output(Format.csv, tmp_path / "a.csv").table(pd.DataFrame({"name": [text, "web"], "cost": [-1.5, 2.0]}))
    rows = list(csv.reader(io.StringIO((tmp_path / "a.csv").read_text(encoding="utf-8"))))
    assert rows[1][0] == "'" + visible(text)
    assert [row[1] for row in rows[1:]] == ["-1.5", "2.0"]


@pytest.mark.parametrize("text", ["-1", "+2.5", "-3e-5", "web=1", "1-2"])
def test_numbers_and_ordinary_text_of_a_csv_stay(tmp_path: Path, text: str):
    Output(Format.csv, tmp_path / "a.csv").table(pd.DataFrame({"name": [text]}))
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == f"name\n{text}\n"


# Output that cannot be written ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("command", ["rules", "rules --format parquet", "--help"])
def test_a_full_output_is_an_error_in_a_sentence(command: str):
    with open("/dev/full", "w") as full:
        ended = program(*command.split(), stdout=full)
    assert ended.stderr == b"error: the output cannot be written (No space left on device)\n"
    assert ended.returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("command", ["rules", "rules --format parquet"])
def test_a_closed_output_is_an_error_in_a_sentence(command: str):
    ended = shell(f"$ECS {command} >&-")
    assert ended.stderr.startswith(b"error: the output cannot be written (")
    assert ended.stderr.count(b"\n") == 1
    assert ended.returncode == 2


@pytest.mark.slow
def test_a_closed_output_does_not_matter_to_who_writes_a_file(tmp_path: Path):
    ended = shell(f"$ECS rules --format csv -o {tmp_path}/rules.csv >&-")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert (tmp_path / "rules.csv").read_text(encoding="utf-8").startswith("rule_id,")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["2>/dev/full", "2>&-"])
def test_an_error_channel_that_takes_nothing_leaves_the_exit_code(how: str):
    assert shell(f"$ECS rules SHARE-99 {how}").returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("command", ["rules", "rules --format json"])
def test_a_reader_that_stops_early_is_no_error(command: str):
    ended = shell(f"$ECS {command} | head -c 10; echo ${{PIPESTATUS[0]}}")
    assert ended.stdout[10:] == b"0\n"
    assert ended.stderr == b""


@pytest.mark.slow
def test_a_terminal_of_few_characters_gets_the_others_written_out(story: Path):
    ended = program("bill", story, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"\\u955c\\u50cf" in ended.stdout
    ended = program("bill", story, "--format", "json", env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert json.loads(ended.stdout)["title"].endswith("镜像")


@pytest.mark.slow
def test_a_locale_of_c_shows_a_bill(story: Path):
    environment = {name: value for name, value in os.environ.items() if name not in ("LANG", "PYTHONIOENCODING")}
    ended = program("bill", story, env={**environment, "LC_ALL": "C"})
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_with_130_and_no_traceback(tmp_path: Path):
    """The story is a pipe that nobody writes to, so that the command waits while it is stopped."""
    os.mkfifo(tmp_path / "story.yaml")
    command = [sys.executable, "-m", "ecs_images.cli", "bill", str(tmp_path / "story.yaml")]
    waiting = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    # Opening the other end waits until the command has opened its own.
    with (tmp_path / "story.yaml").open("w"):
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, out, err.strip()) == (130, b"", b"")


# The old file stays -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("option", ["-o bill.csv --format csv", "-o bill.json --format json", "--chart bill.svg"])
def test_a_full_disk_leaves_the_old_bill_and_chart(story: Path, tmp_path: Path, option: str):
    """No file may be longer than 0 bytes: the disk is full at once."""
    path = tmp_path / option.split()[1]
    path.write_text("old", encoding="utf-8")
    before = sorted(os.listdir(tmp_path))
    ended = shell(f"cd {tmp_path}; ulimit -f 0; $ECS bill golden.yaml {option} | cat; exit ${{PIPESTATUS[0]}}")
    assert ended.returncode == 2
    assert f"error: {path.name}: cannot be written (File too large)\n" in ended.stderr.decode()
    assert "Traceback" not in ended.stderr.decode()
    assert path.read_text(encoding="utf-8") == "old"
    assert sorted(os.listdir(tmp_path)) == before


# Arguments --------------------------------------------------------------------------------------------


def test_the_version_is_printed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["ecs-images", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().out) == (0, "ecs-images 0.2.0\n")


def test_help_says_what_exit_codes_mean(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["ecs-images", "--help"])
    with pytest.raises(SystemExit):
        main()
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "Exit codes: 0 done; 1 something a story expects did not come true, or a difference is above --fail-if-more; 2"
        in said
    )


_LONG = {"digits": "9" * 5000, "words": "a b" * 2000, "no number": "1e999", "nan": "nan"}


@pytest.mark.slow
@pytest.mark.parametrize("value", _LONG.values(), ids=_LONG)
@pytest.mark.parametrize(
    "arguments",
    [
        "routes S --image golden --every-days", "routes S --image golden --versions-kept",
        "routes S --image golden --size-gib", "routes S --image golden --regions", "routes S --image",
        "bill S --until", "bill S --by", "bill S --explain", "bill S --chart", "bill S --format", "bill S --prices",
        "bill", "check", "rules", "prices --meter", "prices --region", "app --port", "app S --image", "",
    ],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_refused_in_a_sentence(monkeypatch, capsys, story, arguments, value):
    """Exit code 2, nothing printed, and of the value no more than 80 characters in a row."""
    given = [str(story) if word == "S" else word for word in arguments.split()]
    monkeypatch.setattr(sys, "argv", ["ecs-images", *given, value])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    assert printed.err.startswith("error: ")
    assert "Traceback" not in printed.err
    assert max(map(len, printed.err.splitlines())) < 400
    assert "9" * 81 not in printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("prices --metre x", "no such option '--metre'; did you mean --meter"),
        ("--verson", "no such option '--verson'; did you mean --version?"),
        ("bil x", "unknown command 'bil'; did you mean bill?"),
    ],
)
def test_a_slip_of_the_pen_is_answered_in_one_form(monkeypatch, capsys, arguments: str, message: str):
    monkeypatch.setattr(sys, "argv", ["ecs-images", *arguments.split()])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().err
    assert said.startswith(f"error: {message}")
    assert said.lower().count("did you mean") == 1


def test_rows_of_equal_cost_keep_their_order_whatever_the_noise_of_their_sums() -> None:
    """0.1 + 0.2 is more than 0.3 in the last digit, and is the same amount."""
    table = pd.DataFrame({"x_image_id": ["m-1", "m-2", "m-3"], "list_cost": [0.3, 0.1 + 0.2, 0.5]})
    assert largest_first(table)["x_image_id"].tolist() == ["m-3", "m-1", "m-2"]
