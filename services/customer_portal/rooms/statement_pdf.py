"""The statement as a PDF (F15): the same rows and sums as the page, on A4, to keep or to print."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from services.customer_portal.rooms.statement import Statement
from services.customer_portal.rooms.words import AGE, BOOKING
from shared.events.values import Language
from shared.typesetting.fonts import BOLD, REGULAR, NotPrintable, lines, register
from shared.web.languages import N_, Formats

_MARGIN = 20 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_ACCENT, _TEXT, _MUTED, _RULE = map(HexColor, ("#1f3a5f", "#1c1c1c", "#5b6470", "#d5dae1"))
_PADDING = 6.0
"""Points on the inner side of a cell."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A statement's words beside its sums."""

    company: str
    customer_id: str
    as_of: date
    complete: bool
    language: Language
    translate: Callable[[str], str]


def statement_pdf(statements: Sequence[Statement], sheet: Sheet) -> bytes:
    """Equal statements give equal bytes."""
    register()
    out = BytesIO()
    title = sheet.translate(N_("Statement of account"))

    def foot(canvas: Canvas, template: SimpleDocTemplate) -> None:
        canvas.saveState()
        canvas.setFont(REGULAR, 8)
        canvas.setFillColor(_MUTED)
        page = sheet.translate(N_("Page %(page)s")) % {"page": template.page}
        canvas.drawRightString(A4[0] - _MARGIN, 12 * mm, page)
        canvas.restoreState()

    template = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN - _PADDING,
        rightMargin=_MARGIN - _PADDING,
        topMargin=18 * mm,
        bottomMargin=20 * mm,
        title=title,
        author=sheet.company,
        lang=sheet.language.value,
        initialFontName=REGULAR,
        invariant=1,
    )
    story = [*_head(title, sheet)]
    for statement in statements:
        story += _of_currency(statement, sheet)
    template.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _head(title: str, sheet: Sheet) -> Iterable[Flowable]:
    day = Formats(sheet.language).day(sheet.as_of.isoformat())
    until = sheet.translate(N_("Everything that billing has booked until the end of %(day)s."))
    yield _set(sheet.company, _COMPANY)
    yield _set(title, _TITLE)
    yield _set(until % {"day": day}, _BODY)
    customer = sheet.translate(N_("Customer"))
    yield _set(f"{customer}: {sheet.customer_id}", _BODY)
    if not sheet.complete:
        missing = N_("Some bookings have not reached us yet, so the balance may still change.")
        yield _set(sheet.translate(missing), _BODY)


def _of_currency(statement: Statement, sheet: Sheet) -> list[Flowable]:
    formats, say = Formats(sheet.language), sheet.translate

    def money(amount: Decimal) -> str:
        return formats.money({"amount": str(amount), "currency": statement.currency})

    balance = say(N_("Balance"))
    heading = f"{balance} {money(statement.balance)}"
    story: list[Flowable] = [Spacer(1, 6 * mm), _set(heading, _HEADING)]
    if statement.disagreement:
        differs = statement.disagreement
        words = N_(
            "Billing states a balance of %(stated)s as of %(day)s, but its bookings add up to"
            " %(booked)s. Please ask us which one holds."
        )
        stated, booked = money(differs.stated), money(differs.booked)
        values = {"stated": stated, "booked": booked, "day": formats.day(differs.as_of)}
        story.append(_set(say(words) % values, _BODY))
    ages = [(say(AGE[name]), money(amount)) for name, amount in statement.ageing.items()]
    if statement.credit:
        beyond = say(N_("Paid or credited beyond any invoice"))
        ages.append((beyond, money(-statement.credit)))
    story.append(_table(ages, (0.7, 0.3)))
    if statement.open_items:
        heads = (N_("Number"), N_("Due on"), N_("Total"), N_("Open amount"))
        open_items = [
            (it.number, formats.day(it.due_on), money(it.total), money(it.open))
            for it in statement.open_items
        ]
        story += _headed(say(N_("Open invoices")))
        story.append(_table(open_items, (0.34, 0.26, 0.18, 0.22), tuple(map(say, heads)), ends=2))
    heads_ = (N_("Booked on"), N_("Booking"), N_("Number"), N_("Amount"), N_("Balance"))
    rows = [
        (
            formats.day(row.booked_on),
            say(BOOKING[row.type]),
            row.number,
            money(row.amount),
            money(row.balance),
        )
        for row in statement.rows
    ]
    story += _headed(say(N_("Every booking")))
    story.append(_table(rows, (0.26, 0.2, 0.2, 0.17, 0.17), tuple(map(say, heads_)), ends=2))
    return story


def _headed(text: str) -> list[Flowable]:
    """A heading, never alone at the foot of a page."""
    return [Spacer(1, 5 * mm), CondPageBreak(30 * mm), _set(text, _SUBHEADING)]


def _table(
    rows: Sequence[Sequence[str]],
    shares: Sequence[float],
    heads: Sequence[str] = (),
    *,
    ends: int = 1,
) -> Table:
    """The last `ends` columns are amounts; the heads are repeated on every page."""
    first_amount = len(shares) - ends

    def cells(row: Sequence[str], left: ParagraphStyle, right: ParagraphStyle) -> list[Paragraph]:
        return [
            _set(text, left if at < first_amount else right, _WIDTH * shares[at] - _PADDING)
            for at, text in enumerate(row)
        ]

    table = [cells(heads, _HEAD, _HEAD_END)] if heads else []
    table += [cells(row, _CELL, _CELL_END) for row in rows]
    return Table(
        table,
        colWidths=[_WIDTH * share for share in shares],
        repeatRows=1 if heads else 0,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, _RULE),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
            ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 1.2 * mm),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.6 * mm),
        ],
    )


def _set(text: str, style: ParagraphStyle, width: float = _WIDTH) -> Paragraph:
    """The text; what the typeface lacks is written by its code points, never left out."""
    try:
        ordered = lines(text, style.fontName, style.fontSize, width)
    except NotPrintable:
        ordered = [text.encode("ascii", "backslashreplace").decode()]
    return Paragraph("<br/>".join(map(escape, ordered)), style)


def _style(name: str, size: float, **more: object) -> ParagraphStyle:
    given = {"fontName": REGULAR, "textColor": _TEXT, **more}
    return ParagraphStyle(name, fontSize=size, leading=size * 1.35, **given)


_COMPANY = _style("company", 11, fontName=BOLD, textColor=_ACCENT, spaceAfter=6)
_TITLE = _style("title", 18, fontName=BOLD, textColor=_ACCENT, spaceAfter=4)
_BODY = _style("body", 9.5, spaceAfter=2)
_HEADING = _style("heading", 13, fontName=BOLD, textColor=_ACCENT, spaceAfter=4)
_SUBHEADING = _style("subheading", 10.5, fontName=BOLD, textColor=_ACCENT, spaceAfter=3)
_HEAD = _style("head", 8.5, fontName=BOLD, textColor=_MUTED)
_HEAD_END = _style("head_end", 8.5, fontName=BOLD, textColor=_MUTED, alignment=2)
_CELL = _style("cell", 8.5)
_CELL_END = _style("cell_end", 8.5, alignment=2)
