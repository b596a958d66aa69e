"""What an error of MongoDB's driver means for the batch."""

from __future__ import annotations

import pytest
from bson.errors import InvalidDocument
from pymongo.errors import NetworkTimeout, OperationFailure, ServerSelectionTimeoutError

from shared.mongo.errors import UNSTORABLE, mongodb_errors_as_outage
from shared.outage import Forbidden, Outage


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (ServerSelectionTimeoutError(), Outage),
        (NetworkTimeout(), Outage),
        (OperationFailure("no", 11600), Outage),
        (OperationFailure("no", 13), Forbidden),
        (OperationFailure("no", 18), Forbidden),
        (InvalidDocument("no"), InvalidDocument),
        (OverflowError(), OverflowError),
    ],
    ids=lambda it: f"{type(it).__name__} {getattr(it, 'code', '')}".strip(),
)
def test_an_error_is_an_outage_a_refusal_or_our_defect(
    error: Exception, means: type[Exception]
) -> None:
    with pytest.raises(Exception) as raised, mongodb_errors_as_outage():  # noqa: PT011
        raise error
    assert type(raised.value) is means
    assert issubclass(means, Outage) != issubclass(means, UNSTORABLE)
