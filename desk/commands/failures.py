"""Explains each expected failure in words, and gives its exit code.

Loaded once a failure has happened. The library's errors say what happened; this is where they
become sentences that name commands and options.
"""

from __future__ import annotations

import os

from pydantic import ValidationError

from desk.commands.dead_letter_output import settlement_text
from desk.commands.errors import FAILED, DeskError
from desk.local.child import ChildError
from shared.environment import faults_of
from shared.events.reference import parse_reference
from shared.operations.case_timeline import NoSuchCase
from shared.operations.dead_letters import errors as of_letters
from shared.operations.dead_letters.letter import NoSuchLetters, NotALetterId
from shared.operations.errors import (
    AttachmentDiffers,
    GroupsOfAnother,
    MissingTopics,
    NoSuchAttachment,
    NoSuchInquiry,
    OperationError,
    WrongDatabaseUrl,
)
from shared.operations.service_client import NoAddress, NotAdmitted, Refused, ServiceError
from shared.outage import Forbidden, Outage

NAMES = {"kafka": "the broker", "mongodb": "the database"}
START = "Is `desk up` still running? `desk doctor` says what is missing."
RIGHTS = {
    "kafka": "Give the user in KAFKA_USERNAME that right: `desk acl kafka` says who may do what.",
    "mongodb": "Give the user in MONGO_URL that right: `desk acl mongodb` says who may do what.",
}
STILL_WORKS = (
    "It answers for its own records, so start it: `desk doctor` says what is missing. Meanwhile"
    " `desk verify`,\n`desk restore` and whatever asks another service work as ever."
)
CREDENTIALS = (
    "If it runs: are KAFKA_SECURITY_PROTOCOL, KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_CA_FILE"
    " what it asks for?"
)


def expected(error: Exception) -> DeskError | None:
    """The failure in words, or None for one that nobody expects."""
    match error:
        case Outage():
            return DeskError(_outage_text(error), code=FAILED)
        case ChildError():
            return DeskError(str(error), code=FAILED)
        case ValidationError():
            return DeskError(faults_of(error))
        case ServiceError():
            return _unasked(error)
        case OperationError():
            return _refused_correction(error) or _not_found(error) or _wrong_use(error)
    return None


def _unasked(error: ServiceError) -> DeskError:
    match error:
        case Refused():
            return DeskError(f"{error}.")
        case NoAddress():
            remedy = f"Set {error.service.upper()}_URL to its internal port."
        case NotAdmitted():
            remedy = "Set INTERNAL_CREDENTIAL to the one that it was started with."
        case _:
            remedy = STILL_WORKS
    return DeskError(f"{error}.\n{remedy}", code=FAILED)


def _not_found(error: OperationError) -> DeskError | None:
    match error:
        case MissingTopics(names, address):
            words = (
                f"the broker at {address} shows no topic {', '.join(names)}.\n"
                "The services create the topics when they start: run `desk up`, or see"
                " `desk doctor`. A secured broker hides what its user may not read."
            )
        case NoSuchInquiry(named):
            words = _no_inquiry_text(named)
        case NoSuchAttachment(document_id, standing):
            words = _no_attachment_text(document_id, standing)
        case AttachmentDiffers(document_id):
            words = (
                f"attachment {document_id} is not saved: the archive's bytes have another hash than"
                " its channel named."
            )
        case NoSuchLetters(ids):
            words = (
                f"there is no dead letter {', '.join(map(str, ids))}.\n"
                "`desk dead-letters list --letters --all` shows those that are there."
            )
        case of_letters.Superseded(letter, newest):
            words = f"{letter} is not the newest letter of its message; edit {newest}."
        case of_letters.AlreadySettled(letter, settlement):
            words = f"{letter} was {settlement_text(settlement)}; there is nothing left to correct."
        case NoSuchCase(named, complete):
            words = _no_case_text(named, complete=complete)
        case _:
            return None
    return DeskError(words, code=FAILED)


def _no_attachment_text(document_id: str, standing: str | None) -> str:
    if standing is None:
        return (
            f"the inquiry names no attachment {document_id!r}; without the option, it lists them."
        )
    return f"the archive keeps no attachment {document_id!r} of this customer ({standing})."


def _no_case_text(named: str, *, complete: bool) -> str:
    if complete:
        return (
            f"nothing has {named!r} as a reference, contract, customer, submission or event.\n"
            "The topics keep records as long as docs/events.md says; ids are told apart by case."
        )
    return (
        f"nothing was found of {named!r} in that time, and not everything was read.\n"
        "Give it longer with --within, or less to read with --since."
    )


def _no_inquiry_text(named: str) -> str:
    is_reference = parse_reference(named) is not None
    if named.upper().lstrip().startswith("INQ") and not is_reference:
        return (
            f"{named!r} cannot be a reference: a character is wrong, missing or too many.\n"
            "Check it against the confirmation mail; O and 0, I and 1 are told apart for you."
        )
    return (
        f"no inquiry has {named!r} as {'a reference' if is_reference else 'an id'}.\n"
        "If it was submitted just now, try again in a second; a rejected submission opens no"
        " inquiry\n(`desk submit … --wait` shows the reasons). `desk doctor` says if a service is"
        " down."
    )


def _refused_correction(error: OperationError) -> DeskError | None:
    match error:
        case of_letters.NothingCorrected(letter):
            words = f"{letter} would stay as it is; there is nothing to correct."
        case of_letters.NotAnObject():
            words = (
                "the record's value is no JSON object, so that no field of it can be set;"
                " give the whole value with --file or --editor."
            )
        case of_letters.HalfACharacter():
            words = "the corrected value holds half of a character; no text can."
        case of_letters.NotAPointer(written):
            words = f"--set {written!r} is no JSON pointer; write it like /contact/email."
        case of_letters.NotJson(pointer):
            words = (
                f"what --set gives {pointer} is no JSON; a text needs its own quotes:"
                f" --set '{pointer}=\"…\"'."
            )
        case of_letters.NoSuchField(pointer):
            words = f"--set {pointer}: the value has no such place."
        case of_letters.UnknownService(letter, service):
            words = f"{letter} was given up by {service!r}, which is no service."
        case of_letters.IdentityCorrected(letter):
            words = f"{letter} is waited for by its ce_source and ce_id; these cannot be corrected."
        case of_letters.StillFaulty(letter, faults):
            head = f"nothing was sent, because {letter} would still have faults:"
            words = "\n".join([head, *(f"  {fault}" for fault in faults)])
        case _:
            return None
    return DeskError(words)


def _wrong_use(error: OperationError) -> DeskError | None:
    match error:
        case NotALetterId(written):
            words = (
                f"{written!r} is no letter's id; it looks like 3-1042.\n"
                "`desk dead-letters list --letters` shows them."
            )
        case of_letters.IdsAndSelection():
            words = "give letters' ids or a selection by options, not both."
        case of_letters.AggregateAndSelection():
            words = (
                "--aggregate means all that waits for it; of the other selections only --service"
                " goes with it."
            )
        case GroupsOfAnother(user):
            words = (
                f"with this KAFKA_GROUP_PREFIX, {user} could join the services' groups and take"
                " their messages.\nChoose one that is no user's name."
            )
        case WrongDatabaseUrl(fault):
            words = (
                f"the database's URL is wrong ({fault}); expected mongodb://host:port/…\n"
                "Correct MONGO_URL or --mongo."
            )
        case _:
            return None
    return DeskError(words)


def _outage_text(outage: Outage) -> str:
    name = NAMES.get(outage.dependency, outage.dependency)
    if isinstance(outage, Forbidden):
        return f"{name} refuses this user ({outage}).\n{RIGHTS[outage.dependency]}"
    secured = outage.dependency == "kafka" and os.environ.get("KAFKA_SECURITY_PROTOCOL")
    return f"{name} does not answer ({outage}).\n{CREDENTIALS if secured else START}"
