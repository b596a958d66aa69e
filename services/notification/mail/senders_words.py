"""How much of a sender's own words a mail to an address that is not the registered one repeats.

The desk must be no use to somebody who wants a text of theirs delivered to a stranger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST_CHARACTERS = 500
_CUT = "…"


class SendersWords:
    """Cuts one mail's words to `MOST_CHARACTERS` in all: what comes first is kept first."""

    def __init__(self) -> None:
        self._left = MOST_CHARACTERS
        self.were_cut = False

    def cut(self, text: str | None) -> str | None:
        """As much of `text` as may still be said; a text that is cut ends in `…`."""
        if text is None or len(text) <= self._left:
            self._left -= len(text or "")
            return text
        kept, self._left, self.were_cut = text[: self._left], 0, True
        return kept + _CUT

    def cut_inquiry(self, inquiry: Mapping[str, Any]) -> dict[str, Any]:
        """Its subject and its contact."""
        contact = {name: self.cut(value) for name, value in inquiry["contact"].items()}
        return {**inquiry, "contact": contact, "subject": self.cut(inquiry["subject"])}

    def cut_details(self, details: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Those that a mail shows; each value counts, whatever field it was put into."""
        return [{**detail, "value": self.cut(str(detail["value"]))} for detail in details]
