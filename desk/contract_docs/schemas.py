"""JSON Schemas of the events: draft 2020-12, as the wire has them.

An amount of money is a decimal string. An optional field is absent rather than null, so null is
not in the schema. Unknown fields are allowed, because readers ignore them.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from desk.contract_docs.closed_sets import meanings_of, open_set_of
from desk.contract_docs.glossary import meaning_of
from shared.events.choices import Word
from shared.events.envelope import Event
from shared.events.topics import EVENT_TYPES

DIALECT = GenerateJsonSchema.schema_dialect
MEANINGS = "x-meanings"
"""The keyword that says of each word in `enum` or `examples` what it means."""
DECIMAL_PATTERN = r"^-?[0-9]+(\.[0-9]+)?$"
READING_ORDER = ("title", "description", "type", "required", "properties", "$defs")


class WireSchema(GenerateJsonSchema):
    """Pydantic's schema, less what the wire does not have."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:  # noqa: ARG002 (pydantic's hook)
        return {"type": "string", "pattern": DECIMAL_PATTERN}

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        made = super().enum_schema(schema)
        if issubclass(schema["cls"], Word):
            made[MEANINGS] = meanings_of(schema["cls"])
        return made

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", ...) is None:
            del made["default"]
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 (pydantic's hook)
        return False


def schema_id(ce_type: str) -> str:
    """The `$id`: a name, not an address, because every operator hosts a desk of their own."""
    return f"urn:contract-desk:event:{ce_type}"


def event_schemas() -> dict[str, dict[str, Any]]:
    """The stand-alone JSON Schema of every event's data, by `ce_type`."""
    return {ce_type: _standalone(event) for ce_type, event in EVENT_TYPES.items()}


def _standalone(event: type[Event]) -> dict[str, Any]:
    body = described_schema(event, ref_template="#/$defs/{model}")
    return {"$schema": DIALECT, "$id": schema_id(event.ce_type), **body}


def described_schema(event: type[Event], *, ref_template: str) -> dict[str, Any]:
    """The schema of an event's data, titled by its `ce_type`, each field with its meaning."""
    body = event.model_json_schema(schema_generator=WireSchema, ref_template=ref_template)
    _describe_fields(body, event.ce_type)
    for name, part in body.get("$defs", {}).items():
        _describe_fields(part, name)
    body |= {"title": event.ce_type, "description": purpose_of(event)}
    return {name: body[name] for name in READING_ORDER if name in body}


def _describe_fields(body: dict[str, Any], owner: str) -> None:
    """Adds the meaning to every field that the model itself does not describe."""
    for name, part in body.get("properties", {}).items():
        meaning = meaning_of(owner, name)
        if meaning and "description" not in part:
            part["description"] = meaning
        if (found := open_set_of(owner, name)) and part.get("type") == "string":
            part |= {"examples": list(found.words), MEANINGS: found.words}


def purpose_of(event: type[Event]) -> str:
    """The event's docstring on one line, or its nearest ancestor's."""
    documented = next(base for base in event.__mro__ if base.__dict__.get("__doc__"))
    assert documented.__doc__
    return " ".join(documented.__doc__.split())
