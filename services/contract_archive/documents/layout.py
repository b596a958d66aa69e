"""How the archive's documents look: A4, letterhead, cover line, tables of labelled values."""

from dataclasses import dataclass
from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from services.contract_archive.documents.archival import archivable
from shared.typesetting.fonts import BOLD, REGULAR, lines, one_line, register, tidy

Rows = tuple[tuple[str, str], ...]
"""Labels and their values, in the order of the document."""

_MARGIN = 22 * mm
_CELL_PADDING = 6  # points, reportlab's own on the inner side of a cell
_FRAME_PADDING = 6  # points, reportlab's own on each side
_TEXT_WIDTH = A4[0] - 2 * _MARGIN
_LABEL_WIDTH = 48 * mm
_HEADER_Y = A4[1] - 18 * mm
_FOOTER_Y = 13 * mm

_ACCENT, _TEXT, _MUTED = HexColor("#1f3a5f"), HexColor("#1c1c1c"), HexColor("#5b6470")
_RULE, _SHADE = HexColor("#d5dae1"), HexColor("#f2f5f9")


@dataclass(frozen=True)
class DocumentLayout:
    """Everything one document says, as plain text: nothing in it is markup."""

    language: str
    company_name: str
    company_address: str
    title: str
    subtitle: str
    cover_line: str
    sections: tuple[tuple[str, Rows], ...]
    page_of: str
    """With `{page}` and `{pages}`."""


def lay_out(document: DocumentLayout) -> bytes:
    """The document as PDF/A-3b; equal documents give equal bytes.

    It is laid out twice, because the footers name the number of pages. Raises `NotPrintable`.
    """
    register()
    pages, _ = _build(document, pages=0)
    _, laid_out = _build(document, pages)
    return archivable(laid_out, title=_title_of(document), author=tidy(document.company_name))


def _build(document: DocumentLayout, pages: int) -> tuple[int, bytes]:
    def letterhead(canvas: Canvas, template: SimpleDocTemplate) -> None:
        _draw_letterhead(canvas, document, template.page, pages)

    out = BytesIO()
    template = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN - _FRAME_PADDING,
        rightMargin=_MARGIN - _FRAME_PADDING,
        topMargin=30 * mm,
        bottomMargin=25 * mm,
        title=_title_of(document),
        author=tidy(document.company_name),
        lang=document.language,
        initialFontName=REGULAR,
        # Without a time stamp or a random id, and independent of the compressor's version.
        invariant=1,
        pageCompression=0,
    )
    template.build(_story(document), onFirstPage=letterhead, onLaterPages=letterhead)
    return template.page, out.getvalue()


def _draw_letterhead(canvas: Canvas, document: DocumentLayout, page: int, pages: int) -> None:
    right = A4[0] - _MARGIN
    canvas.saveState()
    canvas.setFillColor(_ACCENT)
    canvas.setFont(BOLD, 11)
    canvas.drawString(_MARGIN, _HEADER_Y, _fitting(document.company_name, BOLD, 11, _TEXT_WIDTH))
    canvas.setStrokeColor(_ACCENT)
    canvas.setLineWidth(1.2)
    canvas.line(_MARGIN, _HEADER_Y - 3 * mm, right, _HEADER_Y - 3 * mm)

    page_label = document.page_of.format(page=page, pages=pages)
    address_width = _TEXT_WIDTH - stringWidth(page_label, REGULAR, 8) - 6 * mm
    canvas.setStrokeColor(_RULE)
    canvas.setLineWidth(0.5)
    canvas.line(_MARGIN, _FOOTER_Y + 5 * mm, right, _FOOTER_Y + 5 * mm)
    canvas.setFillColor(_MUTED)
    canvas.setFont(REGULAR, 8)
    canvas.drawString(
        _MARGIN, _FOOTER_Y, _fitting(document.company_address, REGULAR, 8, address_width)
    )
    canvas.drawRightString(right, _FOOTER_Y, page_label)
    canvas.restoreState()


def _story(document: DocumentLayout) -> list[Flowable]:
    story: list[Flowable] = [
        _paragraph(document.title, _TITLE, _TEXT_WIDTH),
        _paragraph(document.subtitle, _SUBTITLE, _TEXT_WIDTH),
        Spacer(1, 5 * mm),
        _cover_line(document.cover_line),
    ]
    for heading, rows in document.sections:
        story += [
            Spacer(1, 7 * mm),
            CondPageBreak(30 * mm),  # no heading alone at the foot of a page
            _paragraph(heading, _HEADING, _TEXT_WIDTH),
            _table(rows),
        ]
    return story


def _cover_line(text: str) -> Table:
    return Table(
        [[_paragraph(text, _COVER, _TEXT_WIDTH - 8 * mm)]],
        colWidths=[_TEXT_WIDTH],
        splitInRow=1,
        style=[
            ("BACKGROUND", (0, 0), (-1, -1), _SHADE),
            ("LINEBEFORE", (0, 0), (0, -1), 2.5, _ACCENT),
            ("LEFTPADDING", (0, 0), (-1, -1), 4 * mm),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4 * mm),
            ("TOPPADDING", (0, 0), (-1, -1), 3 * mm),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5 * mm),
        ],
    )


def _table(rows: Rows) -> Table:
    return Table(
        [
            [
                _paragraph(label, _LABEL, _LABEL_WIDTH - _CELL_PADDING),
                _paragraph(value, _VALUE, _TEXT_WIDTH - _LABEL_WIDTH - _CELL_PADDING),
            ]
            for label, value in rows
        ],
        colWidths=[_LABEL_WIDTH, _TEXT_WIDTH - _LABEL_WIDTH],
        splitInRow=1,  # a value may be longer than a page
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, _RULE),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
            ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 1.8 * mm),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2 * mm),
        ],
    )


def _title_of(document: DocumentLayout) -> str:
    return tidy(f"{document.title} {document.subtitle}")


def _paragraph(text: str, style: ParagraphStyle, width: float) -> Paragraph:
    ordered = lines(text, style.fontName, style.fontSize, width)
    return Paragraph("<br/>".join(map(escape, ordered)), style)


def _fitting(text: str, font: str, size: float, width: float) -> str:
    """The text, cut with an ellipsis where it would run out of its line."""
    whole = one_line(text, font)
    if stringWidth(whole, font, size) <= width:
        return whole
    kept = len(whole)
    while kept and stringWidth(whole[:kept] + "…", font, size) > width:
        kept -= 1
    return whole[:kept].rstrip() + "…"


def _style(name: str, size: float, **more: object) -> ParagraphStyle:
    given = {"fontName": REGULAR, "textColor": _TEXT, **more}
    return ParagraphStyle(name, fontSize=size, leading=size * 1.35, **given)


_TITLE = _style("title", 18, fontName=BOLD, textColor=_ACCENT)
_SUBTITLE = _style("subtitle", 11, textColor=_MUTED, spaceBefore=2)
_COVER = _style("cover", 9.5)
_HEADING = _style("heading", 11.5, fontName=BOLD, textColor=_ACCENT, spaceAfter=4)
_LABEL = _style("label", 9.5, textColor=_MUTED)
_VALUE = _style("value", 9.5)
