"""Composing: from a due notification to the very bytes of its mail. No I/O but reading templates.

The same arguments give the same message, so that a mail which has to go out twice is the same
mail twice, with one Message-ID.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.charset import BASE64, Charset
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from services.notification.mail.recipients import (
    Known,
    Recipient,
    decisions_of,
    language_of,
    title_of,
)
from services.notification.mail.rejection import customers_errors
from services.notification.mail.senders_words import SendersWords
from services.notification.mail.state import Notification
from services.notification.mail.wording import Wording
from shared.events.document_code import document_link
from shared.events.values import Language, madrid_date

_LONGEST_SUBJECT = 150
# Control characters (but line feed and tab), line separators, direction overrides and lone
# surrogates: a customer's text has no use for them, and an attacker's has.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_HEAD = frozenset({"contract_number", "contract_numbers", "received_at", "subject"})
_BLANK_LINES = re.compile(r"\n{3,}")


_UTF8 = Charset("utf-8")
_UTF8.header_encoding = BASE64


@dataclass(frozen=True, slots=True)
class Imprint:
    """Whose letters these are, as a customer reads it."""

    company: str
    phone: str
    phone_from_abroad: str
    fax: str
    postal_address: tuple[str, ...]
    hours: Mapping[Language, str]
    site_url: str
    documents_url: str
    document_code_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The sender in every mail's header: an address with or without a name."""

    mail_from: str
    message_id_domain: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail's words. The subject is a single line; `text` and `html` say the same."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Composer:
    """Renders the templates of one desk. Raises jinja2.TemplateError for a faulty template."""

    imprint: Imprint
    letterhead: Letterhead
    _html: Environment = field(init=False, repr=False)
    _text: Environment = field(init=False, repr=False)
    _from: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        sender = formataddr(parseaddr(self.letterhead.mail_from))
        object.__setattr__(self, "_from", sender)
        object.__setattr__(self, "_html", _environment("html"))
        object.__setattr__(self, "_text", _environment("txt"))

    def compose(self, notification: Notification, known: Known, to: Recipient) -> bytes:
        """The message as it goes out: headers, a text part and an HTML part; lines end in CRLF."""
        language = language_of(notification, known)
        rendered = self.render(notification, known, to, language)
        boundary = f"=_{notification.notification_id}"
        headers = {
            "Content-Type": f'multipart/alternative; boundary="{boundary}"',
            "MIME-Version": "1.0",
            "From": self._from,
            "To": to.address,
            "Subject": Header(rendered.subject, _UTF8).encode(linesep="\r\n"),
            "Date": format_datetime(notification.due_at),
            "Message-ID": f"<{notification.notification_id}@{self.letterhead.message_id_domain}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "Content-Language": language.value,
        }
        parts = (_part("plain", rendered.text), _part("html", rendered.html))
        divider = f"--{boundary}\r\n".encode()
        return b"".join(
            (_head(headers), *(divider + part for part in parts), f"--{boundary}--\r\n".encode())
        )

    def render(
        self, notification: Notification, known: Known, to: Recipient, language: Language
    ) -> Rendered:
        words = _words(notification, known, to, language, self.imprint)
        path = f"{language.value}/{notification.template}.j2"
        text, html = self._text.get_template(path), self._html.get_template(path)
        single = [_single(notification, decision) for decision in decisions_of(notification)]
        parts = [(part, _words(part, known, to, language, self.imprint)) for part in single]
        said = words | {"sections": _sections(self._text, "txt", parts, language)}
        rendered = text.render(said)
        return Rendered(
            subject=_subject(text, words, known),
            text=_BLANK_LINES.sub("\n\n", _without_trailing_blanks(rendered)).strip() + "\n",
            html=html.render(words | {"sections": _sections(self._html, "html", parts, language)}),
        )


def _head(headers: Mapping[str, str]) -> bytes:
    """Headers as they are given, and the empty line after them.

    The library's messages take every header apart and together again, which costs as much as
    rendering a mail. So what is put into one here is ASCII and folded already; what is not raises
    UnicodeEncodeError.
    """
    lines = (f"{name}: {value}\r\n" for name, value in headers.items())
    return ("".join(lines) + "\r\n").encode("ascii")


def _part(form: str, words: str) -> bytes:
    """Words in quoted-printable: seven bits, short lines, and legible in the raw."""
    headers = {
        "Content-Type": f'text/{form}; charset="utf-8"',
        "MIME-Version": "1.0",
        "Content-Transfer-Encoding": "quoted-printable",
    }
    quoted = binascii.b2a_qp(words.encode()).replace(b"\n", b"\r\n")
    return _head(headers) + quoted + b"\r\n"


def _single(summary: Notification, decision: Mapping[str, Any]) -> Notification:
    """The notification that a summary's decision would have been alone."""
    return summary.model_copy(
        update={
            "template": decision["template"],
            "contract_number": decision["contract_number"],
            "facts": decision["facts"],
        }
    )


def _sections(
    environment: Environment,
    form: str,
    parts: Sequence[tuple[Notification, Mapping[str, Any]]],
    language: Language,
) -> list[str]:
    """The texts of each decision's own mail, without greeting and signature."""
    layout = {"layout": f"section.{form}.j2"}
    rendered = [
        environment.get_template(f"{language.value}/{part.template}.j2").render({**words, **layout})
        for part, words in parts
    ]
    return [Markup(section) if form == "html" else section for section in rendered]  # noqa: S704 - our own templates made it


def _environment(form: str) -> Environment:
    """Templates know neither text nor HTML: they use the parts and the layout of one of them."""
    environment = Environment(
        loader=PackageLoader("services.notification"),
        autoescape=form == "html",  # noqa: S701 - the other form is plain text, never a page
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["layout"] = f"layout.{form}.j2"
    environment.globals["part"] = environment.get_template(f"parts.{form}.j2").module
    environment.filters["web_address"] = web_address
    return environment


def _words(
    notification: Notification, known: Known, to: Recipient, language: Language, imprint: Imprint
) -> dict[str, Any]:
    """All that a template may name. Customers' texts come out cleaned; the rest is the desk's."""
    inquiry = cleaned(known.inquiry.model_dump(mode="json")) if known.inquiry else None
    facts, name = cleaned(notification.facts), cleaned(to.name)
    errors = customers_errors(facts.get("errors") or [])
    received_at = _received_at(facts, inquiry)
    details = facts.get("details") or []
    facts = facts | {"details": [detail for detail in details if not _said_above(detail["field"])]}
    cut = False
    if not to.registered:
        senders = SendersWords()
        name = senders.cut(name)
        inquiry = inquiry and senders.cut_inquiry(inquiry)
        facts = facts | {"details": senders.cut_details(facts["details"])}
        cut = senders.were_cut
    return {
        "f": facts,
        "errors": errors,
        "received_at": received_at,
        "cut": cut,
        "today": madrid_date(notification.due_at),
        "inquiry": inquiry,
        "name": name,
        "contract_number": cleaned(notification.contract_number),
        "contract_title": cleaned(title_of(notification, known)),
        "document_link": _document_link(notification, to, imprint),
        "text_link": _text_link(notification, to, imprint),
        "desk": imprint,
        "hours": imprint.hours[language],
        "language": language.value,
        "w": Wording(language),
    }


def _said_above(field: str) -> bool:
    """Whether the head of a confirmation says it already."""
    return field in _HEAD or field.startswith("contact.")


def _received_at(facts: Mapping[str, Any], inquiry: Mapping[str, Any] | None) -> str | None:
    """The one time of receipt that a mail names: when the channel received the request."""
    for detail in facts.get("details") or []:
        if detail["field"] == "received_at":
            return str(detail["value"])
    return str(inquiry["opened_at"]) if inquiry else None


def _document_link(notification: Notification, to: Recipient, imprint: Imprint) -> str | None:
    """With the one-time code for this address; mails about a document go to the registered one.

    Notifications of earlier releases carry a link of the archive's.
    """
    document_id, link = (notification.facts.get(name) for name in ("document_id", "link"))
    if link or not document_id:
        return link
    return document_link(imprint.documents_url, imprint.document_code_key, document_id, to.address)


def _text_link(notification: Notification, to: Recipient, imprint: Imprint) -> str | None:
    """Of the text that an acceptance is bound to."""
    document_id = notification.facts.get("text_document_id")
    if not document_id:
        return None
    return document_link(imprint.documents_url, imprint.document_code_key, document_id, to.address)


def cleaned(value: Any) -> Any:
    """`value` (of JSON) without characters that could forge a line, a direction or a header."""
    if isinstance(value, str):
        return _UNWANTED.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    if isinstance(value, Mapping):
        return {key: cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(item) for item in value]
    return value


def web_address(link: str | None) -> str | None:
    """`link` if it is one that a browser may be sent to, else None."""
    return link if link and urlsplit(link).scheme in ("https", "http") else None


def _subject(template: Template, words: Mapping[str, Any], known: Known) -> str:
    """One line, with the reference that people read out on the phone, where there is one."""
    block = template.blocks["subject"](template.new_context(dict(words)))
    line = " ".join("".join(block).split())[:_LONGEST_SUBJECT]
    return f"{line} [{known.inquiry.reference}]" if known.inquiry else line


def _without_trailing_blanks(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())
