"""Fixtures for every test: a small cloud, and figures closed behind whoever drew them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from helpers import Ended

from ecs_images import Account, Cloud


@pytest.fixture
def cloud() -> Cloud:
    """A cloud that begins at midnight of 2026-01-15 (UTC+8) and does its work at once."""
    return Cloud(start="2026-01-15")


@pytest.fixture
def acme(cloud: Cloud) -> Account:
    """An account on the china site."""
    return cloud.account("acme")


@pytest.fixture
def partner(cloud: Cloud) -> Account:
    """Another account on the china site."""
    return cloud.account("partner")


@pytest.fixture(scope="session", autouse=True)
def _commands_built_once() -> Iterator[None]:
    """Typer builds all commands anew for each run of the command line, which takes longer than most runs."""
    import typer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Gives the command line some arguments; returns how it ended."""
    from ecs_images.cli import main

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ecs-images", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, printed.out, printed.err)

    return run


@pytest.fixture(autouse=True)
def _no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing says how wide a page is: the workers of a parallel run would say 80 characters."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def _figures_closed() -> Iterator[None]:
    """No figure outlives its test; matplotlib is not loaded for this."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
