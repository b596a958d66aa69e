"""Reasons that end a replay, an edit or a discard early."""

from __future__ import annotations

from dataclasses import dataclass

from shared.operations.dead_letters.letter import LetterId
from shared.operations.parked import Parked


@dataclass(frozen=True, slots=True)
class LetterGone:
    """The topic no longer holds a letter of this message."""

    message_id: str


@dataclass(frozen=True, slots=True)
class CorrectionUnderway:
    """The letter was corrected; the correction has not been decided or given up yet."""

    letter: LetterId


@dataclass(frozen=True, slots=True)
class ReplayedTooOften:
    """The message was replayed `times` times: unless forced, it is not sent again."""

    letter: LetterId
    times: int


@dataclass(frozen=True, slots=True)
class WouldFail:
    """This release could not read the record; `fault` holds no value of it."""

    fault: str


@dataclass(frozen=True, slots=True)
class NotReached:
    """It was sent, but the service's group has not passed it within the time."""

    service: str
    within_s: float


@dataclass(frozen=True, slots=True)
class StillParked:
    """It was sent, but it still waits after the time; `error` is the defect in its way."""

    within_s: float
    error: str


@dataclass(frozen=True, slots=True)
class FailedAgain:
    """The service gave it up again, with this letter."""

    letter: LetterId
    reason: str
    error: str


@dataclass(frozen=True, slots=True)
class StillWaits:
    """It was discarded, but the service has not taken it off the aggregate's list in time."""

    aggregate: Parked
    within_s: float


Stop = (
    LetterGone
    | CorrectionUnderway
    | ReplayedTooOften
    | WouldFail
    | NotReached
    | StillParked
    | FailedAgain
    | StillWaits
)
