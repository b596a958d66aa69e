"""`desk drill`: whose desk it takes, what it says and what it keeps to itself."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import typer

from desk.commands import drill, drill_state
from desk.commands.drill_desk import ELSEWHERE, EMBEDDED, local_desk
from desk.commands.drill_faults import BY_NAME, FAULTS
from desk.commands.errors import DeskError
from desk.local.database import database_url
from desk.local.processes import begin_notes, leave_settings, note_process, settings_left
from desk.local.stack import Endpoints
from shared.events.topics import SERVICES

RUNBOOK = Path(__file__).parents[3] / "docs/runbook.md"
PORTS = {name: 20_000 + number for number, name in enumerate((*EMBEDDED, *SERVICES))}


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """As a `desk up` leaves it that runs: it holds the lock."""
    for name in ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    noted(tmp_path)
    (tmp_path / "ports.json").write_text(json.dumps(PORTS))
    for name in PORTS:
        note_process(tmp_path, name, None)
        note_process(tmp_path, name, os.getpid() + 10_000_000)
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    yield tmp_path
    os.close(lock)


def noted(directory: Path, **other: Any) -> None:
    given: dict[str, Any] = {
        "kafka_bootstrap_servers": f"127.0.0.1:{PORTS['broker']}",
        "mongo_url": database_url(PORTS["database"]),
        "smtp_url": f"smtp://127.0.0.1:{PORTS['mailbox']}",
        "mailbox": directory / "mail",
    }
    (directory / "endpoints.json").write_text(Endpoints(**given | other).model_dump_json())


def test_a_desk_that_runs_here_with_servers_of_its_own_is_taken(directory: Path) -> None:
    desk = local_desk(directory, {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"})

    assert desk.settings.kafka_bootstrap_servers == f"127.0.0.1:{PORTS['broker']}"
    assert desk.settings.kafka_security_protocol == "PLAINTEXT"


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"kafka_bootstrap_servers": "broker.example.test:9092"},
        {"kafka_bootstrap_servers": "127.0.0.1:9092"},
        {"mongo_url": "mongodb://127.0.0.1:27017/"},
        {"smtp_url": "smtp://mail.example.test:25"},
    ],
)
def test_a_desk_on_anybody_elses_server_is_refused(
    directory: Path, elsewhere: dict[str, str]
) -> None:
    noted(directory, **elsewhere)

    with pytest.raises(DeskError, match="takes the desk of this machine alone"):
        drill.start(number=1, directory=directory)
    assert drill_state.under_way(directory) is None


@pytest.mark.parametrize("name", ELSEWHERE)
def test_where_the_environment_names_another_desk_none_is_taken(
    directory: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "elsewhere")

    with pytest.raises(DeskError, match=f"{name} names another"):
        drill.start(number=1, directory=directory)
    assert drill_state.under_way(directory) is None


def test_a_desk_that_does_not_run_is_refused_whatever_it_has_noted(directory: Path) -> None:
    (directory / "lock").unlink()
    (directory / "lock").touch()

    with pytest.raises(DeskError, match="does not run"):
        drill.start(number=1, directory=directory)


@pytest.mark.parametrize("file", ["endpoints.json", "ports.json"])
def test_a_folder_without_a_desk_is_refused(directory: Path, file: str) -> None:
    (directory / file).unlink()

    with pytest.raises(DeskError, match="holds none with broker"):
        drill.start(number=1, directory=directory)


def test_a_desk_whose_processes_are_not_known_is_refused(directory: Path) -> None:
    note_process(directory, "mailbox", None)

    with pytest.raises(DeskError, match="has not noted the processes of mailbox"):
        drill.start(number=1, directory=directory)


@pytest.mark.parametrize("number", [0, len(FAULTS) + 1])
def test_there_are_ten_drills(directory: Path, number: int) -> None:
    with pytest.raises(DeskError, match="there are drills 1 to 10"):
        drill.start(number=number, directory=directory)


def test_a_second_drill_waits_for_the_end_of_the_first(directory: Path) -> None:
    first = drill_state.begin(directory, FAULTS[0].name)

    with pytest.raises(DeskError, match="end it first"):
        drill.start(number=2, directory=directory)
    assert drill_state.under_way(directory) == first


def test_of_drills_that_begin_at_one_moment_one_begins(directory: Path) -> None:
    def begun(number: int) -> bool:
        try:
            drill_state.begin(directory, FAULTS[number].name)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as at_once:
        assert sum(at_once.map(begun, range(8))) == 1
    assert [it.name for it in directory.glob("drill*")] == [drill_state.DRILL_FILE]


def test_without_a_drill_there_is_nothing_to_answer_hint_at_or_end(directory: Path) -> None:
    for asked in (drill.hint, drill.end, lambda **given: drill.answer(name="x", **given)):
        with pytest.raises(DeskError, match="no drill is under way"):
            asked(directory=directory)


@pytest.mark.parametrize(
    "note", ["", "[]", '{"fault": "of-another-release", "tag": "x1", "hints": 0}']
)
def test_a_note_that_names_no_drill_of_this_release_ends_and_another_drill_can_begin(
    directory: Path, note: str
) -> None:
    (directory / drill_state.DRILL_FILE).write_text(note)
    with pytest.raises(DeskError, match="end it first"):
        drill.start(number=1, directory=directory)
    with pytest.raises(DeskError, match="is forgotten; if something is still wrong, start the"):
        drill.end(directory=directory)

    assert drill_state.begin(directory, FAULTS[0].name)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_hints_say_who_calls_then_where_to_look_and_never_the_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: Any
) -> None:
    drill_state.begin(tmp_path, fault.name)
    drill.hint(directory=tmp_path)
    first = capsys.readouterr().out
    drill.hint(directory=tmp_path)
    second = capsys.readouterr().out

    assert first.strip() == fault.call
    assert second.strip() == f"Look at: {fault.look}"
    assert fault.name not in first + second


def test_only_the_right_answer_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fault, other = FAULTS[:2]
    drill_state.begin(tmp_path, fault.name)
    with pytest.raises(typer.Exit) as wrong:
        drill.answer(name=other.name, directory=tmp_path)
    refused = capsys.readouterr().out
    with pytest.raises(DeskError, match="there is no fault nothing"):
        drill.answer(name="nothing", directory=tmp_path)
    drill.answer(name=fault.name, directory=tmp_path)
    explained = capsys.readouterr().out

    assert wrong.value.exit_code == 1
    assert fault.was not in refused
    assert fault.name not in refused
    assert fault.was in explained
    assert f"docs/runbook.md#{fault.name}" in explained
    assert drill_state.under_way(tmp_path) is not None


def test_each_fault_has_its_heading_in_the_runbook_with_the_commands_that_show_it() -> None:
    headings = re.split(r"^### ", RUNBOOK.read_text().partition("## Drills")[2], flags=re.M)
    answers = {part.partition("\n")[0]: part.partition("\n## ")[0] for part in headings[1:]}

    assert len(BY_NAME) == len(FAULTS) == 10
    assert set(answers) == set(BY_NAME)
    for fault in FAULTS:
        for command in re.findall(r"desk [a-z-]+", fault.look):
            assert f"`{command}" in answers[fault.name], (fault.name, command)


def test_names_are_listed_in_another_order_than_drills_are_numbered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    drill.listed()
    shown = capsys.readouterr().out.split()

    assert shown == sorted(BY_NAME)
    assert shown != [fault.name for fault in FAULTS]


def test_a_service_takes_what_was_left_for_it_and_a_new_desk_begins_without(
    tmp_path: Path,
) -> None:
    leave_settings(tmp_path, {"notification": {"SMTP_URL": "smtp://127.0.0.1:1"}})

    assert settings_left(tmp_path, "notification") == {"SMTP_URL": "smtp://127.0.0.1:1"}
    assert settings_left(tmp_path, "cancellation") == {}
    begin_notes(tmp_path)
    assert settings_left(tmp_path, "notification") == {}
