"""The result as people read it: one table, what is wrong beside what was expected, one last line.

Nothing is cut off at any width: what does not fit is wrapped.
"""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from desk.demo.story import Expected
from desk.demo.verdict import JudgedRow, Verdict
from desk.demo.watch import WatchedRecord
from shared.events.topics import TOPICS

WIDE = 110
"""From this width on, in characters, the reference has a column of its own."""
MEDIUM = 76
"""From this width on, in characters, there are columns at all, and not only lines."""
BACKSTAGE = frozenset({"recorded", "status_changed"})
LONGEST_WORD = len("withdrawal_refused")
LONGEST_DATE = len("effective 2026-12-31")


def show(verdict: Verdict, seconds: float, out: Console) -> None:
    """Print the table, the faults that belong to no row, and the closing line."""
    out.print(_table(verdict, out.width))
    for fault in verdict.faults:
        out.print(Text(f"wrong: {fault}", style="red"))
    out.print(closing_line(verdict, seconds))


def closing_line(verdict: Verdict, seconds: float) -> Text:
    good = len(verdict.rows) - len(verdict.wrong)
    all_outcomes = len(TOPICS["desk.cancellations"].events)
    line = (
        f"{good} of {len(verdict.rows)} rows ok: {verdict.requests} requests, "
        f"{verdict.outcomes} of {all_outcomes} cancellation outcomes, {verdict.events} events, "
        f"{verdict.mails} mails, {seconds:.1f} s"
    )
    return Text(line, style="bold red" if verdict.exit_code else "bold green")


def _table(verdict: Verdict, width: int) -> Table:
    """Reference and details have columns of their own as far as there is room for them."""
    wide, medium = width >= WIDE, width >= MEDIUM
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("", width=len("wrong"))
    table.add_column("request", overflow="fold", ratio=1)
    if wide:
        table.add_column("reference", no_wrap=True)
    if medium:
        room = LONGEST_WORD + 1 + (LONGEST_DATE * 3 // 2 if wide else LONGEST_DATE)
        table.add_column("outcome, with dates and details", overflow="fold", width=room)
        table.add_column("mails", justify="right", width=len("mails"))
    for judged in verdict.rows:
        reference = Text(judged.reference or "")
        if wide:
            cells: list[Text | Table] = [_request(judged, None), reference, _side_by_side(judged)]
        elif medium:
            cells = [_request(judged, judged.reference), _side_by_side(judged)]
        else:
            cells = [_all_below(judged)]
        mails = [Text(str(judged.mails))] if medium else []
        table.add_row(_mark(judged), *cells, *mails)
    return table


def _mark(judged: JudgedRow) -> Text:
    return Text("wrong", style="bold red") if judged.faults else Text("ok", style="green")


def _request(judged: JudgedRow, reference: str | None) -> Text:
    text = Text(judged.row.title)
    if reference:
        text.append(f"\n{reference}", style="dim")
    for fault in judged.faults:
        text.append(f"\n{fault}", style="red")
    return text


def _side_by_side(judged: JudgedRow) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(style="bold", width=LONGEST_WORD, no_wrap=True)
    grid.add_column(overflow="fold")
    for word, said in _outcomes(judged):
        grid.add_row(Text(word), Text(said))
    return grid


def _all_below(judged: JudgedRow) -> Text:
    text = _request(judged, judged.reference)
    for word, said in _outcomes(judged):
        text.append(f"\n{word}", style="bold")
        text.append(f"\n{said}" if said else "")
    return text.append(f"\nmails: {judged.mails}")


def _outcomes(judged: JudgedRow) -> list[tuple[str, str]]:
    """The answers, in one word each, with the fields that the row shows."""
    return [(record.word, details(expected, record)) for expected, record in _shown(judged)]


def _shown(judged: JudgedRow) -> list[tuple[Expected, WatchedRecord]]:
    came = [(expected, record) for expected, record in judged.came if record is not None]
    return [pair for pair in came if not _backstage(judged, pair[1])] or came


def _backstage(judged: JudgedRow, record: WatchedRecord) -> bool:
    """Whether a row that has anything else to show leaves this out."""
    its_own = record.facts.get("inquiry_id") == judged.row.about
    return record.word in BACKSTAGE or (record.word == "opened" and its_own)


def details(expected: Expected, record: WatchedRecord) -> str:
    """The fields that the row shows, as they came: dates, causes, faulty fields."""
    shown = ((label, _plain(record.facts.get(name))) for label, name in expected.shows)
    return ", ".join(f"{label} {value}".strip() for label, value in shown if value)


def _plain(value: Any) -> str:
    """A date of an instant, the fields of a list of faults, else the value itself."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(item["field"] if isinstance(item, dict) else item) for item in value)
    text = str(value)
    return text[:10] if len(text) > 10 and text[4:5] == "-" and text[10:11] == "T" else text
