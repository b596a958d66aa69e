"""What the failures of the libraries below mean to a person; loaded once one has happened."""

from __future__ import annotations

import os

from pydantic import ValidationError

from desk.local.child import ChildError
from shared.operations.errors import FAILED, DeskError
from shared.operations.refusals import is_refusal
from shared.runtime.faults import Outage
from shared.settings import faults_of

NAMES = {"kafka": "the broker", "mongodb": "the database"}
START = "Is `desk up` still running? `desk doctor` says what is missing."
RIGHTS = {
    "kafka": "Give the user in KAFKA_USERNAME that right: `desk acl kafka` says who may do what.",
    "mongodb": "Give the user in MONGO_URL that right: `desk acl mongodb` says who may do what.",
}
CREDENTIALS = (
    "If it runs: are KAFKA_SECURITY_PROTOCOL, KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_CA_FILE"
    " what it asks for?"
)


def expected(error: Exception) -> DeskError | None:
    """The failure in words, or None for one that nobody expects."""
    match error:
        case Outage():
            return DeskError(_told(error), code=FAILED)
        case ChildError():
            return DeskError(str(error), code=FAILED)
        case ValidationError():
            return DeskError(faults_of(error))
    return None


def _told(outage: Outage) -> str:
    name = NAMES.get(outage.dependency, outage.dependency)
    if is_refusal(outage.__cause__):
        return f"{name} refuses this user ({outage}).\n{RIGHTS[outage.dependency]}"
    secured = outage.dependency == "kafka" and os.environ.get("KAFKA_SECURITY_PROTOCOL")
    return f"{name} does not answer ({outage}).\n{CREDENTIALS if secured else START}"
