"""Downloading a copy by its link (F8)."""

from datetime import timedelta

import pytest

from services.contract_archive.downloads import downloads
from shared.mongo import File
from shared.runtime.decider import HttpHandler
from tests.builders.archive import HOLDER, NOW, NUMBER
from tests.builders.archive_files import Files

PDF = b"%PDF-1.4 test"
COPY = File(
    PDF,
    {
        "token": "right-token",
        "contract_number": NUMBER,
        "customer_id": HOLDER,
        "available_until": NOW + timedelta(days=30),
    },
)
CERTIFICATE = File(PDF, {"contract_number": NUMBER, "customer_id": HOLDER})
RIGHT = {"id": "doc-1", "token": "right-token"}


def handler(after: timedelta = timedelta(0)) -> HttpHandler:
    files = Files()
    files.kept = {"doc-1": COPY, "certificate": CERTIFICATE}
    return downloads(files.database, lambda: NOW + after)


async def test_the_link_downloads_the_pdf() -> None:
    status, headers, body = await handler()(RIGHT)

    assert (status, body) == (200, PDF)
    assert headers == {
        "Content-Type": "application/pdf",
        "Content-Disposition": 'attachment; filename="MT-2026-0001.pdf"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
    }


async def test_the_link_works_until_its_last_instant() -> None:
    status, _, _ = await handler(timedelta(days=30))(RIGHT)

    assert status == 200


@pytest.mark.parametrize(
    ("query", "after"),
    [
        pytest.param({"id": "doc-2", "token": "right-token"}, timedelta(0), id="unknown"),
        pytest.param({**RIGHT, "token": "wrong-token"}, timedelta(0), id="wrong token"),
        pytest.param({**RIGHT, "token": "ñ\ud800"}, timedelta(0), id="no ASCII token"),
        pytest.param(RIGHT, timedelta(days=30, seconds=1), id="expired"),
        pytest.param({"id": "doc-1"}, timedelta(0), id="no token"),
        pytest.param({"token": "right-token"}, timedelta(0), id="no id"),
        pytest.param({"id": "certificate", "token": "None"}, timedelta(0), id="no token kept"),
        pytest.param({}, timedelta(0), id="nothing"),
    ],
)
async def test_everything_else_gets_the_same_answer(
    query: dict[str, str], after: timedelta
) -> None:
    answer = await handler(after)(query)

    assert answer == await handler()({"id": "nothing", "token": "like this"})
    assert answer[0] == 404


async def test_an_absent_database_asks_to_come_back_later() -> None:
    files = Files()
    files.away = True

    status, _, _ = await downloads(files.database)(RIGHT)

    assert status == 503
