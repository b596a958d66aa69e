"""Reads a form and names every faulty field at once (F2).

The rules are those of the event that the form becomes, with the codes of `desk.rejections`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from shared.events.envelope import Event
from shared.events.error_codes import ErrorCode, code_of
from shared.events.text import is_blank
from shared.web.languages import N_

MESSAGES: Mapping[ErrorCode, str] = {
    ErrorCode.MISSING: N_("Fill in this field"),
    ErrorCode.WRONG_TYPE: N_("Check this field"),
    ErrorCode.WRONG_FORMAT: N_("Check how this is written"),
    ErrorCode.TOO_LONG: N_("Make this shorter"),
    ErrorCode.TOO_SHORT: N_("Fill in this field"),
    ErrorCode.NOT_ALLOWED: N_("Choose one of the options"),
    ErrorCode.CONSENT_MISSING: N_("Without this consent we cannot complete the registration"),
    ErrorCode.TOO_FAR_AHEAD: N_("Choose a date within 366 days"),
}
OTHERWISE = N_("Check this field")
NO_WORDS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class FormFault:
    """A faulty field of a form, and a message that is still to be translated."""

    field: str
    message: str


@dataclass(slots=True)
class Form:
    """The values that a form shows, and its faults in the order of its fields."""

    values: dict[str, str] = field(default_factory=dict)
    faults: list[FormFault] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def fault(self, name: str) -> FormFault | None:
        return next((it for it in self.faults if it.field == name), None)

    def add(self, name: str, message: str) -> None:
        """One fault a field, the first one found."""
        if self.fault(name) is None:
            self.faults.append(FormFault(name, message))

    def judge(
        self,
        model: type[Event],
        data: Mapping[str, Any],
        names: Mapping[str, str],
        words: Mapping[str, str] = NO_WORDS,
    ) -> None:
        """Add what the event's model finds. `names`: by dotted path, the form's field.

        `words`: by the form's field, what is said of any fault of it in place of the code's words.
        """
        try:
            model.model_validate(data)
        except ValidationError as invalid:
            for error in invalid.errors(include_url=False, include_context=False):
                path = ".".join(map(str, error["loc"]))
                name = names.get(path, path)
                self.add(name, words.get(name) or MESSAGES.get(code_of(error), OTHERWISE))

    def require(self, messages: Mapping[str, str]) -> None:
        """Add a fault for each of these fields that is blank."""
        for name, message in messages.items():
            if is_blank(self[name]):
                self.add(name, message)

    def in_order(self, names: Iterable[str]) -> None:
        """Sort the faults as the fields stand on the page."""
        order = {name: number for number, name in enumerate(names)}
        self.faults.sort(key=lambda it: order.get(it.field, len(order)))


def given(form: FormData) -> Form:
    """The texts of a form that was sent; the last one of each field."""
    return Form({name: value for name, value in form.multi_items() if isinstance(value, str)})


def text(form: Form, name: str) -> str | None:
    """A field's text as an event carries it: nothing where it is blank."""
    return None if is_blank(form[name]) else form[name].replace("\r\n", "\n")
