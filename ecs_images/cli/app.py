"""The command line `ecs-images`: its commands, and how each of them ends.

Every problem is one sentence on the error channel; `EXIT_CODES` says how a command ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from .. import __version__
from ..errors import EcsImagesError, UnknownName, did_you_mean, shown
from . import catalogue
from .account import account
from .bill import bill
from .check import check
from .diff import diff
from .fees import fees
from .learn import learn
from .ledger import ledger
from .options import Site
from .output import say
from .prices import prices
from .reconcile import reconcile
from .routes import routes
from .show import complain
from .sweep import sweep

EXIT_CODES = (
    "Exit codes: 0 done; 1 something a story expects did not come true, or a difference is above --fail-if-more; "
    "2 the input cannot be used or the output not be written; "
    "3 billed, but some use has no price and is listed instead; 130 stopped by Ctrl+C."
)


class _Commands(TyperGroup):
    """The commands; an unknown one is named with what may have been meant."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            raise UnknownName("command", cmd_name, self.commands)
        return super().get_command(ctx, cmd_name)


app = typer.Typer(cls=_Commands, epilog=EXIT_CODES, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"ecs-images {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def every_command(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="print the version and exit")
    ] = False,
) -> None:
    """Alibaba Cloud ECS images: what you may do with them, and what they cost."""
    if context.invoked_subcommand is None:
        say(context.get_help())
        raise typer.Exit(2)


def serve(
    story: Annotated[
        Path | None,
        typer.Argument(help="a story, or a folder of saved answers of an account; default: the golden-image pipeline"),
    ] = None,
    image: Annotated[str | None, typer.Option(help="the image to begin with: its name in the story, or its id")] = None,
    port: Annotated[int, typer.Option(min=1024, max=65535, help="port on this machine")] = 8866,
    site: Site = None,
) -> None:
    """Open the share-or-copy workbench and the other explorers as a web page on this machine only."""
    from .page import serve_page

    serve_page(story, image, port, site)


COMMANDS: dict[str, Callable[..., None]] = {
    "bill": bill,
    "account": account,
    "diff": diff,
    "sweep": sweep,
    "check": check,
    "routes": routes,
    "fees": fees,
    "app": serve,
    "learn": learn,
    "ledger": ledger,
    "prices": prices,
    "reconcile": reconcile,
    "rules": catalogue.rules,
    "images": catalogue.images,
    "types": catalogue.types,
    "products": catalogue.products,
    "regions": catalogue.regions,
}
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)


# Typer brings a click of its own or shares one, by its version; what it exports leads to the root of usage errors.
_UsageError = cast(type[Exception], typer.BadParameter.__base__)


def main() -> None:
    """Run the command line and exit. Every problem is printed as a sentence; `EXIT_CODES` says what is what."""
    # A shell may have closed them (`>&-`): what is written then fails like a full disk, and says so.
    sys.stdout = sys.stdout or open(os.devnull)  # noqa: SIM115 - for reading only: every write is refused
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        # What a terminal of Latin-1 or ASCII lacks is written out as \u4e2d.
        sys.stdout.reconfigure(errors="backslashreplace")
    code = _outcome()
    try:
        sys.stdout.flush()
    except OSError as error:
        code = _unwritten(error)
    sys.exit(code)


def _outcome() -> int:
    try:
        return app(prog_name="ecs-images", standalone_mode=False) or 0
    except EcsImagesError as error:
        complain(str(error))
    except _UsageError as error:
        complain(_usage(error))
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except SystemExit:
        return 0  # Typer and rich leave so where whoever read our output has stopped; that is no error of ours.
    except OSError as error:
        return _unwritten(error)
    return 2


def _usage(error: Any) -> str:
    """What is wrong with the arguments, at most 200 characters of it, and how the command is used."""
    message = error.format_message().removesuffix(".")
    known = [name for option in error.ctx.command.params for name in option.opts] if error.ctx else []
    if hasattr(error, "possibilities"):
        message = f"no such option {shown(error.option_name)}{did_you_mean(error.option_name, known)}"
    elif len(message) > 200:
        message = f"{message[:100]} … {message[-80:]}"
    message = message[:1].lower() + message[1:]
    return f"{message}\n{error.ctx.get_usage()}" if error.ctx else message


def _unwritten(error: OSError) -> int:
    """The exit code where the standard output takes no more; what is still held back for it is dropped."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 0  # Whoever read our output has stopped, as `head` does.
    complain(f"the output cannot be written ({error.strerror or error})")
    return 2
