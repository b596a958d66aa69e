"""`desk doctor` judges and words its findings, without a broker or a database."""

from __future__ import annotations

import gc
import json
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from desk.commands.addresses import Where
from desk.commands.checks import ADVICE, MOST_SAID, advice, all_checks, service_checks
from desk.commands.errors import DeskError
from desk.local.supervisor import PORTS_FILE, health_url
from shared.events.topics import PORTAL, SERVICES, TOPICS
from shared.kafka.topic_creation import new_topic
from shared.operations.checks.database import clock_check
from shared.operations.checks.mail import mail_check
from shared.operations.checks.result import Check, Remedy, Severity
from shared.operations.checks.service import clock_of
from shared.operations.checks.topics import (
    IN_SYNC,
    TIME,
    replica_check,
    retention_check,
    size_check,
    time_check,
)
from shared.operations.service_health import held_back, is_healthy
from shared.runtime.health.status import Health
from shared.runtime.older_database import RECORDS
from shared.runtime.stage.batch import utc_now
from shared.settings import RuntimeSettings
from shared.telemetry.metrics import Metrics


@pytest.mark.parametrize(
    ("skew_s", "verdict"),
    [
        (0.0, Severity.OK),
        (-1.9, Severity.OK),
        (2.5, Severity.WARN),
        (-299.0, Severity.WARN),
        (301.0, Severity.FAIL),
    ],
)
def test_a_clock_is_judged_by_what_intake_tolerates(skew_s: float, verdict: Severity) -> None:
    assert clock_check(skew_s).verdict is verdict


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (
            {"clock_skew_seconds": -600.0, "clock_compared_with": "database"},
            "its clock is -600.0 s ahead of the database's",
        ),
        ({"clock_skew_seconds": 0.0}, "its clock was compared with none"),
    ],
)
def test_a_services_clock_is_named_with_the_one_that_it_was_compared_with(
    page: dict[str, Any], said: str
) -> None:
    assert clock_of(page) == said


async def test_a_mail_server_that_is_away_is_told_with_its_address() -> None:
    check = await mail_check("smtp://127.0.0.1:1")

    assert check.verdict is Severity.FAIL
    assert "127.0.0.1:1" in check.found


@contextmanager
def silent() -> Iterator[int]:
    """A process that takes connections and answers nothing, as a stopped one; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_a_mail_server_that_hangs_is_told_from_one_that_is_down() -> None:
    with silent() as port:
        check = await mail_check(f"smtp://127.0.0.1:{port}")

    assert (check.verdict, check.remedy) == (Severity.FAIL, Remedy.WAKE_MAIL_SERVER)
    assert "it hangs" in check.found


async def test_a_service_that_hangs_is_told_from_one_that_is_down(tmp_path: Path) -> None:
    with silent() as down:
        pass
    with silent() as hung:
        ports = dict.fromkeys(SERVICES, hung) | {SERVICES[-1]: down}
        (tmp_path / PORTS_FILE).write_text(json.dumps(ports))
        first, *_, last = await service_checks(tmp_path)

    assert (first.remedy, last.remedy) == (Remedy.END_HUNG, Remedy.RESTART_SERVICE)
    assert "it hangs" in first.found
    assert "nothing answers" in last.found
    assert f"{first.name}.log" in advice(first)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            {"level": "critical", "event": "this configuration is refused", "why": "X=1: too low"},
            "; it said: this configuration is refused: X=1: too low",
        ),
        ({"level": "critical", "event": "e" * 2 * MOST_SAID}, f"; it said: {'e' * MOST_SAID} …"),
        ({"level": "info", "event": "batch"}, ""),
        (["no", "line"], ""),
    ],
)
async def test_what_a_service_that_ended_said_last_is_told(
    tmp_path: Path, line: object, said: str
) -> None:
    with silent() as down:
        ports = dict.fromkeys(SERVICES, down)
    (tmp_path / PORTS_FILE).write_text(json.dumps(ports))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / f"{SERVICES[0]}.log").write_text(f"before\n{json.dumps(line)}\n")
    first, second, *_ = await service_checks(tmp_path)

    assert first.found.endswith(f"/health{said}")
    assert second.found.endswith("/health")


async def test_services_that_run_elsewhere_are_only_a_warning(tmp_path: Path) -> None:
    [check] = await service_checks(tmp_path)

    assert check.verdict is Severity.WARN
    assert "/health" in advice(check)


@contextmanager
def serving(page: bytes) -> Iterator[int]:
    """A health page, as of a service that is not well; the port that it is on."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_service_whose_database_is_older_says_so_to_doctor_and_desk_up(
    tmp_path: Path,
) -> None:
    health = Health("cancellation", Metrics(), utc_now)
    health.objects(RECORDS, "the database is older than desk.cancellations")
    with serving(health.page()) as port:
        (tmp_path / PORTS_FILE).write_text(json.dumps(dict.fromkeys(SERVICES, port)))
        checks = await service_checks(tmp_path)
        url = health_url(port)
        assert (await is_healthy(url), await held_back(url)) == (False, health.reasons[RECORDS])

    assert {check.verdict for check in checks} == {Severity.FAIL}
    assert "degraded; the database is older than desk.cancellations" in checks[0].found


async def test_a_portal_that_desk_up_runs_has_a_row_of_its_own(tmp_path: Path) -> None:
    health = Health(PORTAL, Metrics(), utc_now)
    health.begun()
    health.lost("kafka")
    with serving(health.page()) as port:
        (tmp_path / PORTS_FILE).write_text(json.dumps(dict.fromkeys((*SERVICES, PORTAL), port)))
        *_, last = await service_checks(tmp_path)

    assert (last.name, last.verdict) == (PORTAL, Severity.FAIL)
    assert last.found == "degraded; away: kafka"


def kept(replicas: int, in_sync: int | None, embedded: bool = False) -> Check:
    configs = {} if in_sync is None else {"desk.timers": {IN_SYNC: str(in_sync)}}
    return replica_check({"desk.timers": replicas}, configs, embedded=embedded)


@pytest.mark.parametrize(
    ("replicas", "in_sync", "verdict"),
    [
        (3, 2, Severity.OK),
        (3, None, Severity.OK),  # this user may not see the topic's settings
        (3, 1, Severity.WARN),
        (3, 3, Severity.WARN),
        (2, 1, Severity.WARN),
        (1, 1, Severity.WARN),
        (1, 2, Severity.FAIL),
    ],
)
def test_what_one_broker_alone_has_acknowledged_is_warned_of(
    replicas: int, in_sync: int | None, verdict: Severity
) -> None:
    check = kept(replicas, in_sync)

    assert check.verdict is verdict
    assert verdict is Severity.OK or "desk.timers" in check.found
    assert (verdict is Severity.OK) == (check.remedy is None)


def test_every_remedy_is_told_with_what_to_type() -> None:
    assert set(ADVICE) == set(Remedy)


async def test_no_desk_is_one_sentence_and_nothing_is_begun(
    tmp_path: Path,
) -> None:
    with warnings.catch_warnings(record=True) as warned:
        with pytest.raises(DeskError, match="no desk found"):
            await all_checks(Where(tmp_path, kafka="127.0.0.1:9"))
        gc.collect()
    assert not warned


def test_one_replica_is_all_that_the_embedded_broker_has() -> None:
    assert kept(1, 1, embedded=True).verdict is Severity.OK


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ({TIME: "LogAppendTime"}, Severity.OK),
        ({}, Severity.OK),
        ({TIME: "CreateTime"}, Severity.WARN),
    ],
)
def test_a_topic_that_bears_its_writers_time_is_warned_of(
    told: dict[str, str], verdict: Severity
) -> None:
    check = time_check({"desk.timers": told, "billing.invoices": {TIME: "CreateTime"}})

    assert check.verdict is verdict
    assert ("desk.timers" in check.found) == (verdict is Severity.WARN)
    assert "billing" not in check.found


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ({"retention.ms": "2592000000", "cleanup.policy": "delete"}, Severity.OK),
        ({}, Severity.OK),  # this user may not see the topic's settings
        ({"retention.ms": "604800000"}, Severity.WARN),
        ({"retention.ms": "-1"}, Severity.WARN),
        ({"cleanup.policy": "compact"}, Severity.WARN),
    ],
)
def test_a_topic_that_keeps_its_records_otherwise_is_warned_of_with_the_command(
    told: dict[str, str], verdict: Severity
) -> None:
    check = retention_check({"desk.submissions": told})

    assert check.verdict is verdict
    assert ("desk.submissions" in check.found) == (verdict is Severity.WARN)
    assert ("desk topics align --apply" in advice(check)) == (verdict is Severity.WARN)


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ({"max.message.bytes": "2097152"}, Severity.OK),
        ({"max.message.bytes": "1048588"}, Severity.FAIL),  # a broker's default
        ({}, Severity.OK),
    ],
)
def test_a_dead_letter_topic_that_is_too_small_for_them_fails_with_the_command(
    told: dict[str, str], verdict: Severity
) -> None:
    check = size_check({"desk.dead-letters": told, "desk.timers": {"max.message.bytes": "9"}})

    assert check.verdict is verdict
    assert ("desk topics align --apply" in advice(check)) == (verdict is Severity.FAIL)


@pytest.mark.parametrize(("replicas", "in_sync"), [(1, None), (2, None), (3, "2")])
def test_topics_with_a_third_replica_need_two_for_an_acknowledgement(
    replicas: int, in_sync: str | None
) -> None:
    made = new_topic(TOPICS["desk.timers"], RuntimeSettings(topic_replication=replicas))

    assert made.topic_configs.get(IN_SYNC) == in_sync
