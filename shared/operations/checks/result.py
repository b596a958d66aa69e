"""The result of a check, and its remedy; how to apply it is for a face to say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How a finding is meant: in order, worth a look, or a fault."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Remedy(StrEnum):
    """The remedy of a finding."""

    REACH_BROKER = "start the broker, or correct its address"
    GRANT_ON_BROKER = "give the user the right on the broker"
    START_SERVICES = "start the services, which create the topics"
    KEEP_PARTITIONS = "leave the partitions as they are, if they were meant so"
    WAIT_FOR_LAG = "wait, and look at the service if the lag does not shrink"
    HANDLE_LETTERS = "deal with the dead letters"
    LOWER_IN_SYNC = "lower the replicas that must be in sync"
    RAISE_IN_SYNC = "let two replicas be in sync before a record is acknowledged"
    REPLICATE = "replicate the topics to three brokers"
    ADD_REPLICA = "add a replica"
    ALIGN_TIMESTAMPS = "let the broker date the records"
    ALIGN_TOPICS = "set the topics as the catalogue has them"
    REACH_DATABASE = "start the database, or correct its address"
    GRANT_ON_DATABASE = "give the database's address its user and password"
    SYNCHRONISE_CLOCKS = "synchronise the clocks"
    REACH_MAIL_SERVER = "start the mail server, or correct its address"
    WAKE_MAIL_SERVER = "look at the mail server, which takes connections and says nothing"
    CORRECT_MAIL_ADDRESS = "correct the mail server's address"
    REPLAY_PARKED = "deploy the fix, then replay what is parked"
    WATCH_SIZE = "nothing yet"
    CURE_SIZE = "make the document smaller"
    FIND_SERVICES = "look at the services where they run"
    REACH_SERVICES = "let the services be asked"
    END_HUNG = "end the process, so that it is started again"
    SAME_CREDENTIAL = "give service and operators the same credential"
    TELL_SENDER = "tell the sender what it leaves out"
    RESTART_SERVICE = "read the service's log; start it again"
    SET_CLOCK = "set the service's clock right"
    COMPARE_RECORDS = "compare the records with the topics"
    WAIT_FOR_DEPENDENCY = "wait: the service recovers with its dependency"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `name` says what was looked at; without a `remedy` none is needed."""

    name: str
    verdict: Severity
    found: str
    remedy: Remedy | None = None


def ok(name: str, found: str) -> Check:
    """`found` is in order."""
    return Check(name, Severity.OK, found)


def warn(name: str, found: str, remedy: Remedy) -> Check:
    """`found` is worth a look."""
    return Check(name, Severity.WARN, found, remedy)


def fail(name: str, found: str, remedy: Remedy) -> Check:
    """`found` is a fault."""
    return Check(name, Severity.FAIL, found, remedy)
