"""`desk submit`: its kinds of submission and their options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from desk.arguments import done_by, options, work_there
from desk.arguments.submission_fields import KINDS, Part
from shared.events.choices import Channel, Language

DEFAULT_WAIT = "15"
FILE = "file"


class _Waiting(TyperCommand):
    """A command whose `--wait` may stand without a number."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_seconds(args))


class _KindOrFile(TyperGroup):
    """`desk submit cancellation …` or `desk submit FILE.json`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = any(argument in self.commands for argument in args[:1])
        if args and not named and not {"--help"} & set(args[:1]):
            args = [FILE, *args]
        return super().parse_args(ctx, args)


def with_seconds(args: list[str]) -> list[str]:
    """The arguments with the default number of seconds after a `--wait` that has none."""
    told: list[str] = []
    for here, following in zip(args, [*args[1:], ""], strict=False):
        told.append(here)
        if here == "--wait" and not following.replace(".", "", 1).isdigit():
            told.append(DEFAULT_WAIT)
    return told


Wait = Annotated[
    float | None,
    typer.Option(
        "--wait",
        min=0,
        metavar="[SECONDS]",
        help="Show the answers as they arrive, for 15 seconds if no number is given.",
        show_default=False,
    ),
]

Unchecked = Annotated[
    bool,
    typer.Option("--unchecked", help="Send what has faults, too: the desk answers each of them."),
]

ShowMail = Annotated[
    bool, typer.Option("--mail", help="With --wait: show the customer's mails, too.")
]

submit = typer.Typer(
    cls=_KindOrFile,
    help="Submit a request, as a channel does.\n\nGive a FILE.json (- reads stdin), or a kind of"
    " request and its options.",
    no_args_is_help=True,
)


@submit.command(FILE, cls=_Waiting, hidden=True)
@done_by("submit")
def from_file(
    file: Annotated[str, typer.Argument(metavar="FILE.json", help="- reads stdin.")],
    wait: Wait = None,
    mail: ShowMail = False,
    unchecked: Unchecked = False,
    language: options.InLanguage = Language.EN,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Submit {"ce_type": …, "ce_id"?: …, "source"?: …, "data": {…}}, or a list of those."""


def _every_submission(
    *,
    customer: Annotated[str, typer.Option("--customer", help="The customer's id.")],
    channel: Annotated[
        Channel, typer.Option("--channel", help="The channel it came through.")
    ] = Channel.WEB,
    received_at: Annotated[
        str | None,
        typer.Option("--received-at", help="RFC 3339; now by default.", show_default=False),
    ] = None,
    ce_id: Annotated[
        str | None, typer.Option("--id", help="Its own id; a new one by default.")
    ] = None,
    language: Annotated[
        Language | None,
        typer.Option("--language", help="The customer's; answers are shown in it, too."),
    ] = None,
    wait: Wait = None,
    mail: ShowMail = False,
    unchecked: Unchecked = False,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Only its signature is used: the options that every kind of submission has."""


_COMMON = tuple(inspect.signature(_every_submission).parameters)


def fields_of(parts: Sequence[Part], given: Mapping[str, Any]) -> dict[str, Any]:
    """The event's fields, part by part; what a later part does not have, an earlier one may."""
    fields: dict[str, Any] = {}
    for part in parts:
        mine = {name: given[name] for name in inspect.signature(part).parameters}
        fields |= {
            name: value
            for name, value in part(**mine).items()
            if value is not None or name not in fields
        }
    return fields


def _register(name: str, ce_type: str, own: Sequence[Part]) -> None:
    """A command with the options of the kind's parts, then those of every submission."""

    def command(**given: Any) -> None:
        common = {name: given.pop(name) for name in _COMMON}
        work_there("submit", "one", ce_type=ce_type, own=fields_of(own, given), **common)

    functions: tuple[Callable[..., object], ...] = (*own, _every_submission)
    parts = [inspect.signature(function, eval_str=True) for function in functions]
    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for part in parts
        for parameter in part.parameters.values()
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = own[0].__doc__
    submit.command(name, cls=_Waiting)(command)


for _name, (_ce_type, _own) in KINDS.items():
    _register(_name, _ce_type, _own)
