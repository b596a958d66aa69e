"""A customer has viewed a contract's text (F1): no inquiry, the archive hears of it."""

from __future__ import annotations

from services.inquiry_intake.inquiry.private_events import ViewForwarded
from services.inquiry_intake.submission.validate import SoundSubmission
from shared.events.envelope import Event
from shared.events.requests import ContractViewReported
from shared.events.submissions import ContractViewedSubmitted


def forwarded(sound: SoundSubmission, viewed: ContractViewedSubmitted) -> list[Event]:
    """The submission's id is used; whether the view counts is for the archive to say."""
    return [
        ViewForwarded(inquiry_id=sound.inquiry_id, customer_id=viewed.customer_id),
        ContractViewReported(
            submission_id=sound.id,
            submission_source=sound.source,
            customer_id=viewed.customer_id,
            channel=viewed.channel,
            received_at=viewed.received_at,
            contract_number=viewed.contract_number,
            document_id=viewed.document_id,
            viewed_at=viewed.viewed_at,
        ),
    ]
