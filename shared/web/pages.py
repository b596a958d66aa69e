"""Pages: what a handler is given, and the table of addresses in both languages.

A page for holders is handed the `Holder` of the session. A visitor who is not signed in is sent to
sign in first; what is not the holder's own is answered like what does not exist.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from gettext import NullTranslations
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, Template
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, compile_path

from shared.events.values import Language
from shared.web import tickets
from shared.web.live import Streams, Viewer, ended
from shared.web.sessions import Holder, Operator, Role, Session, Sessions, Visitor, key_of
from shared.web.static_files import StaticFiles
from shared.web.tickets import Tickets
from shared.web.uploads import MULTIPART, Places, Uploaded, form_with_files

MOST_FIELDS = 200
THEMES = frozenset({"light", "dark"})
NEXT, UNSENT = "next", "unsent"
"""In the address of the sign-in page: where to go then, and that a form was sent too late."""


class NotFound(Exception):
    """There is no such page, or not for this person: both look the same."""


class NotAllowed(Exception):
    """The page is there, and this member of staff has not the role for it."""


class Forged(Exception):
    """The form's ticket is not one that this browser was given."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page, its address in each language, and who may see it.

    `handler` takes a `Visit`, and for a page of holders the `Holder` too. `role`: the page is for
    members of staff who have it, and its handler takes the `Operator` of the session.
    `accepts_forms`: it takes a POST as well as a GET. `is_live`: a part of a page asks for it, not
    a person. `is_file`: its answer is a file to keep. `takes_files`: its form may bring files.
    """

    name: str
    es: str
    en: str
    handler: Callable[..., Awaitable[Response]]
    for_holders: bool = False
    accepts_forms: bool = False
    is_live: bool = False
    is_file: bool = False
    takes_files: bool = False
    role: Role | None = None

    @property
    def is_for_somebody(self) -> bool:
        """Whether it is for those who are signed in alone."""
        return self.for_holders or self.role is not None

    def path(self, language: Language) -> str:
        return f"/{language}{self.en if language is Language.EN else self.es}"

    @property
    def methods(self) -> tuple[str, ...]:
        return ("GET", "POST") if self.accepts_forms else ("GET",)


@dataclass(slots=True)
class Site:
    """The parts that all pages of one application share."""

    pages: tuple[Page, ...]
    sign_in: str
    environments: Mapping[Language, Environment]
    translations: Mapping[Language, NullTranslations]
    static: StaticFiles
    sessions: Sessions
    tickets: Tickets
    brand: Mapping[str, str]
    cookie: str
    secure: bool
    stopping: asyncio.Event
    is_forgotten: Callable[[Holder], Awaitable[bool]] | None = None
    """Set in applications for customers; without it no customer can sign in."""
    standing: Callable[[Operator], Awaitable[Operator | None]] | None = None
    """Set in applications for staff; without it no member of staff can sign in."""
    streams: Streams = field(default_factory=Streams)
    places_for_files: Places = field(default_factory=Places)
    by_name: dict[str, Page] = field(init=False)
    forms: dict[tuple[str, Language], tuple[str, tuple[str, ...]]] = field(init=False)
    """Each address's format and the names of its parameters."""

    def __post_init__(self) -> None:
        self.by_name = {page.name: page for page in self.pages}
        self.forms = {
            (it.name, language): _form(it, language) for it in self.pages for language in Language
        }

    def url(self, name: str, language: Language, **parameters: str) -> str:
        """The address of a page. Raises KeyError for one that there is not."""
        form, names = self.forms[name, language]
        return form.format(**{key: quote(parameters[key]) for key in names})

    def routes_with_files(self) -> list[Route]:
        """The routes whose forms may carry files, with their larger limit."""
        return self._routes([page for page in self.pages if page.takes_files])

    def routes(self) -> list[Route]:
        return [self.static.route, *self._routes(self.pages)]

    def _routes(self, pages: Sequence[Page]) -> list[Route]:
        found = []
        for page in pages:
            for language in Language:
                endpoint = self._endpoint(page, language)
                path = page.path(language).rstrip("/")
                found.append(
                    Route(
                        path, endpoint, methods=list(page.methods), name=f"{page.name}.{language}"
                    )
                )
        return found

    async def session(self, cookie: str | None, *, is_use: bool) -> Session:
        """The session of a cookie, if it stands: as what somebody is now."""
        session = await self.sessions.read(cookie, is_use=is_use)
        if session.holder is not None:
            return await self._of_a_customer(session)
        if session.operator is not None:
            return await self._of_staff(session, session.operator)
        return session

    async def _of_a_customer(self, session: Session) -> Session:
        """Ends the session of a customer who was erased, in every browser."""
        if self.is_forgotten is None or session.holder is None:
            return signed_out(session)
        if not await self.is_forgotten(session.holder):
            return session
        await self.sessions.revoke_all(session.holder)
        return signed_out(session)

    async def _of_staff(self, session: Session, operator: Operator) -> Session:
        """With the roles of now; one whose account was removed has no session."""
        now = await self.standing(operator) if self.standing is not None else None
        return signed_out(session) if now is None else replace(session, operator=now)

    def _endpoint(self, page: Page, language: Language) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            cookie = request.cookies.get(self.cookie)
            session = await self.session(cookie, is_use=not page.is_live)
            visit = Visit(self, page, language, request, session)
            request.state.visit = visit
            response = await _answer(page, visit)
            visit.keep_session(response)
            return response

        return endpoint


def _form(page: Page, language: Language) -> tuple[str, tuple[str, ...]]:
    _, form, converters = compile_path(page.path(language))
    return form, tuple(converters)


async def _answer(page: Page, visit: Visit) -> Response:
    if not page.is_for_somebody:
        return await page.handler(visit)
    who = visit.holder if page.for_holders else visit.operator
    if who is None and page.is_live:
        return ended()
    if who is None:
        then = {NEXT: quote(visit.request.url.path), UNSENT: "1" if visit.posted else ""}
        return RedirectResponse(visit.url_with(visit.site.sign_in, then), 303)
    if isinstance(who, Operator) and page.role is not None and not who.may(page.role):
        raise NotAllowed
    return await page.handler(visit, who)


def signed_out(session: Session) -> Session:
    """Turns a session that has ended into a visitor's, with the same id."""
    return Session(session.id, Visitor(key_of(session.id)))


@dataclass(slots=True)
class Visit:
    """One request for a page."""

    site: Site
    page: Page
    language: Language
    request: Request
    session: Session
    _needs_session: bool = False

    @property
    def posted(self) -> bool:
        return self.request.method == "POST"

    @property
    def holder(self) -> Holder | None:
        return self.session.holder

    @property
    def operator(self) -> Operator | None:
        return self.session.operator

    @property
    def client(self) -> str:
        """Where the request comes from, as far as the proxies that we trust know it.

        Of an IPv6 address the network: who has one address has all of its /64.
        """
        return network(self.request.client.host) if self.request.client else ""

    @property
    def viewer(self) -> Viewer:
        """The viewer of this page's live parts."""
        return Viewer(self.session.visitor.key, self._is_still_signed_in)

    async def _is_still_signed_in(self) -> bool:
        """Whether the session stands for whom it stood for when the request came."""
        if self.holder is None and self.operator is None:
            return True
        now = await self.site.session(self.session.id, is_use=False)
        return (now.holder, now.operator) == (self.holder, self.operator)

    def translate(self, text: str) -> str:
        return self.site.translations[self.language].gettext(text)

    def parameter(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def asked(self, name: str) -> str:
        """A value of the query."""
        return self.request.query_params.get(name, "")

    def url(self, name: str, **parameters: str) -> str:
        return self.site.url(name, self.language, **parameters)

    def url_with(self, name: str, query: Mapping[str, str]) -> str:
        given = {key: value for key, value in query.items() if value}
        return self.url(name) + (f"?{urlencode(given)}" if given else "")

    def in_language(self, language: Language) -> str:
        """This page in another language."""
        return self.site.url(self.page.name, language, **self.request.path_params)

    def safe_next(self, given: str) -> str | None:
        """An address that a form names, if it is that of a page for those who are signed in."""
        for page in self.site.pages:
            if page.is_for_somebody and not page.is_live:
                for language in Language:
                    if compile_path(page.path(language).rstrip("/"))[0].fullmatch(given):
                        return given
        return None

    def ticket(self) -> str:
        """A ticket for a form on this page; the browser gets a session with it."""
        self._needs_session = True
        return self.site.tickets.issue(self.session.id)

    async def form(self) -> FormData:
        """The form that was sent. Raises `Forged` where its ticket is not one of this browser."""
        form = await self.request.form(max_files=0, max_fields=MOST_FIELDS)
        if self.site.tickets.submission_id(self.session.id, form.get(tickets.FIELD)) is None:
            raise Forged
        return form

    async def form_with_files(self, most_bytes: int) -> tuple[FormData, list[Uploaded]]:
        """The same of a form that may bring files, none longer than `most_bytes`.

        Its ticket stands before its files. Raises `Forged`, HTTPException.
        """
        if not self.request.headers.get("content-type", "").lower().startswith(MULTIPART):
            return await self.form(), []

        def may_begin(before: FormData) -> None:
            self.submission_id(before)

        form, files = await form_with_files(
            self.request,
            self.site.places_for_files,
            may_begin,
            client=self.client,
            most_bytes=most_bytes,
        )
        self.submission_id(form)
        return form, files

    def submission_id(self, form: FormData) -> str:
        found = self.site.tickets.submission_id(self.session.id, form.get(tickets.FIELD))
        if found is None:
            raise Forged
        return found

    def take(self, session: Session) -> None:
        """Continue under another session, which the browser gets with the answer."""
        self.session = session
        self._needs_session = True

    def keep_session(self, response: Response) -> None:
        if self.session.is_new and self._needs_session:
            response.set_cookie(
                self.site.cookie,
                self.session.id,
                secure=self.site.secure,
                httponly=True,
                samesite="lax",
                path="/",
            )

    def template(self, name: str) -> Template:
        return self.site.environments[self.language].get_template(name)

    def html(self, name: str, **context: Any) -> str:
        """A template filled in with what every page has and `context`."""
        theme = self.request.cookies.get("theme", "")
        return self.template(name).render(
            visit=self,
            url=self.url,
            static=self.site.static.url,
            language=self.language,
            holder=self.holder,
            operator=self.operator,
            theme=theme if theme in THEMES else "",
            brand=self.site.brand,
            **context,
        )

    def show(self, name: str, status: int = 200, **context: Any) -> Response:
        return HTMLResponse(self.html(name, **context), status)

    def see(self, name: str, **parameters: str) -> Response:
        """Send the browser to another page, which it loads by a GET."""
        return RedirectResponse(self.url(name, **parameters), 303)


def bound(pages: Sequence[Page], with_first: Any) -> tuple[Page, ...]:
    """The same pages with `with_first` as the first argument of their handlers."""

    def taking(handler: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        async def called(*arguments: Any) -> Response:
            return await handler(with_first, *arguments)

        return called

    return tuple(replace(it, handler=taking(it.handler)) for it in pages)


def network(client: str) -> str:
    """Returns the client's network for limits: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        found = ip_address(client)
    except ValueError:
        return client
    if isinstance(found, IPv4Address):
        return client
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, 64), strict=False))
