"""`desk submit`: what a front-end channel does, from the command line."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer
from typer.core import TyperCommand, TyperGroup

from desk.ops import options
from desk.ops.errors import DeskError
from desk.ops.finding import Where, find
from desk.ops.outgoing import SUBMISSIONS, Outgoing, channel_source, load, parse, suggestion
from desk.ops.records import inquiry_named
from desk.ops.submission_fields import KINDS, now
from desk.ops.submitting import Asked, submit_all
from shared.events.submissions import FollowUpSubmitted, Submission
from shared.events.values import Channel, Language

DEFAULT_WAIT = "15"
FILE = "file"


class _Waiting(TyperCommand):
    """A command whose `--wait` may stand without a number."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_seconds(args))


class _KindOrFile(TyperGroup):
    """`desk submit cancellation …` or `desk submit FILE.json`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = any(one in self.commands for one in args[:1])
        if args and not named and not {"--help"} & set(args[:1]):
            args = [FILE, *args]
        return super().parse_args(ctx, args)


def with_seconds(args: list[str]) -> list[str]:
    """The arguments with the default number of seconds after a `--wait` that has none."""
    told: list[str] = []
    for here, following in zip(args, [*args[1:], ""], strict=True):
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

submit = typer.Typer(
    cls=_KindOrFile,
    help="Submit a request, as a channel does.\n\nGive a FILE.json (- reads stdin), or a kind of"
    " request and its options.",
    no_args_is_help=True,
)


@submit.command(FILE, cls=_Waiting, hidden=True)
def from_file(
    file: Annotated[str, typer.Argument(metavar="FILE.json", help="- reads stdin.")],
    wait: Wait = None,
    language: options.InLanguage = Language.EN,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Submit {"ce_type": …, "ce_id"?: …, "source"?: …, "data": {…}}, or a list of those."""
    if file != "-" and not Path(file).exists() and "." not in file and "/" not in file:
        raise DeskError(f"{file!r} is no file and no kind of submission; {_near(file)}")
    name = "standard input" if file == "-" else Path(file).name
    outgoing = parse(load(file), name, topic=SUBMISSIONS)
    settings = find(directory, kafka=kafka).settings()
    submit_all(settings, outgoing, Asked(wait, language, as_json))


def _near(word: str) -> str:
    return suggestion(word, list(KINDS))


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
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
) -> None:
    """Only its signature is used: the options that every kind of submission has."""


def _submit_one(
    event: type[Submission], own: Callable[..., Mapping[str, Any]], **given: Any
) -> None:
    common = {name: given.pop(name) for name in inspect.signature(_every_submission).parameters}
    where = find(common["directory"], kafka=common["kafka"], mongo=common["mongo"])
    data = {
        "customer_id": common["customer"],
        "channel": common["channel"].value,
        "received_at": common["received_at"] or now(),
        "language": common["language"] and common["language"].value,
        **own(**given),
    }
    data = {name: value for name, value in data.items() if value is not None}
    if event is FollowUpSubmitted:
        data["inquiry_id"] = _inquiry_id(where, data["inquiry_id"])
    outgoing = Outgoing(event.ce_type, common["ce_id"] or str(uuid4()), channel_source(data), data)
    asked = Asked(common["wait"], common["language"] or Language.EN, common["as_json"])
    submit_all(where.settings(), [outgoing], asked)


def _inquiry_id(where: Where, named: str) -> str:
    """A reference is looked up in the desk's records; channels themselves keep the id."""
    try:
        return str(UUID(named))
    except ValueError:
        return asyncio.run(inquiry_named(where.mongo_address, named))


def _register(name: str, event: type[Submission], own: Callable[..., Mapping[str, Any]]) -> None:
    """A command with the kind's own options, then those of every submission."""

    def command(**given: Any) -> None:
        _submit_one(event, own, **given)

    parts = [inspect.signature(one, eval_str=True) for one in (own, _every_submission)]
    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for part in parts
        for parameter in part.parameters.values()
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = own.__doc__
    submit.command(name, cls=_Waiting)(command)


for _name, (_event, _own) in KINDS.items():
    _register(_name, _event, _own)
