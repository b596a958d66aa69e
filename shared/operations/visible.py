"""Strangers' texts made harmless for those who read them.

A text must neither steer a terminal, nor show another order than it has, nor hide anything.
"""

from __future__ import annotations

import json
import re

STEERING = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f"
)
"""C0 but tab and line feed, C1, line and paragraph separators, what changes the direction of
writing, and what is invisible on its own."""
_STEERING = re.compile(f"[{STEERING}]")


def plain(text: str) -> str:
    """The text with `�` for each such character; line breaks and tabs stay."""
    return _STEERING.sub("�", text.replace("\r\n", "\n"))


def escaped(text: str) -> str:
    """The text with each such character as JSON escapes it (`\\u202e`)."""
    return _STEERING.sub(lambda found: json.dumps(found[0])[1:-1], text)
