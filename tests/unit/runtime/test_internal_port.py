"""The internal port: who is answered, and what a question that is wrong gets for an answer."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.runtime.operations import admission, port
from shared.runtime.operations.http import MOST_BYTES, MOST_MARKS
from shared.runtime.operations.port import application
from tests.builders.internal_port import CREDENTIAL, PORTAL_CREDENTIAL, port_of_nothing

KNOWN = {"Authorization": f"Bearer {CREDENTIAL}"}
OF_THE_PORTAL = {"Authorization": f"Bearer {PORTAL_CREDENTIAL}"}
RECORD = {"topic": "desk.contracts", "partition": 0, "offset": 7}
NOBODY = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": f"Bearer {CREDENTIAL[:-1]}"},
    {"Authorization": f"Bearer {CREDENTIAL}x"},
    {"Authorization": f"Bearer {CREDENTIAL} {CREDENTIAL}"},
    {"Authorization": f"Bearer {PORTAL_CREDENTIAL[:-1]}"},
    {"Authorization": f"Basic {PORTAL_CREDENTIAL}"},
    {"Authorization": f"Basic {CREDENTIAL}"},
    {"Authorization": f"Digest {CREDENTIAL}"},
    {"Authorization": CREDENTIAL},
    {"Authorization": "Bearer development-only"},
    {"Authorization": "Bearer " + "x" * 10_000},
    {"X-Authorization": f"Bearer {CREDENTIAL}"},
]
PATHS = ["/parked", "/history?kind=file&id=K-1", "/check", "/", "/nothing", "/parked/", "/docs"]


@pytest.fixture
def client() -> Iterator[TestClient]:
    made: list[ASGIApp] = []

    async def in_the_clients_loop(scope: Scope, receive: Receive, send: Send) -> None:
        if not made:
            made.append(application(port_of_nothing()))
        await made[0](scope, receive, send)

    with TestClient(in_the_clients_loop, follow_redirects=False) as client:
        yield client


def faults(answer: Any) -> list[tuple[str, str]]:
    return [(row["field"], row["fault"]) for row in answer.json()["faults"]]


@pytest.mark.parametrize("headers", NOBODY)
def test_without_the_credential_every_path_and_method_has_the_same_answer(
    client: TestClient, headers: dict[str, str]
) -> None:
    answers = [
        client.request(method, path, headers=headers, content=content)
        for path in PATHS
        for method, content in (("GET", None), ("POST", b"{"), ("DELETE", None), ("BREW", None))
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}


def test_two_credentials_are_no_credential(client: TestClient) -> None:
    twice = [("Authorization", f"Bearer {CREDENTIAL}")] * 2

    assert client.get("/parked", headers=twice).status_code == 401


def test_whatever_is_given_its_digest_is_compared_with_each_one(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So neither the length nor the beginning of a right one shows in the time it takes."""
    compared: list[tuple[int, int]] = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return left == right

    monkeypatch.setattr(admission, "compare_digest", compare)
    for headers in [*NOBODY, KNOWN, OF_THE_PORTAL]:
        client.get("/nothing", headers=headers)

    assert compared == [(32, 32)] * (len(NOBODY) + 2) * 2


ALLOWED = {
    ("GET", "/parked"): "operators",
    ("GET", "/parked/record"): "operators",
    ("GET", "/parked/waits"): "operators",
    ("GET", "/due"): "operators",
    ("GET", "/sizes"): "operators",
    ("GET", "/status"): "operators",
    ("GET", "/history"): "operators",
    ("POST", "/dry-run"): "operators",
    ("POST", "/check"): "operators",
    ("POST", "/preview"): "operators, portal",
    ("POST", "/document"): "operators, portal",
    ("POST", "/attachment"): "operators, portal",
}


async def test_the_table_of_rights_names_every_question() -> None:
    routes = [it for it in application(port_of_nothing()).routes if isinstance(it, Route)]

    assert {path for _, path in ALLOWED} == {route.path for route in routes}


@pytest.mark.parametrize(("method", "path"), ALLOWED)
@pytest.mark.parametrize(("asker", "headers"), [("operators", KNOWN), ("portal", OF_THE_PORTAL)])
def test_each_asker_is_answered_what_it_may_ask_and_nothing_else(
    client: TestClient, asker: str, headers: dict[str, str], method: str, path: str
) -> None:
    """A question that is allowed gets as far as its fields, or to the database that is absent."""
    answer = client.request(method, f"{path}?unknown=1", headers=headers)

    may = asker in ALLOWED[method, path].split(", ")
    assert (answer.status_code == 403) is not may
    # This service has no documents.
    allowed = (404,) if path in ("/document", "/attachment") else (415, 422)
    assert answer.status_code in (allowed if may else (403,))


@pytest.mark.parametrize("path", ["/", "/nothing", "/preview/", "//preview", "/PREVIEW", "/parked"])
def test_what_the_portal_may_not_ask_has_one_answer_whether_there_is_such_a_question(
    client: TestClient, path: str
) -> None:
    answer = client.post(path, headers=OF_THE_PORTAL, json={})

    assert (answer.status_code, faults(answer)) == (
        403,
        [("authorization", "does not allow this question")],
    )


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_with_the_credential_a_question_is_answered(client: TestClient, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {CREDENTIAL}"}

    answer = client.post("/check", headers=headers, json={"record": RECORD})

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {"service": "cancellation", "faults": ["header ce_type is missing"]}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nothing", 404),
        ("GET", "/parked/", 404),
        ("GET", "//parked", 404),
        ("GET", "/PARKED", 404),
        ("GET", "/parked%00", 404),
        ("GET", "/health", 404),
        ("GET", "/metrics", 404),
        ("GET", "/openapi.json", 404),
        ("POST", "/parked", 405),
        ("DELETE", "/history", 405),
        ("PUT", "/dry-run", 405),
        ("GET", "/dry-run", 405),
        ("BREW", "/due", 405),
    ],
)
def test_other_paths_and_methods_are_refused_in_json(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path, headers=KNOWN)

    assert answer.status_code == status
    assert len(faults(answer)) == 1


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/parked?limit=0&after=&more=1", {"limit", "more"}),
        ("/parked?limit=1001", {"limit"}),
        ("/due?limit=many", {"limit"}),
        ("/due?limit=1&limit=2", {"limit"}),
        ("/parked/record", {"kind", "id"}),
        ("/parked/record?kind=file&id=", {"id"}),
        ("/parked/waits?kind=file&id=K-1", {"message_id"}),
        ("/history?kind=file", {""}),
        ("/history?kind=file&id=K-1&alias=K-1", {""}),
        ("/history?kind=file&id=K-1&first=-1&limit=x", {"first", "limit"}),
        ("/sizes?limit=1", {"limit"}),
        ("/status?limit=1", {"limit"}),
        ("/parked?after=bm90aGluZw==", {"after"}),
        ("/parked?after=%C3%B1", {"after"}),
        ("/due?after=WyIyMDI3LTAxLTAxIiwgW1siZmlsZSIsICJwYXJrZWQuYXQiLCAxXV1d", {"after"}),
    ],
)
def test_a_faulty_question_has_every_fault_named(
    client: TestClient, path: str, named: set[str]
) -> None:
    answer = client.get(path, headers=KNOWN)

    assert answer.status_code == 422
    assert {field for field, _ in faults(answer)} == named


@pytest.mark.parametrize("query", ["limit=%FF", "limit=%C3", "&".join(["a=1"] * 21)])
def test_an_undecodable_query_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/parked?{query}", headers=KNOWN).status_code == 400


def test_a_faulty_body_has_every_fault_named_without_its_values(client: TestClient) -> None:
    wrong = {
        "record": {**RECORD, "partition": -1, "offset": "oculto", "value": "no base64!", "more": 1},
        "needed": [{"kind": "", "id": "K-1"}],
        "reason": "oculto",
    }

    answer = client.post("/check", headers=KNOWN, json=wrong)

    assert answer.status_code == 422
    assert {field for field, _ in faults(answer)} == {
        "record.partition",
        "record.offset",
        "record.value",
        "record.more",
        "needed.0.kind",
        "reason",
    }
    assert ("record.value", "is not base64") in faults(answer)
    assert "oculto" not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"null", 422),
        (b"[" * 100_000, 422),
        (b'{"record": \xff}', 422),
        (b"[" + b"{}," * (MOST_MARKS // 2) + b"{}]", 413),
        (b" " * (MOST_BYTES + 1), 413),
    ],
    ids=["empty", "null", "deep", "not UTF-8", "many items", "large"],
)
def test_a_hostile_body_is_refused_before_it_is_validated(
    client: TestClient, body: bytes, status: int
) -> None:
    headers = {**KNOWN, "Content-Type": "application/json"}

    assert client.post("/check", headers=headers, content=body).status_code == status


def test_a_body_of_another_type_or_beside_a_query_is_refused(client: TestClient) -> None:
    form = client.post("/check", headers=KNOWN, data={"record": "x"})
    both = client.post("/check?limit=1", headers=KNOWN, json={"record": RECORD})

    assert (form.status_code, both.status_code) == (415, 422)


def test_more_records_than_a_dry_run_decides_are_refused(client: TestClient) -> None:
    answer = client.post("/dry-run", headers=KNOWN, json={"records": [RECORD] * 501})

    assert answer.status_code == 422
    assert [field for field, _ in faults(answer)] == ["records"]


def test_a_service_whose_database_is_down_says_so(client: TestClient) -> None:
    answers = [
        client.get("/parked", headers=KNOWN),
        client.get("/history?kind=file&id=K-1", headers=KNOWN),
        client.post("/preview", headers=KNOWN, json={"contract_number": "K-1"}),
    ]

    assert {answer.status_code for answer in answers} == {503}
    assert faults(answers[0]) == [("", "mongodb does not answer")]


def test_what_is_not_this_services_is_not_there(client: TestClient) -> None:
    assert client.get("/history?kind=inquiry&id=K-1", headers=KNOWN).status_code == 404
    assert client.get("/parked/record?kind=inquiry&id=K-1", headers=KNOWN).status_code == 404
    assert client.get("/history?kind=file&alias=K-1", headers=KNOWN).status_code == 404
    assert (
        client.post("/document", headers=KNOWN, json={"contract_number": "K-1"}).status_code == 404
    )


def test_a_check_names_what_keeps_a_record_from_being_decided(client: TestClient) -> None:
    headers = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/services/contract_archive"}
    given = {**headers, "ce_type": "contract.recorded.v1"}
    record = {
        **RECORD,
        "key": base64.b64encode(b"K-1").decode(),
        "value": base64.b64encode(b'{"contract_number": "K-1", "starts_on": "oculto"}').decode(),
        "headers": [[n, base64.b64encode(v.encode()).decode()] for n, v in given.items()],
    }

    answer = client.post("/check", headers=KNOWN, json={"record": record})

    assert {fault.split(":")[0] for fault in answer.json()["faults"]} == {
        "customer_id",
        "type",
        "title",
        "starts_on",
        "auto_renewal",
    }
    assert "oculto" not in answer.text


def test_a_defect_of_ours_is_one_refusal_and_tells_nothing_personal(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the customer's own words")

    monkeypatch.setattr(port, "faults_of", stumble)

    answer = client.post("/check", headers=KNOWN, json={"record": RECORD})

    assert answer.status_code == 500
    assert "ZeroDivisionError" in answer.text
    assert "own words" not in answer.text


async def test_every_question_is_on_its_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "internal-port.md").read_text()
    routes = [route for route in application(port_of_nothing()).routes if isinstance(route, Route)]

    assert len(routes) == 12
    assert [route.path for route in routes if f" {route.path}`" not in page] == []
