"""Words that a newer release may add to a closed set, as its readers meet them.

In a rolling upgrade a service reads events of one that is already newer. A cause or a kind that it
does not know yet is no reason to give the event up: it is kept as it is, and equals none of the
words that this release knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator


class OpenToNewer:
    """Mixed into a `Word`: an unknown text is a member of its own, which the set does not list.

    For sets that only services write, and that a reader's decision does not hang on. What channels
    write is refused where it is unknown, and told to them.
    """

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, str) or not value:
            return None
        unknown = str.__new__(cls, value)  # type: ignore[type-var]
        unknown._name_ = unknown._value_ = value  # type: ignore[attr-defined]
        return unknown


Listed = TypeVar("Listed")


def _known(word: OpenToNewer) -> OpenToNewer:
    listed: Mapping[str, object] = type(word).__members__  # type: ignore[attr-defined]
    if listed.get(word.name) is not word:  # type: ignore[attr-defined]
        raise ValueError("a word of a newer release")
    return word


Known = Annotated[Listed, AfterValidator(_known)]
"""For the state that decisions rest on, where an unknown word is an error."""
