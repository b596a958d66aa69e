"""`desk partner`: its commands and options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options

partner = typer.Typer(
    help="Partners whose systems use the portal's `/api/v1`.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="Its client id: lower-case letters, digits, hyphens.")]
Customers = Annotated[
    list[str],
    typer.Option("--customer", help="A customer that it may act for; again for each."),
]


@partner.command()
@done_by("partner")
def add(
    name: Name,
    customers: Customers = [],  # noqa: B006 - typer copies it
    scopes: Annotated[
        list[str], typer.Option("--scope", help="What it may do; everything by default.")
    ] = [],  # noqa: B006
    external: Annotated[
        bool, typer.Option("--external", help="Its tokens come from your own provider: no secret.")
    ] = False,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    mongo: options.Mongo = None,
) -> None:
    """Register a partner, and show its secret once, as a shell takes it.

    Scopes are submissions:write, records:read and webhooks:manage.
    """


@partner.command()
@done_by("partner")
def grant(
    name: Name,
    customers: Customers,
    directory: options.Directory = options.DIRECTORY,
    mongo: options.Mongo = None,
) -> None:
    """Let a partner act for exactly these customers from now on."""


@partner.command()
@done_by("partner")
def revoke(
    name: Name,
    directory: options.Directory = options.DIRECTORY,
    mongo: options.Mongo = None,
) -> None:
    """Answer nothing to a partner any more: its tokens end at once."""


@partner.command(name="list")
@done_by("partner")
def listed(
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    mongo: options.Mongo = None,
) -> None:
    """Show the partners, what they may do and for whom."""
