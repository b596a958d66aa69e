"""One request, one voice: the decisions on a request for several contracts go out in one mail."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any, cast

import pytest

from services.notification.address_limits import AddressLimits
from services.notification.mail.private_events import NotificationDue
from services.notification.mail.state import Status
from services.notification.mail_server import MailServerHealth
from services.notification.summary import decide as summary
from services.notification.worker import Sender
from shared.events.envelope import Event
from shared.events.internal import DecisionCollected
from shared.events.notifications import NotificationSent
from shared.events.values import Contact, Language
from shared.mail.smtp import Mailer, MailRefused
from shared.outage import Outage
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.decider import Work
from tests.builders.notification import (
    CONTRACT,
    INQUIRY,
    Notifications,
    closed,
    evidence_awaited,
    lapsed,
    opened,
    recorded,
    referred,
    registered,
    scheduled,
)

SECOND, THIRD = "SW-2027/0002", "HW-2027/0003"
THREE = opened(contract_numbers=(CONTRACT, SECOND, THIRD))
FIRST_DECISION = scheduled()
SECOND_DECISION = evidence_awaited(contract_number=SECOND)
THIRD_DECISION = referred(contract_number=THIRD)


class Outbox:
    """Takes the mails of a sender, or refuses them."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.tried: list[bytes] = []
        self.refuses = False

    async def send(
        self, _sender: str, _recipient: str, message: bytes, _until: AsyncExitStack
    ) -> None:
        self.tried.append(message)
        if self.refuses:
            raise MailRefused("smtp_451")
        self.messages.append(message_from_bytes(message))

    async def allow(self, *_about: object) -> bool:
        return True

    def accepted(self) -> None: ...
    def refused(self, *_about: object) -> None: ...


class Desk:
    """A world whose worker does what is due, at once or as time goes by."""

    def __init__(self, *received: Event) -> None:
        self.outbox = Outbox()
        self.world = Notifications()
        self.sender = Sender(
            cast(Mailer, self.outbox),
            "soporte@contract-desk.example",
            cast(MailServerHealth, self.outbox),
            self.world.composer,
            cast(AddressLimits, self.outbox),
            "clave-de-prueba",
        )
        for event in received:
            self.world.receive(event)

    async def work(self) -> list[Any]:
        """Do all that is due now; what was published about it."""
        published: list[Any] = []
        while due := self._due():
            for ref in due:
                work = Work(ref, self.world.states[ref], self.world._read, AsyncExitStack())
                published += self.world.receive(await self.sender(work))
        return published

    def _due(self) -> list[Any]:
        return [
            ref
            for ref, state in self.world.states.items()
            if state is not None
            and (at := self.world.deciders[ref.kind].work_at(state)) is not None
            and at <= self.world.now
        ]

    async def receive(self, *events: Event) -> None:
        for event in events:
            self.world.receive(event)
            await self.work()

    async def wait(self, seconds: float) -> None:
        self.world.now += timedelta(seconds=seconds)
        await self.work()

    @property
    def subjects(self) -> list[str]:
        return [rendered.subject for rendered in self._rendered()]

    def _rendered(self) -> list[Any]:
        ids = [str(m["Message-ID"]).strip("<>").split("@")[0] for m in self.outbox.messages]
        states = {state.notification_id: state for state in self.world.notifications}
        known = {e.notification_id: e for e in self._dues()}
        return [
            self.world.rendered(None, states[i].model_copy(update={"facts": known[i].facts}))
            for i in ids
        ]

    def _dues(self) -> list[Any]:
        return [
            event
            for events in self.world.happened.values()
            for event in events
            if isinstance(event, NotificationDue)
        ]

    @property
    def texts(self) -> list[str]:
        """Without their line breaks."""
        return [" ".join(rendered.text.split()) for rendered in self._rendered()]


async def opened_desk(*received: Event) -> Desk:
    desk = Desk(*received)
    await desk.work()
    desk.outbox.messages.clear()
    return desk


async def test_the_decisions_on_one_request_go_out_in_one_mail_once_the_last_is_taken() -> None:
    desk = await opened_desk(THREE)

    await desk.receive(FIRST_DECISION, SECOND_DECISION)
    before = list(desk.subjects)
    await desk.receive(THIRD_DECISION)

    assert before == []
    assert len(desk.texts) == 1
    assert [number for number in (CONTRACT, SECOND, THIRD) if number in desk.texts[0]] == [
        CONTRACT,
        SECOND,
        THIRD,
    ]
    assert "Todavía no hay una decisión" not in desk.texts[0]


async def test_after_ten_seconds_the_decisions_taken_go_out_and_a_later_one_has_its_own_mail() -> (
    None
):
    desk = await opened_desk(THREE)
    await desk.receive(FIRST_DECISION)
    await desk.wait(5)
    await desk.receive(SECOND_DECISION)

    await desk.wait(4.9)
    early = list(desk.subjects)
    await desk.wait(0.1)
    summarised = list(desk.texts)
    await desk.receive(THIRD_DECISION)

    assert early == []
    assert len(summarised) == 1
    assert f"Todavía no hay una decisión sobre el contrato {THIRD}." in summarised[0]
    assert len(desk.subjects) == 2
    assert desk.subjects[1].startswith(
        f"Un profesional estudiará la cancelación del contrato {THIRD}"
    )


async def test_a_request_for_one_contract_is_answered_at_once() -> None:
    desk = await opened_desk(opened())

    await desk.receive(FIRST_DECISION)

    assert [subject[:45] for subject in desk.subjects] == [
        "La cancelación del contrato MT-2027/0001 está"
    ]


async def test_a_decision_that_overtakes_its_request_joins_the_others() -> None:
    desk = await opened_desk(registered())
    await desk.receive(FIRST_DECISION)

    await desk.receive(THREE)
    await desk.wait(1)
    await desk.receive(SECOND_DECISION, THIRD_DECISION)

    assert [text.count("MT-2027/0001") > 0 for text in desk.texts] == [True, True]
    assert len(desk.subjects) == 2
    assert "3 contratos" in desk.subjects[1]


async def test_a_retry_says_the_same_under_the_same_message_id() -> None:
    desk = await opened_desk(THREE)
    desk.outbox.refuses = True
    await desk.receive(FIRST_DECISION)
    await desk.wait(10)
    desk.outbox.refuses = False

    await desk.receive(SECOND_DECISION)
    await desk.wait(60)

    of_summary = summary.notification_id(INQUIRY).encode()
    tries = [address for address in desk.outbox.tried if of_summary in address]
    assert len(tries) == 2
    assert len(set(tries)) == 1
    (said,) = [text for text in desk.texts if "parte de los contratos" in text]
    assert "Necesitamos" not in said
    assert len(desk.subjects) == 2


async def test_repeated_decisions_are_mailed_once() -> None:
    desk = await opened_desk(THREE)
    messages = [("d1", FIRST_DECISION), ("d2", SECOND_DECISION), ("d3", THIRD_DECISION)]
    for identity, event in [*messages, *messages]:
        desk.world.receive(event, identity)
    await desk.work()
    for identity, event in messages:
        desk.world.receive(event, identity)
    await desk.wait(3600)

    assert len(desk.subjects) == 1


async def test_a_decision_mailed_by_the_release_before_is_in_no_summary() -> None:
    """Its notification has ended; the ids of single decisions have not changed."""
    desk = Desk(opened())
    desk.world.receive(FIRST_DECISION, "d1")
    await desk.work()
    desk.outbox.messages.clear()
    desk.world.receive(opened(contract_numbers=(CONTRACT, SECOND)), "again")
    await desk.work()
    desk.outbox.messages.clear()

    desk.world.receive(FIRST_DECISION, "d1")
    await desk.receive(evidence_awaited(contract_number=SECOND))
    await desk.wait(10)

    assert len(desk.texts) == 1
    assert "está programada" not in desk.texts[0]


async def test_what_is_no_decision_on_the_request_does_not_wait_for_the_summary() -> None:
    desk = await opened_desk(THREE, registered())

    await desk.receive(FIRST_DECISION, closed(), lapsed(contract_number=SECOND, sequence=2))

    assert len(desk.subjects) == 2


async def test_each_ended_notification_is_published_once() -> None:
    desk = await opened_desk(THREE)
    for event in (FIRST_DECISION, SECOND_DECISION, THIRD_DECISION):
        desk.world.receive(event)

    published = await desk.work()

    sent = [event for event in published if isinstance(event, NotificationSent)]
    assert [event.template for event in sent] == ["cancellation_decisions"]
    assert {state.status for state in desk.world.notifications} == {
        Status.SENT,
        Status.HANDED_OVER,
    }


async def test_a_summary_goes_to_the_latest_contact_known_for_one_of_its_files() -> None:
    earlier = opened(
        inquiry_id="inq-0", contract_numbers=(SECOND,), contact=Contact(email="antes@example.test")
    )
    silent = opened(contract_numbers=(CONTRACT, SECOND), contact=Contact(phone="+34 900 000 000"))
    desk = await opened_desk(earlier, silent)

    await desk.receive(FIRST_DECISION, evidence_awaited(contract_number=SECOND))

    assert [message["To"] for message in desk.outbox.messages] == ["antes@example.test"]


@pytest.mark.parametrize("language", list(Language))
async def test_a_summary_speaks_the_requests_language_and_names_titles_to_the_holder(
    language: Language,
) -> None:
    desk = await opened_desk(
        recorded(title="Mantenimiento propio"),
        recorded(contract_number=SECOND, title="Título ajeno", customer_id="C-0002"),
        opened(contract_numbers=(CONTRACT, SECOND), language=language),
    )

    await desk.receive(FIRST_DECISION, evidence_awaited(contract_number=SECOND))

    assert "Mantenimiento propio" in desk.texts[0]
    assert "Título ajeno" not in desk.texts[0]
    assert ("Each contract is decided on its own." in desk.texts[0]) == (language is Language.EN)


async def test_the_histories_of_a_summary_add_up_to_its_state() -> None:
    desk = await opened_desk(THREE)
    await desk.receive(FIRST_DECISION, SECOND_DECISION)
    await desk.wait(10)
    await desk.receive(THIRD_DECISION)

    assert desk.world.refolded == desk.world.states


async def test_a_decision_that_was_handed_over_before_its_summary_was_stored_is_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where the database fails, or the process dies, between the writes of the two."""
    desk = await opened_desk(THREE)
    desk.world.receive(FIRST_DECISION)
    collected = DecisionCollected(
        inquiry_id=INQUIRY, notification_id=desk.world.last.notification_id
    )
    write = desk.world.stage.store.write

    async def write_notification(aggregates: Iterable[Aggregate], publications: Any) -> None:
        await write([it for it in aggregates if it.ref.kind != summary.KIND], publications)
        raise Outage("mongodb", "no answer")

    with monkeypatch.context() as failing:
        failing.setattr(desk.world.stage.store, "write", write_notification)
        with pytest.raises(Outage):
            desk.world.receive(collected, "collected")
    desk.world.receive(collected, "collected")
    await desk.receive(SECOND_DECISION, THIRD_DECISION)

    assert "Todavía no hay una decisión" not in desk.texts[0]
    assert desk.world.states[summary.ref_of(INQUIRY)].undecided == ()


async def test_a_decision_handed_over_as_its_summary_closes_is_mailed_on_its_own() -> None:
    """The worker saw the summary open; meanwhile it has closed."""
    desk = await opened_desk(THREE)
    await desk.receive(FIRST_DECISION)
    await desk.wait(10)

    desk.world.receive(SECOND_DECISION)
    late = desk.world.last.notification_id
    desk.world.receive(DecisionCollected(inquiry_id=INQUIRY, notification_id=late))
    await desk.work()

    assert [subject[:12] for subject in desk.subjects] == ["Respuesta a ", "Necesitamos "]
