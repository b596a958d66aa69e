"""The stage's suite, which runs on the store in memory and on MongoDB.

A subclass has a fixture `new_store` that makes an empty store for some Deciders.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict
from structlog.testing import capture_logs

from shared.events.agents import ReferralDecided
from shared.events.envelope import Event, Message, Ref, Unchecked
from shared.events.internal import TimerDue
from shared.events.submissions import SubmissionRejected
from shared.events.topics import TOPIC_OF
from shared.events.values import Bilingual, FieldError
from shared.kafka.records import RecordPosition
from shared.outage import Outage
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.codec import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import IGNORED, Decider, Route, Service, replica
from shared.runtime.stage.handover import Performer
from shared.runtime.stage.stage import NOBODY, Stage
from shared.telemetry.metrics import Metrics
from tests.builders.traces import SAMPLED, UNSAMPLED
from tests.fakes.memory_stage import Given

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
DUE = NOW + timedelta(days=40)
EARLY, LATE = DUE - timedelta(days=1), DUE + timedelta(minutes=1)
LEASE = timedelta(minutes=1)
FAR = DUE + timedelta(days=400)
OWNER = "contract_archive"
NOTE, CARD, COPY = "note", "card", "copy"


class Noted(Event):
    """Holds a message's text, and how often each record that it saw had been written to."""

    ce_type: ClassVar[str] = "note.noted"

    text: str
    seen: dict[str, int]
    wants: tuple[str, ...] = ()
    title: str | None = None
    number: int = 0


class Note(BaseModel):
    """How often it was written to, what it wants to see from now on, and by what it is found."""

    model_config = ConfigDict(frozen=True)

    written: int = 0
    wants: tuple[str, ...] = ()
    title: str | None = None
    due_at: datetime | None = None


def decide(message: Message, state: Note | None, _now: datetime) -> list[Event]:
    if isinstance(message.data, TimerDue):
        return [_noted(message, "woken")]
    assert isinstance(message.data, Unchecked)
    fields = message.data.fields
    if fields["text"] in Notebook.stumbles_over:
        raise ZeroDivisionError("the customer's own words")
    title = fields.get("title")
    if title and message.attempt:
        title = f"{title} {message.attempt}"
    text = "reused" if message.id_reused else fields["text"]
    return [_noted(message, text, fields.get("wants", ()), title, fields.get("number", 0))]


def _noted(
    message: Message,
    text: str,
    wants: Sequence[str] = (),
    title: str | None = None,
    number: int = 0,
) -> Noted:
    seen = {ref.id: state.written if state else 0 for ref, state in message.replicas.items()}
    return Noted(text=text, seen=seen, wants=tuple(wants), title=title, number=number)


def evolve(state: Note | None, event: Event) -> Note:
    assert isinstance(event, Noted)
    before = state or Note(due_at=DUE)
    return before.model_copy(
        update={
            "written": before.written + 1,
            "wants": event.wants or before.wants,
            "title": event.title or before.title,
            "due_at": None if event.text == "woken" else before.due_at,
        }
    )


def tell(message: Message, state: Note | None, now: datetime) -> list[Event]:
    """The same, told to everybody."""
    [noted] = decide(message, state, now)
    assert isinstance(noted, Noted)
    error = FieldError(field="text", code=noted.text, message=Bilingual(es="", en=""))
    told = SubmissionRejected(submission_id=message.id, customer_id="C", errors=(error,))
    return [noted, told]


def remember(state: Note | None, event: Event) -> Note:
    return evolve(state, event) if isinstance(event, Noted) else state or Note()


def route(message: Message) -> Route:
    if not isinstance(message.data, Unchecked):
        return IGNORED
    fields = message.data.fields
    return Route(
        tuple(Ref(*ref) for ref in fields["in"]),
        reads=tuple(Ref(*ref) for ref in fields.get("reads", ())),
        aliases=tuple(Ref(NOTE, title) for title in fields.get("titled", ())),
    )


def reads(state: Note, _message: Message) -> tuple[Ref, ...]:
    return tuple(Ref(CARD, name) for name in state.wants)


def service(**of_the_note: Any) -> Service:
    note = Decider(
        NOTE,
        Note,
        tell,
        remember,
        private_events=(Noted,),
        due_at=lambda state: state.due_at,
        reads=reads,
        alias="title",
        unique=("title",),
    )
    card = Decider(
        CARD,
        Note,
        decide,
        evolve,
        private_events=(Noted,),
        answers_reused_ids=(Event, Unchecked),
    )
    copy = replica(COPY, Note, evolve, of="desk.customers")
    deciders = (replace(note, **of_the_note), card, copy)
    return Service(OWNER, deciders, route, ignores=(ReferralDecided,))


def of_type(*types: bytes, value: bytes) -> Given:
    """A record on the topic of agents' acts, with a header for each of the types."""
    said = {"ce_specversion": b"1.0", "ce_id": b"1", "ce_source": b"/agents/test"}
    headers = [*said.items(), *(("ce_type", it) for it in types)]
    return Given("desk.agent-actions", 1, b"K-1", value, headers)


@dataclass
class Notebook:
    """The service's stage; plays the rest of the world."""

    store: AggregateStore
    service: Service
    now: datetime = NOW
    outgoing: list[Envelope | DeadLetter] = field(default_factory=list)
    committed: int = 1_000_000
    dies: bool = False
    metrics: Metrics = field(default_factory=Metrics)
    sent: int = 0

    stumbles_over: ClassVar[set[str]] = set()

    def __post_init__(self) -> None:
        self.restart()

    def restart(self, performer: Performer = NOBODY) -> None:
        """Another process: it remembers nothing."""
        self.stage = Stage(
            self.service,
            self.store,
            self,
            self,
            self.metrics,
            clock=lambda: self.now,
            performer=performer,
        )

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        if self.dies and outgoing:
            raise Outage("kafka", "the process died")
        self.outgoing += outgoing

    async def uncommitted(self, places: Iterable[RecordPosition]) -> set[RecordPosition]:
        return {place for place in places if place.offset >= self.committed}

    def said(
        self, text: str, *decides: tuple[str, str], ce_id: str | None = None, **fields: Any
    ) -> Given:
        body = {"customer_id": "C", "text": text, "in": decides or [(NOTE, "a")], **fields}
        return self._given("submission.inquiry.v1", ce_id, b"C", body, "/channels/test")

    def timer(
        self,
        name: str = "a",
        *,
        stamped: datetime = LATE,
        names: datetime = DUE,
        ce_id: str = "timer",
        source: str = f"/services/{OWNER}/clock",
        **more: Any,
    ) -> Given:
        body = {"kind": NOTE, "id": name, "owner": OWNER, "due_at": names.isoformat()} | more
        given = self._given(TimerDue.ce_type, ce_id, name.encode(), body, source)
        stamp = int(stamped.timestamp() * 1000)
        return replace(given, timestamp=stamp, timestamp_type=1)

    def _given(
        self, ce_type: str, ce_id: str | None, key: bytes, body: dict[str, Any], source: str
    ) -> Given:
        self.sent += 1
        said = {
            "ce_specversion": "1.0",
            "ce_id": ce_id or str(self.sent),
            "ce_source": source,
            "ce_type": ce_type,
        }
        headers = [(name, text.encode()) for name, text in said.items()]
        topic = TOPIC_OF[ce_type].name
        return Given(topic, self.sent, key, json.dumps(body).encode(), headers)

    async def entries(self, kind: str = NOTE, name: str = "a") -> list[Noted]:
        history = await self.store.history(kind, name)
        events = [self.store.event(it) for entry in history for it in entry["events"]]
        return [event for event in events if isinstance(event, Noted)]

    async def texts(self, kind: str = NOTE, name: str = "a") -> list[str]:
        return [noted.text for noted in await self.entries(kind, name)]

    async def aggregate(self, kind: str = NOTE, name: str = "a") -> Aggregate:
        [found] = (await self.store.read([Ref(kind, name)])).values()
        return found

    @property
    def told(self) -> list[str]:
        events = [it for it in self.outgoing if isinstance(it, Envelope)]
        return [json.loads(it.value)["errors"][0]["code"] for it in events]

    @property
    def dead(self) -> list[str]:
        return [it.reason.value for it in self.outgoing if isinstance(it, DeadLetter)]

    def fate(self, name: str) -> Any:
        return self.metrics.registry.get_sample_value("desk_records_total", {"fate": name})


@dataclass
class Hands:
    """Who does side effects, and what was handed over; without `free` there is no room."""

    free: bool = True
    begun: list[Aggregate] = field(default_factory=list)
    woken: list[datetime | None] = field(default_factory=list)

    def lease(self, _count: int) -> datetime | None:
        return NOW + LEASE if self.free else None

    def begin(self, leased: Sequence[Aggregate]) -> None:
        self.begun += leased

    def wake(self, at: datetime | None) -> None:
        self.woken.append(at)

    def decided(self, _refs: Iterable[Ref]) -> None: ...


NewStore = Callable[[tuple[Decider[Any], ...]], Awaitable[AggregateStore]]


class StageSuite:
    """Given a store, when messages come, then."""

    @pytest.fixture
    async def book(self, new_store: NewStore) -> Notebook:
        Notebook.stumbles_over = {"stumble"}
        made = service()
        return Notebook(await new_store(made.deciders), made)

    async def test_a_repeat_changes_nothing_and_is_answered_with_the_same_events(
        self, book: Notebook
    ) -> None:
        record = book.said("hello")
        await book.stage.process([record])
        first, book.outgoing = book.outgoing, []
        book.restart()
        await book.stage.process([record, record])
        assert book.outgoing == first
        assert await book.texts() == ["hello"]

    async def test_a_used_id_with_another_body_is_decided_only_where_it_is_answered(
        self, book: Notebook
    ) -> None:
        both = ((NOTE, "a"), (CARD, "b"))
        await book.stage.process([book.said("one", *both, ce_id="same")])
        await book.stage.process([book.said("other", *both, ce_id="same")])
        assert await book.texts() == ["one"]
        assert await book.texts(CARD, "b") == ["one", "reused"]

    async def test_a_decider_is_handed_what_its_route_and_its_own_state_name_and_nothing_else(
        self, book: Notebook
    ) -> None:
        """All of it in one batch, with other records beside it."""
        await book.stage.process(
            [
                book.said("other", (CARD, "beside"), reads=[(CARD, "read")]),
                book.said("wants", wants=["wanted"]),
                book.said("look", (NOTE, "a"), (CARD, "with"), reads=[(CARD, "read")]),
            ]
        )
        noted = await book.entries()
        assert noted[-1].seen == {"a": 1, "with": 0, "read": 0, "wanted": 0}
        assert (await book.entries(CARD, "with"))[0].seen == {"a": 2, "with": 0, "read": 0}

    async def test_what_a_decider_reads_follows_from_its_state_as_the_batch_has_left_it(
        self, book: Notebook
    ) -> None:
        """The batch was read when nobody wanted the card yet."""
        await book.stage.process([book.said("before", (CARD, "wanted"))])
        await book.stage.process([book.said("wants", wants=["wanted"]), book.said("look")])
        assert [noted.seen for noted in await book.entries()] == [{"a": 0}, {"a": 1, "wanted": 1}]

    async def test_a_message_sees_what_it_has_just_done_to_the_record_before(
        self, book: Notebook
    ) -> None:
        await book.stage.process([book.said("both", (CARD, "first"), (NOTE, "a"))])
        assert (await book.entries())[0].seen == {"first": 1, "a": 0}

    async def test_a_batch_decides_as_its_messages_one_by_one(
        self, book: Notebook, new_store: NewStore
    ) -> None:
        records = [
            book.said(str(n), (NOTE, f"n{n % 3}"), (CARD, f"c{n % 2}"), reads=[(CARD, "c0")])
            for n in range(12)
        ]
        alone = Notebook(await new_store(book.service.deciders), book.service)
        await book.stage.process(records)
        for record in records:
            await alone.stage.process([record])
        for kind, name in [(NOTE, "n0"), (NOTE, "n1"), (NOTE, "n2"), (CARD, "c0"), (CARD, "c1")]:
            assert await book.entries(kind, name) == await alone.entries(kind, name)

    async def test_a_defect_is_decided_in_none_of_a_messages_records_and_parks_one(
        self, book: Notebook
    ) -> None:
        Notebook.stumbles_over = {"stumble"}
        both = ((CARD, "b"), (NOTE, "a"))
        await book.stage.process([book.said("stumble", *both), book.said("next"), book.said("x")])
        await book.stage.process([book.said("fine", (NOTE, "another"))])
        assert (await book.texts(), await book.texts(CARD, "b")) == (["next", "x"], [])
        assert book.dead == ["defect"]
        assert await book.texts(NOTE, "another") == ["fine"]

    async def test_what_waits_behind_a_defect_is_let_through_in_order(self, book: Notebook) -> None:
        records = [book.said("stumble"), book.said("second"), book.said("third")]
        await book.stage.process(records)
        assert (book.dead, await book.texts()) == (["defect", "blocked", "blocked"], [])
        Notebook.stumbles_over = set()
        await book.stage.process([records[1]])
        assert await book.texts() == []
        await book.stage.process(records)
        assert await book.texts() == ["stumble", "second", "third"]
        assert (await book.aggregate()).parked is None

    async def test_what_cannot_be_stored_parks_its_record_alone(self, book: Notebook) -> None:
        await book.stage.process(
            [book.said("huge", number=2**70), book.said("fine", (NOTE, "another"))]
        )
        assert (await book.texts(), await book.texts(NOTE, "another")) == ([], ["fine"])
        assert book.dead == ["defect"]

    async def test_a_value_that_another_record_has_is_decided_again(self, book: Notebook) -> None:
        await book.stage.process([book.said("one", (NOTE, "a"), title="T")])
        await book.stage.process([book.said("two", (NOTE, "b"), title="T")])
        assert (await book.aggregate(NOTE, "b")).state.title == "T 1"

    async def test_a_record_is_found_by_its_alias_and_an_unknown_one_is_passed_over(
        self, book: Notebook
    ) -> None:
        await book.stage.process([book.said("one", (NOTE, "a"), title="T")])
        await book.stage.process([book.said("more", (CARD, "b"), titled=["T", "unknown"])])
        assert await book.texts() == ["one", "more"]

    async def test_another_writer_loses_nothing_and_is_decided_on_top_of(
        self, book: Notebook
    ) -> None:
        other = Notebook(book.store, book.service)
        overtaken = _Overtaken(book.store, lambda: other.stage.process([other.said("quick")]))
        book.store = overtaken
        book.restart()
        await book.stage.process([book.said("slow", ce_id="slow")])
        assert [(noted.text, noted.seen) for noted in await book.entries()] == [
            ("quick", {"a": 0}),
            ("slow", {"a": 1}),
        ]

    async def test_what_was_stored_and_never_published_is_published_first(
        self, book: Notebook
    ) -> None:
        book.dies, book.committed = True, 0
        with pytest.raises(Outage):
            await book.stage.process([book.said("died")])
        book.dies = False
        book.restart()
        await book.stage.process([book.said("later")])
        assert book.told == ["died", "later"]

    async def test_a_tombstone_empties_what_repeats_its_topic(self, book: Notebook) -> None:
        Notebook.stumbles_over = set()
        gone = Given("desk.customers", 1, b"C-1", None, [])
        await book.stage.process([gone])
        copy = await book.aggregate(COPY, "C-1")
        assert (copy.state, copy.version, len(copy.known)) == (None, 1, 1)

    async def test_what_the_service_ignores_is_passed_over_by_its_header_and_counted(
        self, book: Notebook
    ) -> None:
        await book.stage.process([of_type(b"agent.referral_decided.v1", value=b"no JSON")])
        assert (book.outgoing, book.fate("ignored")) == ([], 1)

    @pytest.mark.parametrize(
        "types",
        [(b"agent.referral_decided.v1", b"agent.referral.v1"), (b"agent.unheard_of.v1",), ()],
    )
    async def test_what_is_of_no_certain_type_is_read_before_it_is_ignored(
        self, book: Notebook, types: tuple[bytes, ...]
    ) -> None:
        await book.stage.process([of_type(*types, value=b"no JSON")])
        assert len(book.dead) == 1

    async def test_a_type_is_ignored_on_its_own_topic_alone(self, book: Notebook) -> None:
        stray = replace(of_type(b"agent.referral_decided.v1", value=b"{}"), topic="desk.operations")
        await book.stage.process([stray])
        assert book.dead == ["unknown_type"]

    async def test_what_its_decider_names_as_an_alarm_is_counted_and_logged(
        self, new_store: NewStore
    ) -> None:
        made = service(alarms=(Noted,))
        book = Notebook(await new_store(made.deciders), made)
        with capture_logs() as logged:
            await book.stage.process([book.said("hello")])
        told = [(it["type"], it["id"]) for it in logged if it["event"] == "alarm"]
        assert told == [(Noted.ce_type, "a")]
        count = book.metrics.registry.get_sample_value("desk_alarms_total", {"type": Noted.ce_type})
        assert count == 1

    async def test_its_events_are_counted_by_the_field_that_its_decider_names(
        self, new_store: NewStore
    ) -> None:
        made = service(counted_by="text")
        book = Notebook(await new_store(made.deciders), made)
        await book.stage.process([book.said("one", ce_id="1"), book.said("two"), book.said("one")])
        await book.stage.process([book.said("one", ce_id="1")])

        of = book.metrics.registry.get_sample_value
        counts = [
            of("desk_decisions_total", {"type": Noted.ce_type, "policy": text})
            for text in ("one", "two", "three")
        ]
        assert counts == [2, 1, None]
        assert of("desk_batch_records_sum") == 4
        assert of("desk_batch_records_count") == 2

    async def test_a_release_that_knows_less_parks_what_a_newer_one_wrote(
        self, book: Notebook
    ) -> None:
        await book.stage.process([book.said("one")])
        older = service(private_events=())
        # The same documents, seen by a release that does not know their events.
        seen = _Older(book.store)
        old = Notebook(seen, older)
        await old.stage.process([old.said("two", ce_id="two")])
        assert old.dead == ["defect"]
        assert await book.texts() == ["one"]

    @pytest.mark.parametrize(("now", "stamped"), [(EARLY, LATE), (LATE, EARLY)])
    async def test_a_premature_timer_leaves_no_history_and_the_same_one_is_decided_when_due(
        self, book: Notebook, now: datetime, stamped: datetime
    ) -> None:
        await book.stage.process([book.said("begun")])
        book.now = now
        await book.stage.process([book.timer(stamped=stamped)])
        assert (await book.texts(), book.fate("premature")) == (["begun"], 1)
        book.now = LATE
        await book.stage.process([book.timer()])
        assert await book.texts() == ["begun", "woken"]

    async def test_a_forged_timer_for_a_far_day_is_dropped_and_silences_no_later_one(
        self, book: Notebook
    ) -> None:
        await book.stage.process([book.said("begun")])
        book.now = LATE
        await book.stage.process([book.timer(names=FAR, ce_id="forged")])
        assert (await book.texts(), book.fate("outdated")) == (["begun"], 1)
        await book.stage.process([book.timer()])
        assert await book.texts() == ["begun", "woken"]

    async def test_a_timer_that_is_not_from_the_services_own_clock_is_a_dead_letter(
        self, book: Notebook
    ) -> None:
        await book.stage.process([book.said("begun")])
        book.now = LATE
        await book.stage.process([book.timer(source="/services/cancellation/clock")])
        [letter] = [item for item in book.outgoing if isinstance(item, DeadLetter)]
        assert letter.error == "header ce_source is not this service's clock"
        assert await book.texts() == ["begun"]

    async def test_a_timer_of_an_earlier_release_names_a_contract_alone_and_wakes_it(
        self, book: Notebook
    ) -> None:
        await book.stage.process([book.said("begun")])
        book.now = LATE
        timer = book.timer()
        old = {"contract_number": "a", "owner": OWNER, "due_at": DUE.isoformat()}
        await book.stage.process([replace(timer, value=json.dumps(old).encode())])
        assert await book.texts() == ["begun", "woken"]

    @pytest.mark.parametrize("more", [{"kind": CARD}, {"kind": "unheard-of"}, {"owner": "other"}])
    async def test_a_timer_of_what_has_none_wakes_nothing(
        self, book: Notebook, more: dict[str, Any]
    ) -> None:
        await book.stage.process([book.said("both", (NOTE, "a"), (CARD, "a"))])
        book.now = LATE
        await book.stage.process([book.timer(**more)])
        assert (await book.texts(), await book.texts(CARD)) == (["both"], ["both"])
        assert book.dead == []

    async def test_a_timer_of_an_unknown_record_makes_none(self, book: Notebook) -> None:
        book.now = LATE
        await book.stage.process([book.timer("unknown")])
        assert (await book.aggregate(NOTE, "unknown")).version == 0

    async def test_a_waiting_timer_that_is_dropped_holds_back_nothing_that_waits_behind_it(
        self, book: Notebook
    ) -> None:
        await book.stage.process([book.said("begun")])
        stumbles, timer, behind = book.said("stumble"), book.timer(), book.said("behind")
        book.now = LATE
        await book.stage.process([stumbles, timer, behind])
        parked = (await book.aggregate()).parked
        assert parked is not None
        assert len(parked) == 3
        Notebook.stumbles_over = set()
        await book.stage.process([stumbles, replace(timer, timestamp=0), behind])
        assert await book.texts() == ["begun", "stumble", "behind"]
        assert (await book.aggregate()).parked is None

    async def test_what_is_due_is_found_and_a_parked_timer_is_not_sent_again(
        self, book: Notebook
    ) -> None:
        await book.stage.process([book.said("one"), book.said("two", (NOTE, "b"))])
        assert await book.store.due(NOTE, EARLY, 10) == []
        due = await book.store.due(NOTE, LATE, 10)
        assert sorted(it.ref.id for it in due) == ["a", "b"]
        assert len(await book.store.due(NOTE, LATE, 10, skipped=1)) == 1
        Notebook.stumbles_over = {"stumble"}
        book.now = LATE
        await book.stage.process([book.said("stumble"), book.timer()])
        assert [it.ref.id for it in await book.store.due(NOTE, LATE, 10)] == ["b"]

    async def test_what_is_due_names_the_trace_of_its_newest_message(self, book: Notebook) -> None:
        def traced(text: str, traceparent: str) -> Given:
            said = book.said(text)
            return replace(said, headers=[*said.headers, ("traceparent", traceparent.encode())])

        async def traceparents() -> list[str | None]:
            return [it.traceparent for it in await book.store.due(NOTE, LATE, 10)]

        await book.stage.process([traced("first", UNSAMPLED)])
        await book.stage.process([traced("second", SAMPLED)])
        assert await traceparents() == [SAMPLED]
        await book.stage.process([book.said("third")])
        assert await traceparents() == [None]

    @pytest.fixture
    async def at_work(self, new_store: NewStore) -> Notebook:
        """Each note wants to be worked on at once."""
        made = service(work_at=lambda _state: NOW)
        return Notebook(await new_store(made.deciders), made)

    async def test_what_falls_due_is_leased_by_its_own_write_and_handed_over_as_it_is_stored(
        self, at_work: Notebook
    ) -> None:
        hands = Hands()
        at_work.restart(hands)
        await at_work.stage.process([at_work.said("new")])
        await at_work.stage.process([at_work.said("again")])

        [begun] = hands.begun
        there, later = NOW + LEASE - timedelta(milliseconds=1), NOW + LEASE
        assert await at_work.store.lease(NOTE, there, FAR, "before", 10) == []
        [run_out] = await at_work.store.lease(NOTE, later, FAR, "after", 10)
        assert (begun.ref, begun.version) == (run_out.ref, run_out.version - 1)
        assert begun.state == run_out.state.model_copy(update={"written": 1})
        assert list(begun.known)[:1] == list(run_out.known)[:1]

    async def test_only_what_a_lease_ran_out_of_is_taken_over(self, at_work: Notebook) -> None:
        await at_work.stage.process([at_work.said("new")])

        async def leased(token: str, at: datetime = NOW) -> list[bool]:
            found = await at_work.store.lease(NOTE, at, at + LEASE, token, 10)
            return [it.taken_over for it in found]

        assert await leased("first") == [False]
        assert await leased("second", NOW + LEASE) == [True]
        untaken = await at_work.store.lease(NOTE, FAR, FAR, "third", 10, run_out=False)
        assert untaken == []
        [mine] = await at_work.store.newest(NOTE, ["a"])
        await at_work.store.release([mine])
        assert await leased("fourth", FAR) == []

    async def test_what_there_is_no_room_for_is_left_in_the_database_for_anybody(
        self, at_work: Notebook
    ) -> None:
        hands = Hands(free=False)
        at_work.restart(hands)
        await at_work.stage.process([at_work.said("new")])

        assert (hands.begun, hands.woken) == ([], [NOW])
        assert len(await at_work.store.lease(NOTE, NOW, FAR, "me", 10)) == 1

    async def test_what_a_failed_write_has_leased_all_the_same_is_due_at_once(
        self, at_work: Notebook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another process comes between with one of the two notes; the other one is stored."""
        hands, other = Hands(), Notebook(at_work.store, at_work.service)
        at_work.restart(hands)
        write = at_work.store.write

        async def come_between(*given: Any) -> None:
            monkeypatch.setattr(at_work.store, "write", write)
            await other.stage.process([other.said("theirs", (NOTE, "a"), ce_id="theirs")])
            await write(*given)

        monkeypatch.setattr(at_work.store, "write", come_between)
        both = [at_work.said("mine", (NOTE, "a")), at_work.said("mine", (NOTE, "b"))]
        await at_work.stage.process(both)

        left = await at_work.store.lease(NOTE, NOW, FAR, "me", 10)
        assert {it.ref.id for it in (*hands.begun, *left)} == {"a", "b"}
        assert not any(it.taken_over for it in left)
        assert await at_work.texts(name="b") == ["mine"]
        assert None in hands.woken


class _Overtaken:
    """A store under which somebody else writes once, between a read and the write after it."""

    def __init__(self, store: AggregateStore, meanwhile: Callable[[], Awaitable[Any]]) -> None:
        self._store = store
        self._meanwhile: Callable[[], Awaitable[Any]] | None = meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, *given: Any) -> None:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        await self._store.write(*given)


class _Older:
    """A store as a release has it that knows no private event."""

    def __init__(self, store: AggregateStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, *given: Any) -> dict[Ref, Aggregate]:
        found = await self._store.read(*given)
        return {ref: replace(it, newer=bool(it.known), state=None) for ref, it in found.items()}
