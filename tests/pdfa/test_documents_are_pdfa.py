"""Every kind of document passes veraPDF as PDF/A-3b; `make test-kafka` fetches the jars."""

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from services.contract_archive.documents.make import (
    Company,
    ContractSheet,
    Price,
    acceptance_certificate,
    contract_copy,
)

HERE = Path(__file__).parent
JARS = HERE / "target" / "jars"
SHEET = ContractSheet(
    contract_number="MT-2026-000123",
    customer_id="C-0042",
    holder_name="Łukasz Țiriac · Владимир Тестов · Γιώργος",
    type="software_maintenance",
    title="Licencia محمد اختبار · שלום",
    starts_on=date(2026, 1, 15),
    ends_on=None,
    auto_renewal=True,
    price=Price("1234.50", "EUR"),
    period="month",
    status="active",
)
COMPANY = Company(
    name="Compañía de Prueba",
    postal_address="Calle de Ejemplo 1, 28000 Madrid",
    phone="900 000 000",
)
ISSUED = {"reference": "INQ-P3TKJ-ZC1RR-Q", "issued_on": date(2026, 9, 3), "company": COMPANY}


def documents() -> dict[str, bytes]:
    several_pages = replace(SHEET, title="Descripción muy larga " * 450)
    made = {}
    for language in ("es", "en"):
        given = {**ISSUED, "language": language}
        made[f"copy-{language}"] = contract_copy(SHEET, **given)  # type: ignore[arg-type]
        made[f"long-copy-{language}"] = contract_copy(several_pages, **given)  # type: ignore[arg-type]
        made[f"certificate-{language}"] = acceptance_certificate(
            SHEET,
            signed_by="محمد اختبار",
            signed_at=datetime(2026, 9, 2, 22, 30, tzinfo=UTC),
            **given,  # type: ignore[arg-type]
        )
    return made


@pytest.mark.skipif(not shutil.which("java"), reason="there is no Java on the PATH")
@pytest.mark.skipif(not JARS.exists(), reason="`make test-kafka` fetches veraPDF's jars")
def test_every_kind_of_document_is_pdfa_3b(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.pdf" for name in documents()]
    for file, content in zip(files, documents().values(), strict=True):
        file.write_bytes(content)

    said = subprocess.run(
        ["java", "-cp", f"{JARS}/*", HERE / "Validate.java", *files],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert said.stdout.splitlines() == [f"{file}: compliant" for file in files], said.stderr
