"""Makes the documents that contracts wait for, and keeps them; checks customers' attachments.

A document's id follows from its inquiry, and a kept file stays as it is: work that is done again
after a crash reports the first document, with the first link.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from services.contract_archive.attachment.check import check
from services.contract_archive.attachment.deletion import erase
from services.contract_archive.attachment.state import Attachment
from services.contract_archive.contract.issue_text import text_of
from services.contract_archive.contract.state import BegunDocument, ContractState, DocumentKind
from services.contract_archive.customer.decide import CUSTOMER, CustomerState
from services.contract_archive.documents.make import (
    BoundText,
    Company,
    ContractSheet,
    Price,
    acceptance_certificate,
    contract_copy,
)
from services.contract_archive.downloads import TEXT
from services.contract_archive.erasure.decide import Erasure
from services.contract_archive.settings import Settings
from shared.events.envelope import Ref
from shared.events.internal import DocumentNotPrintable, DocumentStored, Outcome
from shared.events.values import madrid_date
from shared.mongo.client import Database, File
from shared.mongo.errors import mongodb_errors_as_outage
from shared.runtime.decider import Dependencies, OpenWorker, Perform, Work
from shared.typesetting.fonts import NotPrintable


def open_worker(settings: Settings) -> OpenWorker:
    @asynccontextmanager
    async def worker(database: Database, _dependencies: Dependencies) -> AsyncIterator[Perform]:
        async def perform(work: Work) -> Outcome:
            if isinstance(work.state, Attachment):
                return await check(work.state, database)
            if isinstance(work.state, Erasure):
                return await erase(work.state, database)
            return await keep_document(settings, database, work)

        yield perform

    return worker


async def keep_document(settings: Settings, database: Database, work: Work) -> Outcome:
    """Makes and keeps the document that has waited longest; the outcome names the kept file.

    A document with a text that its typeface cannot show is not made. Raises `Outage` when MongoDB
    is down.
    """
    contract: ContractState = work.state
    begun = min(contract.documents, key=lambda document: document.begun_at)
    with mongodb_errors_as_outage():
        kept = await database.get_file(begun.document_id)
    if kept is None:
        try:
            content = await _make(settings.company, contract, begun, work)
        except NotPrintable:
            return DocumentNotPrintable(
                correlation_id=begun.order.correlation_id,
                contract_number=contract.contract_number,
                document_id=begun.document_id,
            )
        file = File(content, _metadata(contract, begun, content))
        name = f"{contract.contract_number}.pdf"
        with mongodb_errors_as_outage():
            kept = await database.put_file(begun.document_id, name, file)
    await _keep_text(database, contract, begun)
    return DocumentStored(
        correlation_id=begun.order.correlation_id,
        contract_number=contract.contract_number,
        document_id=begun.document_id,
        sha256=kept.metadata["sha256"],
    )


async def _keep_text(database: Database, contract: ContractState, begun: BegunDocument) -> None:
    """Beside the certificate, and as long, the text that it names can be downloaded.

    A document in the making whose text has changed is denied at once, so the facts are the text's.
    """
    if begun.text is None or contract.facts is None:
        return
    content = text_of(contract.facts, begun.text.version)
    metadata = {**_metadata(contract, begun, content), "media_type": TEXT}
    name = f"{contract.contract_number}-{begun.text.version}.txt"
    with mongodb_errors_as_outage():
        await database.put_file(begun.text.document_id, name, File(content, metadata))


async def _make(
    company: Company, contract: ContractState, begun: BegunDocument, work: Work
) -> bytes:
    holder = Ref(CUSTOMER, begun.order.customer_id)
    customer: CustomerState | None = (await work.read([holder])).get(holder)
    sheet = contract_sheet(contract, customer)
    # Layout is CPU work: a thread keeps the service's event loop free.
    return await asyncio.to_thread(render, company, sheet, begun)


def contract_sheet(contract: ContractState, holder: CustomerState | None) -> ContractSheet:
    facts, status = contract.facts, contract.status
    assert facts is not None
    assert status is not None
    return ContractSheet(
        contract_number=facts.contract_number,
        customer_id=facts.customer_id,
        holder_name=holder.profile.name if holder and holder.profile else None,
        type=facts.type,
        title=facts.title,
        starts_on=facts.starts_on,
        ends_on=facts.ends_on,
        auto_renewal=facts.auto_renewal,
        price=Price(str(facts.price.amount), facts.price.currency) if facts.price else None,
        period=facts.period,
        status=status,
    )


def render(company: Company, sheet: ContractSheet, begun: BegunDocument) -> bytes:
    order, issued_on = begun.order, madrid_date(begun.begun_at)
    if order.kind is DocumentKind.COPY:
        return contract_copy(
            sheet,
            reference=order.reference,
            language=order.language,
            issued_on=issued_on,
            company=company,
        )
    assert order.signed_by is not None
    assert order.signed_at is not None
    return acceptance_certificate(
        sheet,
        signed_by=order.signed_by,
        signed_at=order.signed_at,
        signer_is_holder=order.signer_is_holder,
        text=_accepted_text(begun),
        authentication=order.authentication,
        reference=order.reference,
        language=order.language,
        issued_on=issued_on,
        company=company,
    )


def _accepted_text(begun: BegunDocument) -> BoundText | None:
    text = begun.text
    return BoundText(text.document_id, text.version, text.sha256) if text else None


def _metadata(contract: ContractState, begun: BegunDocument, content: bytes) -> dict[str, Any]:
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "contract_number": contract.contract_number,
        "customer_id": begun.order.customer_id,
        "available_until": begun.available_until,
    }
