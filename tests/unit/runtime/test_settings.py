"""A service refuses to start with faulty settings, and names them all without their values."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.customer_portal.settings import Settings as PortalSettings
from shared.environment import load
from shared.events.topics import SERVICES
from shared.settings import DEVELOPMENT_DEFAULT, RuntimeSettings

KINDS: dict[str, type[RuntimeSettings]] = {
    name: importlib.import_module(f"services.{name}.settings").Settings for name in SERVICES
}
NOTIFICATION = KINDS["notification"]
MARKED = [
    name.upper()
    for name, field in NOTIFICATION.model_fields.items()
    if DEVELOPMENT_DEFAULT in field.metadata
]
OWN = {
    "SMTP_URL": "smtps://desk:oculto@mail.example.test",
    "MAIL_FROM": "desk@example.test",
    "MESSAGE_ID_DOMAIN": "example.test",
    "RECIPIENT_HASH_KEY": "una-clave-propia",
    "COMPANY_SITE_URL": "https://example.test/",
    "DOCUMENTS_URL": "https://documentos.example.test",
    "DOCUMENT_CODE_KEY": "otra-clave-propia",
    "INTERNAL_CREDENTIAL": "una-credencial-propia",
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for fields in [kind.model_fields for kind in KINDS.values()] + [PortalSettings.model_fields]:
        for name in fields:
            monkeypatch.delenv(name.upper(), raising=False)


def refusal(kind: type[RuntimeSettings]) -> str:
    with pytest.raises(SystemExit) as ended:
        load(kind)
    return str(ended.value)


def test_no_service_starts_with_defaults_that_are_for_development() -> None:
    said = refusal(NOTIFICATION)

    assert [name for name in MARKED if f"{name}: the default is for development" in said] == MARKED
    assert set(MARKED) == set(OWN)


def test_a_refused_start_names_every_faulty_variable_at_once_and_no_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {**OWN, "SMTP_URL": "ftp://oculto", "BATCH_MAX_RECORDS": "oculto", "MAIL_FROM": ""}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("RECIPIENT_HASH_KEY")

    said = refusal(NOTIFICATION)

    named = [line.split(":")[0].strip() for line in said.splitlines()[1:]]
    assert named == ["BATCH_MAX_RECORDS", "SMTP_URL", "MAIL_FROM", "RECIPIENT_HASH_KEY"]
    assert "oculto" not in said


def test_a_key_that_everybody_knows_is_refused_although_it_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {**OWN, "recipient_hash_key": "development-only"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("RECIPIENT_HASH_KEY")

    assert refusal(NOTIFICATION).splitlines()[1:] == [
        "  RECIPIENT_HASH_KEY: the default is for development; set your own"
    ]


@pytest.mark.parametrize("given", ["corta", "con blancos en medio", "acentuada-credencial-ñ"])
def test_a_credential_that_is_short_or_fits_no_header_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    for name, value in {**OWN, "INTERNAL_CREDENTIAL": given}.items():
        monkeypatch.setenv(name, value)

    said = refusal(NOTIFICATION)

    assert [line.split(":")[0].strip() for line in said.splitlines()[1:]] == ["INTERNAL_CREDENTIAL"]
    assert given not in said


def test_with_values_of_its_own_a_service_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)

    assert load(NOTIFICATION).development_defaults is False


def in_files(folder: Path, values: dict[str, str]) -> str:
    """As Kubernetes mounts them: links into a folder beside them; and a file that is no setting."""
    (folder / "..data").mkdir()
    (folder / "ca.pem").write_bytes(b"\xff")
    for name, value in values.items():
        (folder / "..data" / name.lower()).write_text(f"{value}\n")
        (folder / name.lower()).symlink_to(Path("..data", name.lower()))
    return str(folder)


def test_what_the_environment_leaves_out_is_read_from_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRETS_DIR", in_files(tmp_path, {**OWN, "KAFKA_PASSWORD": "oculto"}))
    monkeypatch.setenv("MAIL_FROM", "another@example.test")
    monkeypatch.setenv("SMTP_URL", "")

    settings = load(NOTIFICATION)

    assert settings.kafka_password.get_secret_value() == "oculto"
    assert settings.internal_credential.get_secret_value() == OWN["INTERNAL_CREDENTIAL"]
    assert settings.model_dump()["mail_from"] == "another@example.test"
    assert settings.model_dump()["smtp_url"].get_secret_value() == OWN["SMTP_URL"]


def test_a_key_that_everybody_knows_is_refused_in_a_file_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = {**OWN, "RECIPIENT_HASH_KEY": "development-only"}
    monkeypatch.setenv("SECRETS_DIR", in_files(tmp_path, known))

    assert refusal(NOTIFICATION).splitlines()[1:] == [
        "  RECIPIENT_HASH_KEY: the default is for development; set your own"
    ]


def test_a_folder_of_secrets_that_is_not_there_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {**OWN, "SECRETS_DIR": str(tmp_path / "oculto")}.items():
        monkeypatch.setenv(name, value)

    said = refusal(NOTIFICATION)

    assert [line.split(":")[0].strip() for line in said.splitlines()[1:]] == ["SECRETS_DIR"]
    assert "oculto" not in said


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_desk_that_embeds_its_servers_starts_with_the_defaults(
    monkeypatch: pytest.MonkeyPatch, kind: type[RuntimeSettings]
) -> None:
    monkeypatch.setenv("DEVELOPMENT_DEFAULTS", "true")

    assert load(kind).development_defaults is True


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_secret_with_a_default_is_marked(kind: type[RuntimeSettings]) -> None:
    unmarked = [
        name
        for name, field in kind.model_fields.items()
        if isinstance(field.default, SecretStr)
        and field.default.get_secret_value()
        and DEVELOPMENT_DEFAULT not in field.metadata
    ]

    assert unmarked == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_made_up_address_is_marked(kind: type[RuntimeSettings]) -> None:
    unmarked = [
        name
        for name, field in kind.model_fields.items()
        if ".example" in str(field.default) and DEVELOPMENT_DEFAULT not in field.metadata
    ]

    assert unmarked == []


def test_the_portals_credential_must_not_be_the_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**OWN, "PORTAL_CREDENTIAL": OWN["INTERNAL_CREDENTIAL"]}.items():
        monkeypatch.setenv(name, value)

    said = refusal(NOTIFICATION)

    assert [line.split(":")[0].strip() for line in said.splitlines()[1:]] == ["PORTAL_CREDENTIAL"]
    assert OWN["INTERNAL_CREDENTIAL"] not in said


@pytest.mark.parametrize("given", ["development-only", "corta", "con blancos en medio"])
def test_a_credential_of_the_portal_that_is_known_short_or_fits_no_header_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    for name, value in {**OWN, "PORTAL_CREDENTIAL": given}.items():
        monkeypatch.setenv(name, value)

    said = refusal(NOTIFICATION)

    assert [line.split(":")[0].strip() for line in said.splitlines()[1:]] == ["PORTAL_CREDENTIAL"]
    assert given not in said


def test_the_portal_asks_as_itself_and_needs_no_credential_of_operators(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CANCELLATION_URL", "http://127.0.0.1:8092")

    said = refusal(PortalSettings)

    named = {line.split(":")[0].strip() for line in said.splitlines()[1:]}
    assert "CANCELLATION_URL" in named
    assert "INTERNAL_CREDENTIAL" not in named
