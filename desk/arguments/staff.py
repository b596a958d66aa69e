"""`desk staff`: its commands and options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options

staff = typer.Typer(
    help="Accounts of the company's own people in the operations console.", no_args_is_help=True
)
Name = Annotated[
    str, typer.Argument(help="Its name: lower-case letters, digits, dots and hyphens.")
]
Roles = Annotated[
    list[str],
    typer.Option("--role", help="reader, agent, operator or auditor; again for each."),
]


@staff.command()
@done_by("staff")
def add(
    name: Name,
    email: Annotated[str, typer.Option("--email", help="Where its one-time codes go.")],
    roles: Roles,
    directory: options.Directory = options.DIRECTORY,
    mongo: options.Mongo = None,
) -> None:
    """Make an account: who reads its mail signs in to the console."""


@staff.command()
@done_by("staff")
def roles(
    name: Name,
    roles: Roles,
    directory: options.Directory = options.DIRECTORY,
    mongo: options.Mongo = None,
) -> None:
    """Give an account exactly these roles, and sign it out of every browser."""


@staff.command()
@done_by("staff")
def remove(
    name: Name,
    directory: options.Directory = options.DIRECTORY,
    mongo: options.Mongo = None,
) -> None:
    """Remove an account, with its passkeys, and sign it out of every browser."""


@staff.command(name="list")
@done_by("staff")
def listed(
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    mongo: options.Mongo = None,
) -> None:
    """Show the accounts and their roles."""
