"""The mails that must come and those that came, counted by recipient and reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from desk.demo.received_mail import ReceivedMail
from desk.demo.story import DemoRow, ExpectedMail
from desk.demo.watch import WatchedRecord

Key = tuple[str, str | None]
"""A mail's recipient and the reference in its subject."""


class MailCheck:
    """Counts the mails that were expected and those that came.

    `references` are the inquiries', as their openings said.
    """

    def __init__(
        self,
        rows: Sequence[DemoRow],
        records: Sequence[WatchedRecord],
        mails: Sequence[ReceivedMail],
    ) -> None:
        self.references = {
            str(record.facts["inquiry_id"]): str(record.facts.get("reference"))
            for record in records
            if record.facts.get("ce_type") == "inquiry.opened.v1"
        }
        self._mails_received = mails
        self.wanted = Counter(self._key(mail) for row in rows for mail in _mails(row))
        self.got: Counter[Key] = Counter((received.to, received.reference) for received in mails)

    def _key(self, mail: ExpectedMail) -> Key:
        if mail.about is None:
            return mail.to, None
        return mail.to, self.references.get(mail.about, f"of inquiry {mail.about}")

    def came_for(self, row: DemoRow) -> int:
        """How many of the row's mails came."""
        wanted = Counter(self._key(mail) for mail in _mails(row))
        return sum(min(count, self.got[key]) for key, count in wanted.items())

    def faults_of(self, row: DemoRow) -> Iterator[str]:
        for key in dict.fromkeys(self._key(mail) for mail in _mails(row)):
            if self.wanted[key] != self.got[key]:
                yield (
                    f"mails to {key[0]} with {_with(key)}: "
                    f"expected {self.wanted[key]}, came {self.got[key]}"
                )
        for mail in _mails(row):
            if mail.says and not any(
                self._says(received, mail) for received in self._mails_received
            ):
                yield f"no mail to {mail.to} says {' and '.join(mail.says)}"

    def _says(self, received: ReceivedMail, mail: ExpectedMail) -> bool:
        fits = (received.to, received.reference) == self._key(mail)
        return fits and all(words in received.text for words in mail.says)

    def unexpected(self) -> Iterator[str]:
        for key, count in self.got.items():
            if key not in self.wanted:
                yield f"{count} mails to {key[0]} with {_with(key)} were not expected"


def _mails(row: DemoRow) -> tuple[ExpectedMail, ...]:
    return tuple(expected.mail for expected in row.expected if expected.mail is not None)


def _with(key: Key) -> str:
    return f"reference {key[1]}" if key[1] else "no reference"
