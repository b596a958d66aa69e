"""Registration, inquiries, and what bad input gets (F1-F6)."""

from __future__ import annotations

from desk.demo.answers import inquiry, opened, registered, rejected
from desk.demo.outside import CONSENTS, DemoCustomer, World
from desk.demo.story import TEXT, DemoCase, DemoRow, DemoStep, Each, Expected, Matching

REGISTRATION = "registration"


def registration(world: World, holder: DemoCustomer) -> DemoCase:
    """Access takes two steps: a registered identity, then authorisation (F1)."""
    request = world.registers(holder)
    consents = Each(
        tuple(
            {"purpose": purpose, "wording_version": "2024-1", "given_at": TEXT}
            for purpose in CONSENTS
        )
    )
    return DemoCase(
        REGISTRATION,
        (
            DemoRow(
                "Registration with both consents; an agent authorises access",
                (
                    DemoStep(
                        (request,),
                        (
                            opened(request, holder),
                            registered(
                                "registered", request, holder, access=False, consents=consents
                            ),
                        ),
                    ),
                    DemoStep(
                        (world.agent("access_authorised", holder.id, customer_id=holder.id),),
                        (
                            registered(
                                "access_authorised",
                                request,
                                holder,
                                access=True,
                                consents=consents,
                            ),
                        ),
                    ),
                ),
                about=request.inquiry_id,
            ),
        ),
    )


def faulty_registration(world: World) -> DemoCase:
    """An error in any required field stops it; every faulty field is named at once (F2, F3)."""
    customer = world.customer("registro-con-faltas")
    request = world.registers(
        customer, phone="ninguno", country="ZZ", consents=world.consents("store_and_contact")
    )
    faults = Each(
        (
            _fault("phone"),
            _fault("country"),
            _fault(Matching("consents.*", "the consents")),
        )
    )
    step = DemoStep((request,), (rejected(request, customer, faults),))
    return DemoCase("faulty registration", (DemoRow("Registration with three faults", (step,)),))


def _fault(field: str | Matching) -> dict[str, object]:
    return {"field": field, "code": TEXT, "message": {"es": TEXT, "en": TEXT}}


def question(world: World) -> DemoCase:
    """A professional routes and answers it; the customer reopens and closes it (F4-F6)."""
    customer = world.customer("pregunta")
    request = world.submits(
        customer,
        "inquiry",
        request_type="inventory_and_maintenance",
        subject="Horario de mantenimiento",
        text="¿Qué horario tiene el mantenimiento de nuestro servidor?",
        contact=customer.contact,
    )
    about = request.inquiry_id
    answer = "El mantenimiento incluye los días laborables de 08:00 a 20:00."
    routed = world.agent("inquiry_routed", about, inquiry_id=about, queue="contracts")
    answered = world.agent("inquiry_answered", about, inquiry_id=about, text=answer, resolve=True)
    again = world.submits(customer, "follow_up", inquiry_id=about, text="¿También los sábados?")
    close = world.submits(customer, "follow_up", inquiry_id=about, close=True)
    return DemoCase(
        "question",
        (
            DemoRow(
                "Question; an agent routes and answers it",
                (
                    DemoStep((request,), (opened(request, customer, contract_numbers=()),)),
                    DemoStep((routed,), (_progress("routed", about, customer),)),
                    DemoStep(
                        (answered,),
                        (_progress("answered", about, customer), inquiry("resolved", about)),
                    ),
                ),
                about=about,
            ),
            DemoRow(
                "Follow-up: one more question",
                (
                    DemoStep(
                        (again,), (inquiry("reopened", about, mail_to=customer, by="customer"),)
                    ),
                ),
                about=about,
            ),
            DemoRow(
                "Follow-up: the customer closes it",
                (DemoStep((close,), (inquiry("closed", about, mail_to=customer, by="customer"),)),),
                about=about,
            ),
        ),
    )


def _progress(status: str, about: str, customer: DemoCustomer) -> Expected:
    return inquiry("progressed", about, mail_to=customer, status=status)


def repeated(world: World) -> DemoCase:
    """The same submission again changes nothing; another body under its id is rejected."""
    customer = world.customer("repetida")
    request = world.submits(
        customer,
        "inquiry",
        request_type="orders_and_deliveries",
        subject="Pedido de prueba",
        text="¿Cuándo llega el pedido de prueba?",
        contact=customer.contact,
    )
    assert not isinstance(request.data, bytes)
    other = type(request)(
        request.topic,
        request.key,
        request.ce_type,
        request.id,
        request.source,
        {**request.data, "text": "Otro texto con el mismo identificador."},
    )
    reused = Each(({"field": TEXT, "code": "id_reused", "message": {"es": TEXT, "en": TEXT}},))
    return DemoCase(
        "repeated",
        (
            DemoRow(
                "The same question sent twice",
                (DemoStep((request, request), (opened(request, customer),)),),
                about=request.inquiry_id,
            ),
            DemoRow(
                "Another text under the id of that question",
                (DemoStep((other,), (rejected(other, customer, reused, mailed=False),)),),
            ),
        ),
    )


def unreadable(world: World) -> DemoCase:
    """An unreadable record becomes a dead letter; its neighbours are processed."""
    customer = world.customer("vecinos")
    before, after = (
        world.submits(
            customer,
            "inquiry",
            request_type="invoices_and_payments",
            subject=f"Factura {which} del registro ilegible",
            text="¿Dónde encuentro la factura de prueba?",
            contact=customer.contact,
        )
        for which in ("antes", "después")
    )
    broken = world.unreadable("K-illegible")
    assert isinstance(broken.data, bytes)
    letter = Expected(
        "desk.dead-letters",
        {"ce_id": broken.id},
        {
            "key": broken.key,
            "value": broken.data.decode(),
            "ce_type": broken.ce_type,
            "ce_source": broken.source,
            "dl_topic": "billing.invoices",
            "dl_partition": TEXT,
            "dl_offset": TEXT,
            "dl_service": "cancellation",
            "dl_reason": "unreadable",
            "dl_error": TEXT,
            "dl_at": TEXT,
        },
        shows=(("", "dl_reason"),),
    )
    return DemoCase(
        "unreadable",
        (
            DemoRow(
                "An unreadable record between two questions",
                (
                    DemoStep(
                        (before, broken, after),
                        (opened(before, customer), letter, opened(after, customer)),
                    ),
                ),
                about=before.inquiry_id,
            ),
        ),
    )
