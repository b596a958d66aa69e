"""A contract's text (F1): what the vendor approves, the customer views and accepts.

It is plain UTF-8 text that follows from the contract's facts and its number alone. So its SHA-256
is known when it is issued, and its bytes can be made again whenever they are asked for.
"""

from __future__ import annotations

import hashlib
from uuid import NAMESPACE_URL, uuid5

from services.contract_archive.contract.state import ContractState
from services.contract_archive.documents.texts import ENGLISH, SPANISH, DocumentWording
from shared.events.contracts import ContractRecorded, ContractTextIssued

_HEADS = {
    "es": ("TEXTO DEL CONTRATO", "Texto n.º {version}", "Terminado con efecto desde"),
    "en": ("CONTRACT TEXT", "Text no. {version}", "Terminated with effect from"),
}


def issue_text(facts: ContractRecorded, state: ContractState) -> ContractTextIssued:
    """The text of new facts: the contract's next number, approved by nobody yet."""
    version = state.text.version + 1 if state.text is not None else 1
    return ContractTextIssued(
        contract_number=facts.contract_number,
        customer_id=facts.customer_id,
        document_id=text_id(facts.contract_number, version),
        version=version,
        sha256=hashlib.sha256(text_of(facts, version)).hexdigest(),
    )


def text_id(contract_number: str, version: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"{contract_number} text {version}"))


def names_a_text(document_id: str, state: ContractState) -> bool:
    """Whether it is one of the texts that this contract has or had."""
    last = state.text.version if state.text is not None else 0
    return any(document_id == text_id(state.contract_number, n) for n in range(last, 0, -1))


def text_of(facts: ContractRecorded, version: int) -> bytes:
    """The whole text, in Spanish and then in English, one fact a line, lines ending in LF.

    Issued texts are made again by this function: what it gives for the same arguments must never
    change. White space in a fact is folded, so that no fact can pass for a further line.
    """
    parts = ("\n".join(_lines(words, facts, version)) for words in (SPANISH, ENGLISH))
    return ("\n\n".join(parts) + "\n").encode("utf-8", "replace")


def _lines(words: DocumentWording, facts: ContractRecorded, version: int) -> list[str]:
    head, number, terminated = _HEADS[words.language]
    price, period = facts.price, facts.period
    amount = words.money(str(price.amount), price.currency) if price else words.not_recorded
    rows = [
        (words.contract_number, facts.contract_number),
        (words.title, facts.title),
        (words.type, words.term(facts.type)),
        (words.customer_id, facts.customer_id),
        (words.starts_on, words.day(facts.starts_on)),
        (words.ends_on, words.day(facts.ends_on) if facts.ends_on else words.no_end),
        (words.auto_renewal, words.yes if facts.auto_renewal else words.no),
        (words.price, amount),
        (words.period, words.term(period) if period else words.not_recorded),
    ]
    if facts.terminated_on is not None:
        rows.append((terminated, words.day(facts.terminated_on)))
    return [head, number.format(version=version), *(f"{k}: {_on_one_line(v)}" for k, v in rows)]


def _on_one_line(value: str) -> str:
    return " ".join(value.split())
