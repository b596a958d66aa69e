"""The contract's documents: valid, complete, and what the code says today."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from desk.contract_docs.__main__ import main
from desk.contract_docs.documents import documents, stale, write
from desk.contract_docs.glossary import MEANINGS, SPECIAL
from desk.contract_docs.goldens import read_goldens
from desk.contract_docs.schemas import event_schemas
from shared.events.topics import CATALOGUE, EVENT_TYPES

ROOT = Path(__file__).parents[2]
MADE = documents(read_goldens(ROOT))
PAGE = MADE["docs/events.md"]
ASYNCAPI: dict[str, Any] = yaml.load(MADE["docs/asyncapi.yaml"], yaml.CSafeLoader)
SCHEMAS = event_schemas()
VENDORED = Path(__file__).parent / "vendored" / "asyncapi-3.0.0.schema.json.gz"

every_type = pytest.mark.parametrize("ce_type", EVENT_TYPES)
every_topic = pytest.mark.parametrize("topic", [topic.name for topic in CATALOGUE])


def references(part: Any) -> set[str]:
    if isinstance(part, list):
        return {found for item in part for found in references(item)}
    if not isinstance(part, dict):
        return set()
    own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
    return own | {found for item in part.values() for found in references(item)}


def resolves(reference: str) -> bool:
    part: Any = ASYNCAPI
    for step in reference.removeprefix("#/").split("/"):
        part = part.get(step, {})
    return bool(part)


def asyncapi_validator() -> Draft7Validator:
    schema = json.loads(gzip.decompress(VENDORED.read_bytes()))
    resources = (
        (part["$id"], DRAFT7.create_resource(part)) for part in schema["definitions"].values()
    )
    return Draft7Validator(schema, registry=Registry().with_resources(resources))


def fields_by_owner() -> set[tuple[str, str]]:
    schemas = dict(SCHEMAS)
    for schema in SCHEMAS.values():
        schemas |= schema.get("$defs", {})
    return {(owner, name) for owner, it in schemas.items() for name in it.get("properties", {})}


def test_the_documents_on_disk_are_what_the_code_says() -> None:
    assert stale(ROOT, MADE) == [], "write them again: python -m desk.contract_docs"


def test_check_names_every_stale_missing_or_left_over_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    goldens = tmp_path / "tests/contract/golden"
    goldens.parent.mkdir(parents=True)
    goldens.symlink_to(ROOT / "tests/contract/golden")
    write(tmp_path, MADE)
    (tmp_path / "docs/events.md").write_text("edited by hand", "utf-8")
    (tmp_path / "docs/asyncapi.yaml").unlink()
    (tmp_path / "docs/schemas/no.such_event.v1.json").write_text("{}", "utf-8")

    assert main(["--check", "--root", str(tmp_path)]) == 1
    said = capsys.readouterr().err.splitlines()

    assert said == [
        "stale: docs/asyncapi.yaml",
        "stale: docs/events.md",
        "stale: docs/schemas/no.such_event.v1.json",
        "write them again: python -m desk.contract_docs",
    ]
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0


def test_an_event_type_without_an_example_is_named() -> None:
    goldens = read_goldens(ROOT)
    fewer = {ce_type: it for ce_type, it in goldens.items() if ce_type != "timer.due.v1"}
    with pytest.raises(LookupError, match=r"no golden example .* for timer\.due\.v1$"):
        documents(fewer)


@every_type
def test_a_schema_is_sound_and_says_what_it_is(ce_type: str) -> None:
    schema = SCHEMAS[ce_type]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:contract-desk:event:{ce_type}"
    assert schema["title"] == ce_type
    assert schema["description"]


@every_type
def test_every_field_of_every_event_has_a_meaning(ce_type: str) -> None:
    parts = [SCHEMAS[ce_type], *SCHEMAS[ce_type].get("$defs", {}).values()]
    fields = {name: it for part in parts for name, it in part.get("properties", {}).items()}
    assert [name for name, field in fields.items() if not field.get("description")] == []


def test_the_glossary_explains_no_field_that_is_not_there() -> None:
    fields = fields_by_owner()
    assert {name for _, name in fields} >= set(MEANINGS)
    assert fields >= set(SPECIAL)


def test_amounts_are_decimal_strings_in_the_schemas() -> None:
    amount = SCHEMAS["billing.invoice_issued.v1"]["$defs"]["Money"]["properties"]["amount"]
    assert amount["type"] == "string"


@every_topic
def test_the_page_has_a_section_for_every_topic(topic: str) -> None:
    assert f"\n## {topic}\n" in PAGE


@every_type
def test_the_page_has_a_section_for_every_event_type(ce_type: str) -> None:
    assert f"\n### {ce_type}\n" in PAGE


def test_the_asyncapi_document_follows_the_official_schema() -> None:
    errors = [error.message for error in asyncapi_validator().iter_errors(ASYNCAPI)]
    assert errors == []


def test_every_reference_of_the_asyncapi_document_resolves() -> None:
    assert [it for it in sorted(references(ASYNCAPI)) if not resolves(it)] == []


@every_topic
def test_the_asyncapi_document_has_a_channel_and_an_operation_for_every_writer_and_reader(
    topic: str,
) -> None:
    (entry,) = (it for it in CATALOGUE if it.name == topic)
    operations = [
        it["action"]
        for it in ASYNCAPI["operations"].values()
        if it["channel"]["$ref"] == f"#/channels/{topic}"
    ]
    assert ASYNCAPI["channels"][topic]["bindings"]["kafka"]["partitions"] == entry.partitions
    assert operations.count("send") == len(entry.written_by)
    assert operations.count("receive") == len(entry.read_by)
