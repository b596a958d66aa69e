"""The frequently asked questions of the help page, each with the requests that it belongs to (F5).

The answers stand in `templates/faq/<language>.html`, a macro for each question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from shared.events.choices import RequestType
from shared.web.languages import N_
from shared.web.pages import Visit

CONTRACTS, ORDERS = RequestType.CONTRACTS, RequestType.ORDERS_AND_DELIVERIES
INVENTORY, INVOICES = (
    RequestType.INVENTORY_AND_MAINTENANCE,
    RequestType.INVOICES_AND_PAYMENTS,
)


@dataclass(frozen=True, slots=True)
class FaqEntry:
    """`name` is its macro in the templates and its place on the page."""

    name: str
    text: str
    topics: tuple[RequestType, ...]


QUESTIONS = (
    FaqEntry("register", N_("How do I register to use contracts online?"), (CONTRACTS,)),
    FaqEntry("ask", N_("How do I make an inquiry online?"), tuple(RequestType)),
    FaqEntry("identity", N_("Why do I need to register?"), (CONTRACTS, INVOICES)),
    FaqEntry(
        "maintenance",
        N_("Whom do I ask about hardware or software maintenance contracts?"),
        (INVENTORY,),
    ),
    FaqEntry("support", N_("Whom can I talk to about service support?"), (INVENTORY,)),
    FaqEntry("copy", N_("How do I get a copy of a contract?"), (CONTRACTS,)),
    FaqEntry("licence", N_("How do I cancel a software licence?"), (CONTRACTS, INVOICES)),
    FaqEntry(
        "cancel_maintenance",
        N_("How do I cancel a maintenance contract?"),
        (CONTRACTS, INVENTORY),
    ),
    FaqEntry("servicepac", N_("How do I activate a ServicePac contract?"), (CONTRACTS,)),
    FaqEntry("orders", N_("Where is my order?"), (ORDERS,)),
    FaqEntry("invoices", N_("How do I get an invoice or a credit note?"), (INVOICES,)),
    FaqEntry(
        "other",
        N_("What if my question about a contract is not answered here?"),
        tuple(RequestType),
    ),
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A question as a page shows it."""

    name: str
    question: str
    answer: Markup


def answered(visit: Visit, context: dict[str, object]) -> list[Answered]:
    """All questions with their answers, in the language of the visit."""
    module = visit.template(f"faq/{visit.language}.html").make_module({"url": visit.url, **context})
    return [
        Answered(it.name, visit.translate(it.text), getattr(module, it.name)()) for it in QUESTIONS
    ]


def about(found: Sequence[Answered], topic: RequestType) -> list[Answered]:
    names = {it.name for it in QUESTIONS if topic in it.topics}
    return [it for it in found if it.name in names]


def matching(found: Sequence[Answered], words: str) -> list[Answered]:
    """The questions that have all of these words in them or in their answers."""
    wanted = plain(words).split()
    return [
        it
        for it in found
        if all(word in plain(f"{it.question} {it.answer.striptags()}") for word in wanted)
    ]


def plain(text: str) -> str:
    """Letters without accents and case, so that `cancelacion` finds `Cancelación`."""
    split = unicodedata.normalize("NFD", text.casefold())
    return re.sub(r"[\u0300-\u036f]", "", split)
