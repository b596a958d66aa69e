"""A portal without broker, database or mail server, and a browser to walk through it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import unquote, urlencode

from limits.aio.storage import MemoryStorage
from starlette.types import ASGIApp, Message

from services.customer_portal import service
from services.customer_portal.api.partners import Scope
from services.customer_portal.documents import DownloadedDocument
from services.customer_portal.service import Process, wire
from services.customer_portal.settings import Settings
from shared.events.values import Language
from shared.kafka.records import Envelope
from shared.outage import Outage
from shared.web.pages import NotFound
from shared.web.sessions import Holder, Session, Visitor
from shared.web.sign_in_mail import Words
from tests.builders.few_documents import FewDocuments

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
ALL_SCOPES = " ".join(Scope)
COOKIE = "__Host-session"
TICKET = re.compile(r'name="ticket" value="([^"]+)"')


@dataclass
class Published:
    """A broker that keeps what it is given, or is down."""

    events: list[Envelope] = field(default_factory=list)
    down: bool = False

    async def publish(self, outgoing: list[Envelope]) -> None:
        if self.down:
            raise Outage("kafka", "down")
        self.events += outgoing


TEXT = "TEXTO DEL CONTRATO\nPrecio: 10,00 €\n".encode()
TEXT_SHA256 = hashlib.sha256(TEXT).hexdigest()


@dataclass
class ArchiveOfFew:
    """An archive that has these documents for one customer, or does not answer."""

    customer_id: str = "C-ANA"
    kept: dict[str, DownloadedDocument] = field(
        default_factory=lambda: {
            "text-1": DownloadedDocument(TEXT, "text/plain; charset=utf-8", TEXT_SHA256)
        }
    )
    silent: bool = False
    asked: list[tuple[str, str | None, str]] = field(default_factory=list)

    async def read(
        self, holder: Holder, number: str | None, document_id: str
    ) -> DownloadedDocument | None:
        self.asked.append((holder.customer_id, number, document_id))
        if self.silent:
            return None
        if document_id not in self.kept or holder.customer_id != self.customer_id:
            raise NotFound
        return self.kept[document_id]


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def ticket(self) -> str:
        found = TICKET.findall(self.body)
        assert found, "the page has no form"
        return str(found[-1])


@dataclass
class PortalOfFew:
    """A wired portal process on documents in memory."""

    process: Process
    app: ASGIApp
    published: Published
    own: FewDocuments
    views: FewDocuments
    mailed: list[tuple[Language, str, str]]
    archive: ArchiveOfFew
    told: list[tuple[Language, str, Words, Mapping[str, str]]]

    async def keep(self, projection: str, document: dict[str, Any]) -> None:
        """Let a projection have this document."""
        collection = self.views.collection(f"{projection}_1")
        collection.documents[document["_id"]] = document

    async def partner(
        self, name: str = "acme", customers: Sequence[str] = ("C-ANA",), scopes: str = ALL_SCOPES
    ) -> System:
        """A registered partner's system, with a token of these scopes."""
        api = self.process.api
        await api.partners.add(name, tuple(Scope), customers)
        assert api.issuer is not None
        return System(Browser(self), api.issuer.issue(name, scopes.split()))

    async def signed_in(self, customer_id: str) -> Browser:
        before = Session("x" * 43, Visitor(f"visitor of {customer_id}"))
        session = await self.process.portal.sessions.sign_in(before, Holder(customer_id))
        return Browser(self, {COOKIE: session.id})


@contextmanager
def portal_of_few(**settings: Any) -> Iterator[PortalOfFew]:
    own, views, published = FewDocuments(), FewDocuments(), Published()
    databases = iter((own, views))
    with patch.object(service, "Database", lambda *_a, **_k: next(databases)):
        process = wire(
            Settings(**settings),
            publisher=cast(Any, published),
            storage=MemoryStorage(),
            now=lambda: NOW,
        )
    mailed: list[tuple[Language, str, str]] = []
    told: list[tuple[Language, str, Words, Mapping[str, str]]] = []
    archive, parts = ArchiveOfFew(), process.portal
    with (
        patch.object(type(parts.code_mails), "send", lambda _self, *said, **_: mailed.append(said)),
        patch.object(type(parts.code_mails), "tell", lambda _self, *said: told.append(said)),
        patch.object(type(parts.documents), "read", lambda _self, *asked: archive.read(*asked)),
    ):
        yield PortalOfFew(process, process.app, published, own, views, mailed, archive, told)
    process.client.close()


def multipart(
    fields: dict[str, str], files: Sequence[tuple[str, str, str, bytes]]
) -> tuple[bytes, str]:
    """A form with files as a browser writes it, and its content type."""
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in fields.items()
    ]
    for field_name, file_name, kind, content in files:
        head = f'Content-Disposition: form-data; name="{field_name}"; filename="{file_name}"\r\n'
        parts.append(f"{head}Content-Type: {kind}\r\n\r\n".encode() + content)
    line = b"----boundary"
    body = b"".join(b"--" + line + b"\r\n" + part + b"\r\n" for part in parts)
    return body + b"--" + line + b"--\r\n", f"multipart/form-data; boundary={line.decode()}"


@dataclass
class System:
    """A program with a token; what it is answered is JSON."""

    browser: Browser
    token: str

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, b"", **headers)

    async def ask(self, method: str, path: str, body: bytes, **headers: str) -> Answer:
        said = {"authorization": f"Bearer {self.token}"} | headers
        return await self.browser.ask(method, f"/api/v1{path}", body, said)


@dataclass
class Browser:
    """Cookies and requests. It follows no redirect."""

    portal: PortalOfFew
    cookies: dict[str, str] = field(default_factory=dict)
    client: str = "192.0.2.1"
    stalls: bool = False
    """Whether its bodies never end."""

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, b"", headers)

    async def post(self, path: str, fields: dict[str, Any], **headers: str) -> Answer:
        body = urlencode(fields, doseq=True).encode()
        headers = {"content-type": "application/x-www-form-urlencoded", **headers}
        return await self.ask("POST", path, body, {"sec-fetch-site": "same-origin"} | headers)

    async def attach(
        self,
        path: str,
        fields: dict[str, str],
        files: Sequence[tuple[str, str, str, bytes]] = (),
        **headers: str,
    ) -> Answer:
        """Send a form with files: each by field, name, declared type and bytes."""
        body, kind = multipart(fields, files)
        said = {"content-type": kind, "sec-fetch-site": "same-origin"} | headers
        return await self.ask("POST", path, body, said)

    async def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        route, _, query = path.partition("?")
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        said = headers | ({"cookie": cookie} if cookie else {})
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": unquote(route),
            "raw_path": route.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (b"host", b"portal.example"),
                *(
                    (name.replace("_", "-").encode(), value.encode())
                    for name, value in said.items()
                ),
            ],
            "client": (self.client, 5000),
            "server": ("portal.example", 443),
        }
        sent: list[Message] = []
        read = asyncio.Event()

        async def receive() -> Message:
            if read.is_set():
                await asyncio.Event().wait()  # the browser stays connected
            read.set()
            return {"type": "http.request", "body": body, "more_body": self.stalls}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.portal.app(scope, receive, send)
        found = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
        for name, value in found:
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        text = b"".join(it.get("body", b"") for it in sent[1:])
        return Answer(sent[0]["status"], found, text.decode("utf-8", "replace"))
