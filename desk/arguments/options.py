"""The options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shared.events.choices import Language
from shared.runtime.reason import Reason

DIRECTORY = Path(".desk")

Directory = Annotated[
    Path, typer.Option("--directory", help="The folder of a `desk up`.", show_default=True)
]
Kafka = Annotated[
    str | None,
    typer.Option(
        "--kafka", envvar="KAFKA_BOOTSTRAP_SERVERS", help="Broker, host:port.", show_default=False
    ),
]
Mongo = Annotated[
    str | None,
    typer.Option("--mongo", envvar="MONGO_URL", help="Database URL.", show_default=False),
]
Smtp = Annotated[
    str | None,
    typer.Option("--smtp", envvar="SMTP_URL", help="Mail server URL.", show_default=False),
]
Mailbox = Annotated[
    Path | None,
    typer.Option("--mailbox", help="Folder of .eml files.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for scripts.")]
InLanguage = Annotated[
    Language, typer.Option("--language", help="The language of the desk's sentences.")
]
Types = Annotated[
    list[str] | None, typer.Option("--type", help="Only types that begin so; may be repeated.")
]
Ids = Annotated[
    list[str] | None,
    typer.Option("--id", help="Only with this id, of whatever kind; may be repeated."),
]
Partition = Annotated[
    int | None, typer.Option("--partition", min=0, help="Only of this partition.")
]
OfService = Annotated[str | None, typer.Option("--service", help="Only what this service gave up.")]
OfReason = Annotated[
    Reason | None, typer.Option("--reason", help="Only for this reason.", show_choices=True)
]
OfError = Annotated[
    str | None, typer.Option("--error", help="Only where the error has this in it.")
]
By = Annotated[
    str | None,
    typer.Option("--by", help="Who does it; you by default.", show_default=False),
]
