"""A frozen model with some of its fields changed, at a third of the cost of `model_copy`."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)

_set = object.__setattr__


def changed(model: Model, changes: dict[str, Any]) -> Model:
    """`model.model_copy(update=changes)` of a model without extra and without private fields.

    What is changed is not validated. The copy shares all other values, which are frozen too.
    """
    kind = type(model)
    copied = kind.__new__(kind)
    _set(copied, "__dict__", {**model.__dict__, **changes})
    _set(copied, "__pydantic_extra__", None)
    _set(copied, "__pydantic_fields_set__", model.__pydantic_fields_set__ | changes.keys())
    _set(copied, "__pydantic_private__", None)
    return copied
