"""What others may know of a cancellation file: `cancellation.state.v1`."""

from __future__ import annotations

from collections.abc import Iterator

from services.cancellation.file import Cancellation, File
from shared.events.states import (
    CancellationStated,
    CancellationStatus,
    OpenRequest,
    StandingCancellation,
    WatchedRenewal,
)


def public_state(file: File, version: int) -> CancellationStated:
    """The file as it stands. Of requests only the holder's: a stranger's is nobody's business."""
    return CancellationStated(
        contract_number=file.contract_number,
        customer_id=file.contract.customer_id if file.contract else None,
        sequence=file.sequence,
        version=version,
        status=_status(file),
        cancellation=_standing(file.cancellation),
        renewals=tuple(
            WatchedRenewal.model_validate(renewal.model_dump()) for renewal in file.renewals
        ),
        requests=tuple(_open_requests(file)),
    )


def _status(file: File) -> CancellationStatus:
    if file.cancellation is not None:
        took_effect = file.cancellation.took_effect
        return CancellationStatus.TOOK_EFFECT if took_effect else CancellationStatus.SCHEDULED
    if any(renewal.lapsed for renewal in file.renewals):
        return CancellationStatus.LAPSED
    return CancellationStatus.NONE


def _standing(cancellation: Cancellation | None) -> StandingCancellation | None:
    if cancellation is None:
        return None
    return StandingCancellation.model_validate(cancellation.model_dump())


def _open_requests(file: File) -> Iterator[OpenRequest]:
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
