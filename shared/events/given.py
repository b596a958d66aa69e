"""Fields as somebody outside the desk gave them: what is null or blank was not given."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel, model_validator

from shared.events.text import is_absent


class Given(BaseModel):
    """A null or blank optional field counts as absent, in forms and in upstream records alike."""

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_absent(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        absent = [it for it in _optional(cls) if it in given and is_absent(given[it])]
        return {it: given[it] for it in given if it not in absent} if absent else given


@cache
def _optional(model: type[Given]) -> tuple[str, ...]:
    """The names of its fields that need not be given."""
    return tuple(it for it, field in model.model_fields.items() if not field.is_required())
