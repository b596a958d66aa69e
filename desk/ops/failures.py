"""What the failures of the libraries below mean to a person; loaded once one has happened."""

from __future__ import annotations

from pydantic import ValidationError

from desk.embedded.child import ChildError
from desk.ops.errors import FAILED, DeskError
from shared.runtime.faults import Outage
from shared.settings import faults_of

AWAY = {
    "kafka": "the broker does not answer",
    "mongodb": "the database does not answer",
}


def expected(error: Exception) -> DeskError | None:
    """The failure in words, or None for one that nobody expects."""
    match error:
        case Outage():
            what = AWAY.get(error.dependency, f"{error.dependency} does not answer")
            advice = "Is `desk up` still running? `desk doctor` says what is missing."
            return DeskError(f"{what} ({error}).\n{advice}", code=FAILED)
        case ChildError():
            return DeskError(str(error), code=FAILED)
        case ValidationError():
            return DeskError(faults_of(error))
    return None
