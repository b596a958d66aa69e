"""The mails that came, as their readers get them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from desk.commands.mail import FolderMail, mails_in
from desk.demo.answers import REFERENCE

_REFERENCE = re.compile(REFERENCE.pattern)


@dataclass(frozen=True, slots=True)
class ReceivedMail:
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
        self._known = {mail.file for mail in mails_in(directory)}
        self._mails: list[ReceivedMail] = []

    def mails(self) -> list[ReceivedMail]:
        """All so far, in order of receipt."""
        for mail in mails_in(self._directory):
            if mail.file not in self._known:
                self._known.add(mail.file)
                self._mails.append(_read(mail))
        return list(self._mails)


def _read(mail: FolderMail) -> ReceivedMail:
    return ReceivedMail(mail.message_id, mail.to, mail.subject, mail.body)


def repeated_ids(mails: Iterable[ReceivedMail]) -> list[str]:
    """Message-IDs that more than one mail has."""
    ids = [mail.message_id for mail in mails]
    return sorted({id_ for id_ in ids if ids.count(id_) > 1})
