"""One submission's trace through the stages of the services; and what a stranger's cannot do."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from desk.contract_docs.goldens import read_goldens
from shared.events.envelope import Message
from shared.events.topics import SERVICES, TOPICS
from shared.kafka.records import Envelope
from shared.outage import Outage
from shared.runtime.decider import Service
from tests.builders.traces import (
    SAMPLED,
    SENDERS,
    TRACE,
    UNSAMPLED,
    Traced,
    attributes_of,
    id_of,
    parent_of,
    said_by,
    trace_of,
    traced,
    traceparent_of,
)
from tests.fakes.memory_stage import Given, MemoryStage

GOLDENS = read_goldens(Path(__file__).parents[3])
NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
NOTHING: Mapping[str, Any] = {}
PROCESS = "process desk.submissions"


def service(name: str) -> Service:
    settings = importlib.import_module(f"services.{name}.settings").Settings()
    built: Service = importlib.import_module(f"services.{name}.service").build(settings)
    return built


def example(
    ce_type: str, offset: int = 1, value: Mapping[str, Any] = NOTHING, /, **headers: str | None
) -> Given:
    """The contract's example as a record; a header or field that is None is left out."""
    golden = GOLDENS[ce_type]
    said = {**golden.headers, **headers}
    return Given(
        golden.topic,
        offset,
        str(value.get("contract_number", golden.key)).encode(),
        json.dumps({k: v for k, v in {**golden.value, **value}.items() if v is not None}).encode(),
        [(name, value.encode()) for name, value in said.items() if value is not None],
        timestamp=round(NOW.timestamp() * 1000),
        timestamp_type=1,
    )


LICENCE = {"contract_number": "ML-3001", "type": "monthly_licence", "activation_code": None}
"""As the registry records it."""


def submission(traceparent: str | None, offset: int = 1) -> Given:
    said = {"ce_id": f"W-{offset}", "traceparent": traceparent}
    return example("submission.cancellation.v1", offset, **said)


def traceparents(stage: MemoryStage) -> list[str | None]:
    """Of every event that the stage has published."""
    outgoing = (it for it in stage.published.outgoing if isinstance(it, Envelope))
    return [dict(it.headers).get("traceparent", b"").decode() or None for it in outgoing]


@pytest.fixture
def intake() -> Iterator[tuple[MemoryStage, Traced]]:
    with traced() as it:
        yield MemoryStage(service("inquiry_intake"), NOW, it.traces), it


def test_what_a_message_causes_continues_its_senders_trace_from_here(
    intake: tuple[MemoryStage, Traced],
) -> None:
    stage, it = intake
    stage.process(submission(SAMPLED))

    [span] = it.named(PROCESS)
    assert (trace_of(span), parent_of(span)) == (TRACE, SENDERS)
    assert set(traceparents(stage)) == {traceparent_of(span)}


def test_a_repeat_publishes_the_same_bytes_though_it_has_a_span_of_its_own(
    intake: tuple[MemoryStage, Traced],
) -> None:
    stage, it = intake
    stage.process(submission(SAMPLED))
    first = [(it.headers, it.value) for it in events_of(stage)]
    stage.published.outgoing.clear()
    stage.process(submission(SAMPLED))

    assert [(it.headers, it.value) for it in events_of(stage)] == first
    assert len(it.named(PROCESS)) == 2


def test_without_tracing_the_senders_own_is_handed_on() -> None:
    stage = MemoryStage(service("inquiry_intake"), NOW)
    stage.process(submission(SAMPLED))
    assert set(traceparents(stage)) == {SAMPLED}


def test_what_its_sender_does_not_sample_is_handed_on_as_it_is(
    intake: tuple[MemoryStage, Traced],
) -> None:
    stage, it = intake
    stage.process(submission(UNSAMPLED))
    assert set(traceparents(stage)) == {UNSAMPLED}
    assert not it.spans


def test_a_submission_without_a_trace_begins_one(intake: tuple[MemoryStage, Traced]) -> None:
    stage, it = intake
    stage.process(submission(None))
    [span] = it.named(PROCESS)
    assert parent_of(span) is None
    assert set(traceparents(stage)) == {traceparent_of(span)}


def test_what_is_not_chosen_begins_none_here_and_none_downstream() -> None:
    with traced(otel_traces_sampler="parentbased_traceidratio", otel_traces_sampler_arg=0) as it:
        stage = MemoryStage(service("inquiry_intake"), NOW, it.traces)
        stage.process(submission(None))
        assert set(traceparents(stage)) == {None}
        assert not it.spans
    with traced("cancellation") as it:
        requested = example("cancellation.requested.v1", traceparent=None)
        MemoryStage(service("cancellation"), NOW, it.traces).process(requested)
        assert not it.spans


def test_a_batch_is_sampled_with_one_of_its_messages() -> None:
    with traced(otel_traces_sampler="parentbased_always_off") as it:
        stage = MemoryStage(service("inquiry_intake"), NOW, it.traces)
        stage.process(submission(SAMPLED))
        stage.process(submission(None, 2))
        assert len(it.named("process batch")) == 1


@pytest.mark.parametrize("sampler", ["always_on", "traceidratio", "parentbased_traceidratio"])
def test_the_sampler_is_the_operators(sampler: str) -> None:
    with traced(otel_traces_sampler=sampler, otel_traces_sampler_arg=0) as it:
        stage = MemoryStage(service("inquiry_intake"), NOW, it.traces)
        stage.process(submission(SAMPLED, 1), submission(UNSAMPLED, 2))
        found = len(it.named(PROCESS))
    assert found == {"always_on": 2, "traceidratio": 0, "parentbased_traceidratio": 1}[sampler]


MALFORMED = {
    "no hexadecimal": "nothing of the kind",
    "a version that is none": f"ff-{TRACE}-{SENDERS}-01",
    "no trace": f"00-{'0' * 32}-{SENDERS}-01",
    "no parent": f"00-{TRACE}-{'0' * 16}-01",
    "more than its version has": f"{SAMPLED}-and-more",
    "cut short": SAMPLED[:-1],
    "empty": "",
    "long": SAMPLED + "0" * 10_000,
    "no ASCII": SAMPLED.replace("4", "\N{ARABIC-INDIC DIGIT FOUR}"),
    "a line's end": SAMPLED + "\n",
}
SOUND = {
    "upper case": SAMPLED.upper(),
    "of a later version": f"01-{TRACE}-{SENDERS}-01-what-that-one-adds",
    "with flags that nobody knows": f"00-{TRACE}-{SENDERS}-ff",
}


@pytest.mark.parametrize("traceparent", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_trace_is_as_good_as_none(
    intake: tuple[MemoryStage, Traced], traceparent: str
) -> None:
    stage, it = intake
    stage.process(submission(traceparent))
    [span] = it.named(PROCESS)
    assert parent_of(span) is None
    assert trace_of(span) != TRACE
    assert set(traceparents(stage)) == {traceparent_of(span)}


@pytest.mark.parametrize("traceparent", SOUND.values(), ids=SOUND)
def test_an_unusual_trace_is_continued(
    intake: tuple[MemoryStage, Traced], traceparent: str
) -> None:
    stage, it = intake
    stage.process(submission(traceparent))
    [span] = it.named(PROCESS)
    assert (trace_of(span), parent_of(span)) == (TRACE, SENDERS)


def test_a_batch_has_one_span_with_a_link_to_each_message_and_one_for_each_step(
    intake: tuple[MemoryStage, Traced],
) -> None:
    stage, it = intake
    stage.process(submission(SAMPLED, 1), submission(None, 2), submission(UNSAMPLED, 3))

    [batch] = it.named("process batch")
    first, second = it.named(PROCESS)
    assert attributes_of(batch)["messaging.batch.message_count"] == 3
    assert parent_of(batch) is None
    linked = [f"{link.context.span_id:016x}" for link in batch.links]
    assert linked == [SENDERS, id_of(second)]
    for span in (first, second):
        assert [link.context.span_id for link in span.links] == [batch.context.span_id]
    steps = {span.name for span in it.spans if parent_of(span) == id_of(batch)}
    assert steps == {"decode", "read", "decide", "store", "publish"}


def test_a_span_names_the_record_and_nobody(intake: tuple[MemoryStage, Traced]) -> None:
    stage, it = intake
    stage.process(submission(SAMPLED, 7))

    [span] = it.named(PROCESS)
    found = attributes_of(span)
    assert found["messaging.message.id"] == "W-7"
    assert found["messaging.kafka.offset"] == 7
    assert found["cloudevents.event_type"] == "submission.cancellation.v1"
    assert found["desk.reference"].startswith("INQ-")
    assert found["desk.contract_number"] == ("ML-3001", "HM-4001")
    assert "cancellation.requested.v1" in found["desk.events"]
    told = said_by(it.spans)
    for secret in ("Cliente", "cliente", "+34", "Cerramos", "E-SIG", "C-1001"):
        assert secret not in told


def test_an_id_or_a_type_that_looks_like_none_is_left_out(
    intake: tuple[MemoryStage, Traced],
) -> None:
    stage, it = intake
    named = {"ce_id": "ana@example.test", "ce_type": "submission.de.ana.v1"}
    stage.process(example("submission.cancellation.v1", traceparent=SAMPLED, **named))
    assert len(it.named(PROCESS)) == 1
    assert "ana" not in said_by(it.spans)


def test_an_unreadable_message_is_an_error_on_its_senders_trace() -> None:
    with traced("cancellation") as it:
        stage = MemoryStage(service("cancellation"), NOW, it.traces)
        sound = example("cancellation.requested.v1", traceparent=SAMPLED)
        spoilt = replace(sound, value=b'{"contact": "ana@example.test"')
        with pytest.raises(AssertionError, match="unreadable"):
            stage.process(spoilt)
        [span] = it.named("process desk.cancellation-requests")
        assert (trace_of(span), parent_of(span)) == (TRACE, SENDERS)
        assert failure_of(span) == "unreadable"
        assert "ana" not in said_by(it.spans)


def test_what_is_parked_and_what_waits_behind_it_are_errors_with_their_reason() -> None:
    def stumble(_message: Message, _state: Any, _now: datetime) -> list[Any]:
        raise ValueError("ana@example.test")

    with traced("cancellation") as it:
        sound = service("cancellation")
        [decider] = [decider for decider in sound.deciders if decider.kind == "file"]
        broken = replace(sound, deciders=(replace(decider, decide=stumble),))
        stage = MemoryStage(broken, NOW, it.traces)
        for offset in (1, 2):
            said = {"ce_id": f"m-{offset}", "traceparent": SAMPLED}
            requested = example("cancellation.requested.v1", offset, **said)
            with pytest.raises(AssertionError, match=r"defect|blocked"):
                stage.process(requested)
        spans = it.named("process desk.cancellation-requests")
        assert [failure_of(span) for span in spans] == ["defect", "blocked"]
        assert "ana" not in said_by(it.spans)


def test_an_outage_is_an_error_on_the_batch_and_its_messages(
    intake: tuple[MemoryStage, Traced], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, it = intake

    async def down(_outgoing: Any) -> None:
        raise Outage("kafka", "no answer from 10.0.0.7")

    monkeypatch.setattr(stage.published, "publish", down)
    with pytest.raises(Outage):
        stage.process(submission(SAMPLED))
    assert failure_of(it.named(PROCESS)[0]) == "kafka"
    assert failure_of(it.named("process batch")[0]) == "kafka"
    assert "10.0.0.7" not in said_by(it.spans)


def test_one_submissions_trace_leads_through_every_service() -> None:
    with ExitStack() as stack:
        traces = {name: stack.enter_context(traced(name)) for name in SERVICES}
        stages = {name: MemoryStage(service(name), NOW, traces[name].traces) for name in SERVICES}
        contract = example("registry.contract_recorded.v1", 1, LICENCE, traceparent=UNSAMPLED)
        carry([contract, example("customer.registered.v1", traceparent=UNSAMPLED)], stages)
        complete = {"contract_numbers": ["ML-3001"], "destruction_confirmed": True}
        asked = example("submission.cancellation.v1", 1, complete, traceparent=SAMPLED)
        carry([asked], stages)
        spans = [span for it in traces.values() for span in it.spans if trace_of(span) == TRACE]

    assert {span.resource.attributes["service.name"] for span in spans} == set(SERVICES)
    known = {SENDERS, *(id_of(span) for span in spans)}
    assert {parent_of(span) for span in spans} <= known


def carry(records: Sequence[Given], stages: dict[str, MemoryStage]) -> None:
    """To the services that read them, and so on with what these publish."""
    while records:
        for record in records:
            for name in set(TOPICS[record.topic].read_by) & stages.keys():
                stages[name].process(record)
        published = [it for stage in stages.values() for it in events_of(stage)]
        for stage in stages.values():
            stage.published.outgoing.clear()
        records = [
            Given(it.topic, offset, it.key.encode(), it.value, it.headers)
            for offset, it in enumerate(published)
        ]


def events_of(stage: MemoryStage) -> list[Envelope]:
    return [it for it in stage.published.outgoing if isinstance(it, Envelope)]


def failure_of(span: ReadableSpan) -> str | None:
    assert span.status.status_code is StatusCode.ERROR
    assert attributes_of(span)["error.type"] == span.status.description
    return span.status.description
