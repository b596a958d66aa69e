"""`mongodb_errors_as_outage` translates the errors of MongoDB's driver."""

from __future__ import annotations

import pytest
from bson.errors import InvalidDocument
from pymongo.errors import (
    BulkWriteError,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from shared.mongo.errors import UNSTORABLE, WritesRefused, mongodb_errors_as_outage
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


DUPLICATE_ID = {"index": 0, "code": 11_000, "keyPattern": {"_id": 1}}
DUPLICATE_VALUE = {"index": 1, "code": 11_000, "keyPattern": {"state.reference": 1}}


@pytest.mark.parametrize(
    ("details", "only_duplicates"),
    [
        ({"writeErrors": [DUPLICATE_ID]}, True),
        ({"writeErrors": [DUPLICATE_ID, DUPLICATE_VALUE]}, False),
        ({"writeErrors": [DUPLICATE_ID, {"index": 1, "code": 121}]}, False),
        ({"writeErrors": []}, False),
        ({"writeErrors": [DUPLICATE_ID], "writeConcernErrors": [{"code": 64}]}, False),
    ],
)
def test_documents_are_safe_only_if_all_that_was_refused_was_there_already(
    details: dict[str, object], only_duplicates: bool
) -> None:
    assert WritesRefused(BulkWriteError(details)).only_duplicate_ids is only_duplicates
