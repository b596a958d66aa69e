"""The `desk` command: registers only. Each command is one module of `desk/commands`."""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from desk.arguments.acl import acl
from desk.arguments.cancellation import cancellation
from desk.arguments.case import case
from desk.arguments.dead_letters import dead_letters
from desk.arguments.doctor import doctor
from desk.arguments.drill import drill
from desk.arguments.inquiry import inquiry
from desk.arguments.mail import mail
from desk.arguments.open_work import work
from desk.arguments.partner import partner
from desk.arguments.publish import publish
from desk.arguments.range_replay import replay
from desk.arguments.restore import restore
from desk.arguments.staff import staff
from desk.arguments.submit import submit
from desk.arguments.tail import tail
from desk.arguments.topics import topics
from desk.arguments.typer_workarounds import convert_without_pydantic
from desk.arguments.up import up
from desk.arguments.verify import verify
from desk.commands.plain_failure import told_plainly

convert_without_pydantic()

app = typer.Typer(
    help="The one-stop window for contract requests.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(up)
app.add_typer(submit, name="submit")
app.command()(inquiry)
app.command()(case)
app.add_typer(cancellation, name="cancellation")
app.command()(work)
app.command()(mail)
app.command()(tail)
app.command()(replay)
app.command()(publish)
app.command()(verify)
app.command()(restore)
app.command()(doctor)
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(acl, name="acl")
app.add_typer(topics, name="topics")
app.add_typer(partner, name="partner")
app.add_typer(staff, name="staff")
app.add_typer(drill, name="drill")


@app.command()
def demo(
    directory: Annotated[
        Path | None,
        typer.Option("--directory", help="Where to keep it; a passing folder by default."),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Leave it running afterwards, with the customer portal."),
    ] = False,
) -> None:
    """Show the whole desk at work, and check it."""
    raise typer.Exit(importlib.import_module("desk.demo.run").demo(directory, keep=keep))


def _show_version(wanted: bool) -> None:
    if wanted:
        version = importlib.import_module("importlib.metadata").version
        print(f"contract-desk {version('contract-desk')}")
        raise typer.Exit


@app.callback()
def desk(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Only the options of `desk` itself."""


def main() -> None:
    """Entry point of the `desk` command: expected failures end with a sentence, not a traceback."""
    # An outage is reported in our words; without this, the libraries would log it as well.
    logging.getLogger().addHandler(logging.NullHandler())
    with told_plainly():
        app()
    sys.exit()


if __name__ == "__main__":
    main()
