"""A notification's invariants hold whatever comes, in whichever order Kafka allows."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.notification.mail.private_events import NotificationRetry
from shared.events.envelope import Event
from shared.events.internal import MailAttempted
from shared.events.notifications import NotificationFailed, NotificationSent
from shared.events.values import Contact
from tests.builders.examples import examples
from tests.builders.notification import (
    NOW,
    Notifications,
    authorised,
    closed,
    lapsed,
    opened,
    progressed,
    recorded,
    recorded_servicepac,
    registered,
    rejected,
    reopened,
    scheduled,
)

quick = examples(80)
Named = tuple[str, Event]

LATER = opened(
    inquiry_id="inq-2",
    opened_at=NOW + timedelta(hours=1),
    contact=Contact(email="despues@example.test"),
)
STREAMS: list[list[Named]] = [
    [("a1", opened()), ("a2", progressed()), ("a3", closed()), ("a4", reopened())],
    [("b1", LATER)],
    [("c1", scheduled()), ("c2", lapsed(sequence=2))],
    [("d1", recorded()), ("d2", recorded_servicepac()), ("d3", recorded_servicepac())],
    [("e1", registered()), ("e2", authorised(email="nuevo@example.test"))],
    [("f1", rejected())],
]
"""One list per topic and key: within a list the order is kept, between them there is none."""


@st.composite
def interleavings(draw: st.DrawFn) -> list[Named]:
    turns = [index for index, stream in enumerate(STREAMS) for _ in stream]
    waiting = [iter(stream) for stream in STREAMS]
    return [next(waiting[turn]) for turn in draw(st.permutations(turns))]


outcomes = st.tuples(
    st.sampled_from([None, "timeout", "smtp_451", "smtp_unavailable", "no_address", "smtp_550"]),
    st.booleans(),
)
pauses = st.integers(0, 3 * 3600).map(lambda seconds: timedelta(seconds=seconds))
reports = st.tuples(st.integers(1, 6), outcomes)


def run(messages: list[Named]) -> Notifications:
    world = Notifications()
    for identity, event in messages:
        world.receive(event, identity)
    return world


@quick
@given(interleavings(), st.data())
def test_repeating_messages_at_any_later_point_changes_nothing(
    messages: list[Named], data: st.DataObject
) -> None:
    repeats = data.draw(st.lists(st.integers(0, len(messages) - 1), max_size=10))
    repeated = list(messages)
    for index in repeats:
        later = data.draw(st.integers(repeated.index(messages[index]) + 1, len(repeated)))
        repeated.insert(later, messages[index])

    once, again = run(messages), run(repeated)

    assert again.states == once.states
    assert again.happened == once.happened


@quick
@given(interleavings())
def test_mails_and_replicas_do_not_depend_on_the_order_of_topics(messages: list[Named]) -> None:
    in_turn = [named for stream in STREAMS for named in stream]

    assert run(messages).states == run(in_turn).states


@quick
@given(interleavings(), st.lists(outcomes, max_size=6))
def test_the_history_adds_up_to_the_state(
    messages: list[Named], tries: list[tuple[str | None, bool]]
) -> None:
    world = run(messages)
    for outcome in tries:
        world.attempted(outcome)

    assert world.refolded == world.states


@quick
@given(st.lists(st.tuples(pauses, reports), max_size=40))
def test_a_notification_ends_once_after_attempts_that_grow_by_one_within_a_day(
    reported: list[tuple[timedelta, tuple[int, tuple[str | None, bool]]]],
) -> None:
    """Reports come late, twice, out of order and from workers that have lost their lease."""
    world = Notifications(opened(), scheduled())
    due_at = world.last.due_at
    for index, (pause, (attempt, (error, permanent))) in enumerate(reported):
        world.now += pause
        world.receive(
            MailAttempted(
                notification_id=world.last.notification_id,
                attempt=attempt,
                recipient_hash="0" * 32,
                error=error,
                permanent=permanent,
            ),
            f"report {index}",
        )

    history = world.history(world.last)
    retries = [event for event in history if isinstance(event, NotificationRetry)]
    ends = [e for e in history if isinstance(e, NotificationSent | NotificationFailed)]
    assert len(ends) <= 1
    assert not ends or history[-1] is ends[0]
    assert (world.last.next_at is None) == bool(ends)
    assert [retry.attempts for retry in retries] == list(range(1, len(retries) + 1))
    assert all(retry.next_at <= due_at + timedelta(hours=24) for retry in retries)
    assert all(earlier.next_at <= other.next_at for earlier, other in pairwise(retries))
