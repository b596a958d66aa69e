"""The PDF documents of the archive: the certified copy (F8) and the acceptance certificate (F1).

Pure functions of their arguments: the same arguments give the same bytes, so that a retried job
makes the same document, with the same SHA-256, as the attempt that crashed.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime

from services.contract_archive.documents.layout import DocumentLayout, Rows, lay_out
from services.contract_archive.documents.texts import DocumentWording, wording_in
from shared.events.values import Authentication


@dataclass(frozen=True)
class Price:
    """A decimal number as a string, and an ISO 4217 code."""

    amount: str
    currency: str


@dataclass(frozen=True)
class ContractSheet:
    """The registry's record of a contract, as a document shows it.

    `type`, `period` and `status` are the wire's values (`monthly_licence`, `month`, `active`);
    values that the documents have no word for are printed as they are. Dates are calendar dates
    in Europe/Madrid.
    """

    contract_number: str
    customer_id: str
    holder_name: str | None
    type: str
    title: str
    starts_on: date
    ends_on: date | None
    auto_renewal: bool
    price: Price | None
    period: str | None
    status: str


@dataclass(frozen=True)
class BoundText:
    """The text that an acceptance is bound to; `sha256` is that of its bytes, in hex."""

    document_id: str
    version: int
    sha256: str


@dataclass(frozen=True)
class Company:
    """The company on a document's letterhead."""

    name: str
    postal_address: str
    phone: str


def sheet_sha256(sheet: ContractSheet) -> str:
    """The digest that a document's cover line quotes, in lower-case hexadecimal.

    Of the sheet's canonical JSON: every field, null when absent, keys sorted, no white space,
    dates in ISO 8601, only ASCII with `\\u` escapes. Anybody with the data can compute it again.
    """
    canonical = json.dumps(
        asdict(sheet), sort_keys=True, separators=(",", ":"), default=date.isoformat
    )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def contract_copy(
    contract: ContractSheet,
    *,
    reference: str,
    language: str,
    issued_on: date,
    company: Company,
) -> bytes:
    """The certified copy of a contract (F8), as a PDF.

    In English for `en`, else in Spanish. `reference` is the inquiry's, `issued_on` a date in
    Europe/Madrid. Texts come out literally; one that the document's typeface cannot show raises
    `NotPrintable`.
    """
    words = wording_in(language)
    return _document(
        words,
        title=words.copy_title,
        certifies=words.certifies_copy,
        sections=((words.contract, _contract_rows(words, contract)),),
        contract=contract,
        reference=reference,
        issued_on=issued_on,
        company=company,
    )


def acceptance_certificate(
    contract: ContractSheet,
    *,
    signed_by: str,
    signed_at: datetime,
    signer_is_holder: bool | None = None,
    text: BoundText | None = None,
    authentication: Authentication | None = None,
    reference: str,
    language: str,
    issued_on: date,
    company: Company,
) -> bytes:
    """The certificate that `signed_by` accepted the contract at `signed_at` (F1), as a PDF.

    `signed_at` may be in any zone and is shown in Europe/Madrid; a naive one raises ValueError.
    `signer_is_holder` says whether that is the registered holder's name, None where nobody
    compared. The certificate names `text`, or says that the acceptance is bound to no text.
    Everything else is as in `contract_copy`.
    """
    if signed_at.utcoffset() is None:
        raise ValueError("signed_at needs a time zone")
    words = wording_in(language)
    acceptance = (
        (words.signed_by, signed_by),
        *_signer_rows(words, signer_is_holder),
        (words.signed_at, words.instant(signed_at)),
        (words.accepted_contract, contract.contract_number),
        *_text_rows(words, text),
        *_authentication_rows(words, authentication),
    )
    return _document(
        words,
        title=words.certificate_title,
        certifies=words.certifies_acceptance,
        sections=(
            (words.acceptance, acceptance),
            (words.contract, _contract_rows(words, contract)),
        ),
        contract=contract,
        reference=reference,
        issued_on=issued_on,
        company=company,
    )


def _signer_rows(words: DocumentWording, signer_is_holder: bool | None) -> Rows:
    if signer_is_holder is None:
        return ()
    return ((words.signer, words.signer_is_holder if signer_is_holder else words.signer_is_other),)


def _text_rows(words: DocumentWording, text: BoundText | None) -> Rows:
    if text is None:
        return ((words.accepted_text, words.text_not_bound),)
    return (
        (words.accepted_text, words.text_number.format(version=text.version)),
        (words.text_document, text.document_id),
        (words.text_sha256, text.sha256),
    )


def _authentication_rows(words: DocumentWording, authentication: Authentication | None) -> Rows:
    if authentication is None:
        return ()
    return (
        (words.authenticated_by, f"{authentication.method} ({authentication.level})"),
        (words.authenticated_at, words.instant(authentication.at)),
        (words.authentication_reference, authentication.reference),
    )


def _document(
    words: DocumentWording,
    *,
    title: str,
    certifies: str,
    sections: tuple[tuple[str, Rows], ...],
    contract: ContractSheet,
    reference: str,
    issued_on: date,
    company: Company,
) -> bytes:
    cover_line = certifies.format(
        contract_number=contract.contract_number,
        issued_on=words.day(issued_on),
        reference=reference,
        sha256=sheet_sha256(contract),
    )
    return lay_out(
        DocumentLayout(
            language=words.language,
            company_name=company.name,
            company_address=f"{company.postal_address} · {words.phone} {company.phone}",
            title=title,
            subtitle=contract.contract_number,
            cover_line=cover_line,
            sections=sections,
            page_of=words.page_of,
        )
    )


def _contract_rows(words: DocumentWording, contract: ContractSheet) -> Rows:
    price = contract.price
    return (
        (words.contract_number, contract.contract_number),
        (words.title, contract.title),
        (words.type, words.term(contract.type)),
        (words.holder, contract.holder_name or words.not_recorded),
        (words.customer_id, contract.customer_id),
        (words.starts_on, words.day(contract.starts_on)),
        (words.ends_on, words.day(contract.ends_on) if contract.ends_on else words.no_end),
        (words.auto_renewal, words.yes if contract.auto_renewal else words.no),
        (words.price, words.money(price.amount, price.currency) if price else words.not_recorded),
        (words.period, words.term(contract.period) if contract.period else words.not_recorded),
        (words.status, words.term(contract.status)),
    )
