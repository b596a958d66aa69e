"""A plain copy of an invoice or credit note, where billing publishes no document. It says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared.events.values import Language
from shared.mongo.client import Document
from shared.web.languages import N_, Formats

TITLES = {False: N_("Invoice"), True: N_("Credit note")}
MARK = N_("Plain copy for your information: it does not replace the document itself.")


def plain_copy(
    booking: Document,
    number: str,
    language: Language,
    translate: Callable[[str], str],
    *,
    credit: bool,
) -> bytes:
    """UTF-8 text in one language."""
    formats = Formats(language)
    lines = _lines(booking, number, formats, translate, credit=credit)
    return ("\n".join(lines) + "\n").encode()


def _lines(
    booking: Document,
    number: str,
    formats: Formats,
    translate: Callable[[str], str],
    *,
    credit: bool,
) -> Iterator[str]:
    yield f"{translate(TITLES[credit])} {number}"
    yield translate(MARK)
    yield ""
    for label, field in ((N_("Issued on"), "issued_on"), (N_("Due on"), "due_on")):
        if field in booking:
            yield f"{translate(label)}: {formats.day(booking[field])}"
    for it in booking["lines"]:
        about = f" ({it['contract_number']})" if it.get("contract_number") else ""
        yield f"{it['line']}. {it['description']}{about}"
        yield f"   {it['quantity']} × · {formats.money(it['net'])} · {it['tax_rate']} %"
    yield ""
    yield f"{translate(N_('Net'))}: {formats.money(booking['net'])}"
    for it in booking["taxes"]:
        yield f"{translate(N_('Tax'))} {it['tax_rate']} %: {formats.money(it['tax'])}"
    yield f"{translate(N_('Total'))}: {formats.money(booking['total'])}"
