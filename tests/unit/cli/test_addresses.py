"""How a command finds the desk that it works on."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk.commands.addresses import find
from desk.commands.errors import DeskError
from desk.local.stack import Endpoints

NOTED = Endpoints(
    kafka_bootstrap_servers="127.0.0.1:1",
    mongo_url="mongodb://127.0.0.1:2",
    smtp_url="smtp://127.0.0.1:3",
    mailbox=Path("/somewhere/mail"),
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "endpoints.json").write_text(NOTED.model_dump_json())
    return tmp_path


def test_a_running_desks_addresses_are_read_from_its_folder(directory: Path) -> None:
    found = find(directory)

    assert found.kafka_address == "127.0.0.1:1"
    assert found.mongo_address == "mongodb://127.0.0.1:2"
    assert found.smtp_address == "smtp://127.0.0.1:3"
    assert found.mail_folder == Path("/somewhere/mail")


def test_what_is_given_comes_before_what_is_noted(directory: Path) -> None:
    found = find(directory, kafka="broker:9092")

    assert found.kafka_address == "broker:9092"
    assert found.mongo_address == "mongodb://127.0.0.1:2"


def test_without_any_desk_the_message_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(DeskError, match="Run `desk up` in another terminal") as told:
        _ = find(tmp_path).kafka_address

    assert told.value.code == 2
    assert "KAFKA_BOOTSTRAP_SERVERS" in str(told.value)


def test_a_desk_with_a_mail_server_of_its_own_has_no_mailbox(tmp_path: Path) -> None:
    external = NOTED.model_copy(update={"mailbox": None})
    (tmp_path / "endpoints.json").write_text(external.model_dump_json())

    with pytest.raises(DeskError, match="sends its mail to the server at SMTP_URL"):
        _ = find(tmp_path).mail_folder


@pytest.mark.parametrize("content", ["", "[]", '{"mongo_url": 3}'])
def test_an_unreadable_note_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "endpoints.json").write_text(content)

    with pytest.raises(DeskError, match="remove the file"):
        find(tmp_path)


@pytest.mark.parametrize("addresses", ["one:9092", "one", "[::1]:9092", "one:1, two.example:2"])
def test_brokers_are_given_as_host_and_port(tmp_path: Path, addresses: str) -> None:
    assert find(tmp_path, kafka=addresses).kafka_address == addresses


@pytest.mark.parametrize("addresses", ["one:port", "one:9092,", "kafka://one:9092", "a b:1"])
def test_what_is_no_list_of_brokers_is_told(tmp_path: Path, addresses: str) -> None:
    with pytest.raises(DeskError, match="expected host:port"):
        _ = find(tmp_path, kafka=addresses).kafka_address
