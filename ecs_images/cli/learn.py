"""`ecs-images learn`: copies of the lessons to work in, and JupyterLab opened on them."""

from __future__ import annotations

import os
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .output import say

_FOR_A_CLASS = Path(__file__).with_name("for_a_class.txt")
_QUIET = Path(__file__).with_name("jupyter")
"""Configuration that keeps JupyterLab from looking for news and updates in the network, and from asking whether to."""


def learn(
    folder: Annotated[Path | None, typer.Argument(help="where to keep the copies; default: my_lessons")] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="make the copies only")] = False,
    fresh: Annotated[
        str | None, typer.Option(metavar="LESSON", help="begin a lesson anew, such as 05; the old copy stays beside it")
    ] = None,
    progress: Annotated[bool, typer.Option("--progress", help="print which tasks are solved, and end")] = False,
    a_class: Annotated[bool, typer.Option("--class", help="tell a teacher how to serve a class, and end")] = False,
    options: Annotated[
        list[str] | None, typer.Argument(metavar="[-- OPTIONS]", help="for JupyterLab, such as -- --no-browser")
    ] = None,
) -> None:
    """Copy the lessons to a folder, without answers, and open JupyterLab there.

    Copies that are there already are kept as they are. Nothing is sent anywhere.
    """
    from ..teaching.copies import hand_out
    from ..teaching.solved import FILE
    from ..teaching.solved import progress as show_progress

    place = Path("my_lessons") if folder is None else folder
    if str(place).startswith("-"):
        raise InputError("options for JupyterLab come after the folder: ecs-images learn my_lessons -- --no-browser")
    if no_open and options:
        raise InputError("--no-open opens no JupyterLab, which the options after -- are for; leave out one of them")
    if progress and a_class:
        raise InputError("--progress and --class each print something of their own; choose one")
    if (progress or a_class) and (no_open or fresh is not None or options):
        raise InputError("--progress and --class only print; leave out the other options")
    if a_class:
        if folder is not None:
            raise InputError("--class tells the same for every folder; leave the folder out")
        say(_FOR_A_CLASS.read_text(encoding="utf-8").rstrip())
        return
    if progress:
        if not (place / FILE).exists():
            raise InputError(f"{place}: no progress is kept there; name a folder that ecs-images learn made")
        show_progress(place)
        return
    if not no_open and find_spec("jupyterlab") is None:
        raise InputError(
            "opening the lessons needs jupyterlab; install the extra: pip install 'ecs-images[lab]', or add --no-open"
        )
    for sentence in hand_out(place, fresh):
        say(sentence)
    if not no_open:
        _open(place.resolve(), options or [])


def _open(folder: Path, options: list[str]) -> None:
    """Run JupyterLab in a folder until it is stopped."""
    from jupyterlab.labapp import LabApp

    # Kernels inherit the PATH, so that a cell `!ecs-images …` finds this very command.
    for name, place in (("PATH", sysconfig.get_path("scripts")), ("JUPYTER_CONFIG_PATH", str(_QUIET))):
        os.environ[name] = os.pathsep.join(filter(None, [place, os.environ.get(name)]))
    sys.stdout.flush()
    try:
        LabApp.launch_instance([str(folder / "index.ipynb"), f"--ServerApp.root_dir={folder}", *options])
    except SystemExit as end:  # JupyterLab did not start, and has said why
        raise typer.Exit(end.code if isinstance(end.code, int) else 2) from None
