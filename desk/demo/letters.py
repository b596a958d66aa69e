"""The mails that came, as their readers get them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from desk.demo.answers import REFERENCE

_REFERENCE = re.compile(REFERENCE.pattern)


@dataclass(frozen=True, slots=True)
class Letter:
    """One received mail. `reference` is the one in its subject."""

    message_id: str
    to: str
    subject: str
    text: str

    @property
    def reference(self) -> str | None:
        found = _REFERENCE.search(self.subject)
        return found[0] if found else None


class Mailbox:
    """The mails received in a directory since this was made; each file is read once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known = set(directory.glob("*.eml"))
        self._letters: list[Letter] = []

    def letters(self) -> list[Letter]:
        """All so far, in order of receipt."""
        for file in sorted(set(self._directory.glob("*.eml")) - self._known):
            self._known.add(file)
            self._letters.append(_read(file.read_bytes()))
        return list(self._letters)


def _read(content: bytes) -> Letter:
    message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(content)
    body = message.get_body(("plain",))
    return Letter(
        message_id=str(message["Message-ID"]),
        to=str(message["To"]),
        subject=str(message["Subject"]),
        text=body.get_content() if body else "",
    )


def repeated_ids(letters: Iterable[Letter]) -> list[str]:
    """Message-IDs that more than one mail has."""
    ids = [letter.message_id for letter in letters]
    return sorted({one for one in ids if ids.count(one) > 1})
