"""Commands ask the services, and turn each failed answer into its own error."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2
import pytest

from shared.events.envelope import Ref
from shared.events.limits import MAX_HEADERS
from shared.operations.dead_letters.letter import Original
from shared.operations.service_client import (
    CHUNK_BYTES,
    NoAddress,
    NotAdmitted,
    Refused,
    ServiceClient,
    ServiceError,
    Unreachable,
    Unready,
    fits,
    raw,
)
from shared.runtime.operations.answers import Faults, HealthAnswer
from shared.runtime.operations.port import application
from shared.runtime.operations.questions import MOST_RECORDS
from tests.builders.internal_port import CREDENTIAL, NOW, port_of_nothing

URL = "http://cancellation.test"
BYTES = bytes(range(256))
RECORD = Original("desk.contracts", 0, 7, b"K-1", BYTES, (("ce_id", b"\xff"), ("ce_type", None)))


def client(answer: Callable[[httpx2.Request], httpx2.Response]) -> ServiceClient:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return ServiceClient("cancellation", URL, http)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, "", NotAdmitted),
        (503, '{"faults": [{"field": "", "fault": "mongodb does not answer"}]}', Unready),
        (422, '{"faults": [{"field": "limit", "fault": "is wrong"}]}', Refused),
        (503, "Service Unavailable", Unreachable),
        (200, "<html>", Unreachable),
        (200, '{"service": "cancellation"}', Unreachable),
        (302, "", Unreachable),
        (500, '{"faults": [{"field": "", "fault": "the service failed"}]}', Refused),
    ],
)
async def test_every_answer_that_is_none_has_its_error(
    status: int, body: str, kind: type[ServiceError]
) -> None:
    service = client(lambda _request: httpx2.Response(status, text=body))

    with pytest.raises(kind) as raised:
        await service.parked()

    assert type(raised.value) is kind
    assert raised.value.service == "cancellation"


async def test_a_service_without_address_or_behind_a_closed_port_is_told_apart() -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no", request=request)

    with pytest.raises(Unreachable, match=URL):
        await client(refuse).parked()
    with pytest.raises(NoAddress, match="cancellation"):
        await ServiceClient("cancellation", None, httpx2.AsyncClient()).parked()


async def test_pages_are_asked_for_until_the_last() -> None:
    asked: list[str | None] = []
    pages = {None: ("a", "2"), "2": ("b", "3"), "3": ("c", None)}

    def answer(request: httpx2.Request) -> httpx2.Response:
        after = request.url.params.get("after")
        asked.append(after)
        name, following = pages[after]
        item = {"kind": "file", "id": name, "since": "2027-01-01T00:00:00Z", "error": "E"}
        return httpx2.Response(
            200,
            json={"service": "x", "items": [{**item, "waiting": ["/x 1"]}], "next": following},
        )

    found = await client(answer).parked()

    assert [record.ref for record in found] == [Ref("file", name) for name in "abc"]
    assert found[0].since == datetime(2027, 1, 1, tzinfo=UTC)
    assert asked == [None, "2", "3"]


async def test_what_is_not_there_is_none() -> None:
    service = client(lambda _request: httpx2.Response(404, text='{"faults": []}'))

    assert await service.history("file", "K-1") is None
    assert await service.parked_one(Ref("file", "K-1")) is None


async def test_a_service_says_what_it_lacks_also_where_that_is_its_database() -> None:
    port = port_of_nothing()
    port.service_health.lost("mongodb")
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(application(port)),
        headers={"Authorization": f"Bearer {CREDENTIAL}"},
    ) as http:
        told = await ServiceClient("cancellation", URL, http).health()

    assert told == HealthAnswer(service="cancellation", status="degraded", away={"mongodb": NOW})


async def test_bytes_of_any_kind_reach_the_service_as_they_are() -> None:
    """Through the port itself, which checks the record that it was sent."""
    http = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(application(port_of_nothing())),
        headers={"Authorization": f"Bearer {CREDENTIAL}"},
    )
    sound = Original(
        "desk.contracts",
        0,
        7,
        b"K-1",
        json.dumps({"contract_number": "K-1", "title": "ñ\N{SNOWMAN}?>~"}).encode(),
        (
            ("ce_specversion", b"1.0"),
            ("ce_id", "í?>~".encode()),
            ("ce_source", b"/services/contract_archive"),
            ("ce_type", b"contract.recorded.v1"),
        ),
    )

    faults = await ServiceClient("cancellation", URL, http).check(sound, [Ref("file", "K-1")])

    assert {fault.split(":")[0] for fault in faults} == {
        "customer_id",
        "type",
        "starts_on",
        "auto_renewal",
    }
    assert type(raw(RECORD)).model_validate_json(raw(RECORD).model_dump_json()) == raw(RECORD)


def test_of_too_many_headers_enough_are_sent_to_show_it() -> None:
    many = tuple((f"h{number}", b"") for number in range(3 * MAX_HEADERS))
    record = Original("desk.contracts", 0, 7, None, None, many)

    assert len(raw(record).headers) == MAX_HEADERS + 1


def test_one_dry_run_takes_a_bounded_number_and_size_but_always_one() -> None:
    large = Original("desk.contracts", 0, 7, None, b"x" * (CHUNK_BYTES + 1), ())

    assert fits([], large)
    assert not fits([RECORD], large)
    assert fits([RECORD] * (MOST_RECORDS - 1), RECORD)
    assert not fits([RECORD] * MOST_RECORDS, RECORD)


def test_an_answer_of_a_newer_service_may_hold_more() -> None:
    told = '{"faults": [{"field": "a", "fault": "b", "new": 1}], "new": 2}'

    assert Faults.model_validate_json(told).faults[0].field == "a"
