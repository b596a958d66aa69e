"""A changed copy is `model_copy`'s, for every state and event that is changed so."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from services.cancellation.file.state import Cancellation, CancellationFile, RenewalInvoice, Request
from services.inquiry_intake.inquiry.state import Inquiry, InquiryStanding
from shared.events.changed import changed

INQUIRY = Inquiry(inquiry_id="i-1", status=InquiryStanding.OPEN, customer_id="C-1")
FILE = CancellationFile(contract_number="K-1")


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (INQUIRY, {}),
        (INQUIRY, {"status": InquiryStanding.CLOSED, "question_open": False}),
        (FILE, {"sequence": 3, "requests": ()}),
    ],
)
def test_a_changed_copy_is_the_one_that_model_copy_makes(
    model: BaseModel, changes: dict[str, Any]
) -> None:
    before = model.model_dump()
    wanted, copied = model.model_copy(update=changes), changed(model, changes)

    assert copied == wanted
    assert (type(copied), vars(copied)) == (type(wanted), vars(wanted))
    assert copied.model_fields_set == wanted.model_fields_set
    assert copied.model_dump_json(exclude_unset=True) == wanted.model_dump_json(exclude_unset=True)
    assert (copied.__pydantic_extra__, copied.__pydantic_private__) == (None, None)
    assert (model.model_dump(), changed(copied, {})) == (before, wanted)


@pytest.mark.parametrize("kind", [Inquiry, CancellationFile, Request, RenewalInvoice, Cancellation])
def test_what_is_changed_so_has_neither_extra_nor_private_fields(kind: type[BaseModel]) -> None:
    assert kind.model_config.get("extra", "ignore") == "ignore"
    assert not kind.__private_attributes__
