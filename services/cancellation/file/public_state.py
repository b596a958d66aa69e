"""The public state of a cancellation file: `cancellation.state.v1`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.cancellation.file.state import Cancellation, CancellationFile
from services.cancellation.policies.wording import day_before
from shared.events.states import (
    CancellationStated,
    CancellationStatus,
    OpenRequest,
    StandingCancellation,
    WatchedRenewal,
)


def public_state(file: CancellationFile, version: int) -> CancellationStated:
    """The file as it stands. Of requests only the holder's: a stranger's is nobody's business."""
    status = _status(file)
    return CancellationStated(
        contract_number=file.contract_number,
        customer_id=file.contract.customer_id if file.contract else None,
        sequence=file.sequence,
        version=version,
        status=status,
        last_billable_on=_last_billable_on(file, status),
        cancellation=_standing(file.cancellation),
        renewals=tuple(WatchedRenewal.model_validate(vars(renewal)) for renewal in file.renewals),
        requests=tuple(_open_requests(file)),
    )


def _status(file: CancellationFile) -> CancellationStatus:
    match file.cancellation:
        case Cancellation(suspended=True):
            return CancellationStatus.SUSPENDED
        case Cancellation(took_effect=True):
            return CancellationStatus.TOOK_EFFECT
        case Cancellation():
            return CancellationStatus.SCHEDULED
    return CancellationStatus.NONE if file.lapsed_on is None else CancellationStatus.LAPSED


def _last_billable_on(file: CancellationFile, status: CancellationStatus) -> date | None:
    """Returns the last billable day of the decision in force; None while charging continues."""
    match status:
        case CancellationStatus.SCHEDULED | CancellationStatus.TOOK_EFFECT:
            return file.cancellation.last_billable_on if file.cancellation else None
        case CancellationStatus.LAPSED:
            return file.lapsed_on and day_before(file.lapsed_on)
    return None


def _standing(cancellation: Cancellation | None) -> StandingCancellation | None:
    if cancellation is None:
        return None
    return StandingCancellation.model_validate(vars(cancellation))


def _open_requests(file: CancellationFile) -> Iterator[OpenRequest]:
    if file.contract is None:
        return
    for request in file.open_requests_of(file.contract.customer_id):
        yield OpenRequest(
            inquiry_id=request.inquiry_id,
            customer_id=request.customer_id,
            status=request.status.value,
            missing=request.missing,
            due_on=request.due_on if request.missing else None,
        )
