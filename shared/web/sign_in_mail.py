"""Mails about signing in: a one-time code, a passkey that was added or removed.

The application hands them in itself, since no topic ever carries a code (ADR 0013). They are sent
beside the request, so that a page takes as long for an address that nobody has registered as for
one that somebody has.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, parseaddr

import structlog

from shared.events.mail_address import mailable
from shared.events.values import Language
from shared.mail.smtp import Mailer, MailRefused
from shared.web.settings import WebSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Words:
    """A mail's text, by language, with places such as `{code}`, and the company's data."""

    subjects: Mapping[Language, str]
    texts: Mapping[Language, str]


SUBJECTS = {
    Language.ES: "Su código para entrar: {code}",
    Language.EN: "Your code to sign in: {code}",
}
TEXTS = {
    Language.ES: """\
Su código para entrar en {company} es:

    {code}

Sirve una sola vez, durante 10 minutos, en el navegador en el que lo ha pedido.

Si no lo ha pedido usted, no tiene que hacer nada: nadie puede entrar sin este código. No se lo dé
a nadie; nunca se lo pediremos por teléfono ni por correo.

{company} · {phone} (desde el extranjero: {abroad})
""",
    Language.EN: """\
Your code to sign in to {company} is:

    {code}

It works once, for 10 minutes, in the browser in which you asked for it.

If you did not ask for it, you need not do anything: nobody can sign in without this code. Do not
give it to anybody; we will never ask for it on the phone or by mail.

{company} · {phone} (from abroad: {abroad})
""",
}
SIGN_IN = Words(SUBJECTS, TEXTS)
PASSKEY_ADDED = Words(
    {
        Language.ES: "Se ha añadido una llave de acceso",
        Language.EN: "A passkey was added",
    },
    {
        Language.ES: """\
Desde ahora se puede entrar en {company} con una nueva llave de acceso:

    {name}
    añadida el {at}

Si no la ha añadido usted, entre con un código, quítela en «Mis datos», «Llaves de acceso»,
y llámenos.

{company} · {phone} (desde el extranjero: {abroad})
""",
        Language.EN: """\
From now on, a new passkey signs in to {company}:

    {name}
    added on {at}

If you did not add it, sign in with a code, remove it under “My details”, “Passkeys”, and call us.

{company} · {phone} (from abroad: {abroad})
""",
    },
)
PASSKEY_REMOVED = Words(
    {
        Language.ES: "Se ha quitado una llave de acceso",
        Language.EN: "A passkey was removed",
    },
    {
        Language.ES: """\
Ya no se puede entrar en {company} con esta llave de acceso:

    {name}
    quitada el {at}

El código por correo electrónico sigue sirviendo. Si no la ha quitado usted, llámenos.

{company} · {phone} (desde el extranjero: {abroad})
""",
        Language.EN: """\
This passkey no longer signs in to {company}:

    {name}
    removed on {at}

The code by e-mail still works. If you did not remove it, call us.

{company} · {phone} (from abroad: {abroad})
""",
    },
)
TRIES, PAUSE_SECONDS = 3, 2.0


def code_mail(
    settings: WebSettings, language: Language, address: str, code: str, words: Words = SIGN_IN
) -> EmailMessage:
    """The mail, in the language of the page on which the code was asked for."""
    return sign_in_mail(settings, language, address, words, {"code": f"{code[:4]} {code[4:]}"})


def sign_in_mail(
    settings: WebSettings, language: Language, address: str, words: Words, said: Mapping[str, str]
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = settings.mail_from
    mail["To"] = address
    mail["Subject"] = words.subjects[language].format(**said)
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = f"<sign-in.{uuid.uuid4()}@{settings.message_id_domain}>"
    mail["Content-Language"] = language.value
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(
        words.texts[language].format(
            company=settings.company_name,
            phone=settings.company_phone,
            abroad=settings.company_phone_from_abroad,
            **said,
        )
    )
    return mail


class CodeMails:
    """Sends mails in the background; a code that cannot be sent is asked for again."""

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        timeout = settings.smtp_timeout_seconds
        self._sender = parseaddr(settings.mail_from)[1]
        self._mailer = Mailer(settings.mail_server, connections=2, unreported=2, timeout=timeout)
        self._sending: set[asyncio.Task[None]] = set()

    def send(self, language: Language, address: str, code: str, *, words: Words = SIGN_IN) -> None:
        """Sends the mail in the background."""
        self._begin(address, lambda to: code_mail(self._settings, language, to, code, words))

    def tell(self, language: Language, address: str, words: Words, said: Mapping[str, str]) -> None:
        """Sends a notice about a person's sign-in in the background."""
        self._begin(address, lambda to: sign_in_mail(self._settings, language, to, words, said))

    def _begin(self, address: str, made: Callable[[str], EmailMessage]) -> None:
        task = asyncio.create_task(self._send(address, made))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, address: str, made: Callable[[str], EmailMessage]) -> None:
        recipient = mailable(address)
        if recipient is None:  # a profile of an earlier release
            return
        mail = made(recipient).as_bytes()
        for attempt in range(1, TRIES + 1):
            try:
                async with AsyncExitStack() as until_sent:
                    await self._mailer.send(self._sender, recipient, mail, until_sent)
            except MailRefused as refused:
                log.warning(
                    "a mail about signing in was not sent", why=refused.error, attempt=attempt
                )
                if refused.permanent:
                    return
                await asyncio.sleep(PAUSE_SECONDS * attempt)
            else:
                return

    async def close(self) -> None:
        """Finish what is being sent."""
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._mailer.close()
