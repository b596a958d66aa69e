"""The texts of `event_text`: data, in both languages. Braces name fields of the event."""

from __future__ import annotations

from shared.events.values import Bilingual


def _both(es: str, en: str) -> Bilingual:
    return Bilingual(es=es, en=en)


HEADLINES: dict[str, Bilingual] = {
    "submission.rejected.v1": _both("Solicitud rechazada", "Submission rejected"),
    "rejection.recorded": _both("Solicitud rechazada", "Submission rejected"),
    "follow_up.accepted": _both("Mensaje aceptado", "Follow-up accepted"),
    "inquiry.opened.v1": _both("Consulta {reference} abierta", "Inquiry {reference} opened"),
    "inquiry.progressed.v1": _both("Novedad", "Progress"),
    "inquiry.resolved.v1": _both("Consulta resuelta", "Inquiry resolved"),
    "inquiry.closed.v1": _both("Consulta cerrada por {by}", "Inquiry closed by {by}"),
    "inquiry.reopened.v1": _both("Consulta reabierta por {by}", "Inquiry reopened by {by}"),
    "inquiry.overdue.v1": _both(
        "Fuera de plazo; recordatorio a la cola {queue}", "Overdue; queue {queue} reminded"
    ),
    "inquiry.target_met": _both("Plazo de respuesta cumplido", "Answer target met"),
    "inquiry.queue_changed": _both(
        "Pasada a la cola {queue} (agente {agent_id})", "Moved to queue {queue} (agent {agent_id})"
    ),
    "mail.sent": _both("Correo enviado: {template}", "Mail sent: {template}"),
    "mail.failed": _both("Correo no entregado: {template}", "Mail not delivered: {template}"),
    "notification.sent.v1": _both("Correo enviado: {template}", "Mail sent: {template}"),
    "notification.failed.v1": _both(
        "Correo no entregado: {template} ({error})", "Mail not delivered: {template} ({error})"
    ),
    "file.request_held": _both("Se espera el registro del contrato", "Waiting for the contract"),
    "file.evidence_added": _both(
        "Documentación añadida a {contract_number}", "Evidence added to {contract_number}"
    ),
    "cancellation.scheduled.v1": _both(
        "{contract_number}: cancelación programada", "{contract_number}: cancellation scheduled"
    ),
    "cancellation.not_required.v1": _both(
        "{contract_number}: no hace falta cancelar", "{contract_number}: no cancellation needed"
    ),
    "cancellation.evidence_awaited.v1": _both(
        "{contract_number}: falta {missing}", "{contract_number}: still missing {missing}"
    ),
    "cancellation.evidence_reminded.v1": _both(
        "{contract_number}: recordatorio, falta {missing}",
        "{contract_number}: reminder, still missing {missing}",
    ),
    "cancellation.expired.v1": _both(
        "{contract_number}: solicitud caducada", "{contract_number}: request expired"
    ),
    "cancellation.referred.v1": _both(
        "{contract_number}: pasa a un profesional", "{contract_number}: referred to a professional"
    ),
    "cancellation.refused.v1": _both(
        "{contract_number}: denegada ({reason})", "{contract_number}: refused ({reason})"
    ),
    "cancellation.already_scheduled.v1": _both(
        "{contract_number}: ya estaba programada", "{contract_number}: was already scheduled"
    ),
    "cancellation.withdrawn.v1": _both(
        "{contract_number}: cancelación retirada", "{contract_number}: cancellation withdrawn"
    ),
    "cancellation.withdrawal_refused.v1": _both(
        "{contract_number}: no se puede retirar", "{contract_number}: cannot be withdrawn"
    ),
    "cancellation.took_effect.v1": _both(
        "{contract_number}: cancelado", "{contract_number}: cancelled"
    ),
    "renewal.lapsed.v1": _both(
        "{contract_number}: renovación anulada", "{contract_number}: renewal lapsed"
    ),
    "cancellation.suspended.v1": _both(
        "{contract_number}: cancelación en suspenso", "{contract_number}: cancellation on hold"
    ),
    "renewal.watched.v1": _both(
        "{contract_number}: factura {invoice_number} pendiente de pago",
        "{contract_number}: invoice {invoice_number} unpaid",
    ),
    "renewal.reinstated.v1": _both(
        "{contract_number}: renovación recuperada", "{contract_number}: renewal reinstated"
    ),
    "agent.action_refused.v1": _both(
        "Acto del agente {agent_id} rechazado", "Agent {agent_id}'s act refused"
    ),
    "contract.recorded.v1": _both(
        "{contract_number}: contrato registrado", "{contract_number}: contract recorded"
    ),
    "contract.text_issued.v1": _both(
        "{contract_number}: texto n.º {version}", "{contract_number}: text no. {version}"
    ),
    "contract.status_changed.v1": _both(
        "{contract_number}: ahora {status}", "{contract_number}: now {status}"
    ),
    "contract.accepted.v1": _both(
        "{contract_number}: aceptación guardada", "{contract_number}: acceptance kept"
    ),
    "contract.acceptance_denied.v1": _both(
        "{contract_number}: aceptación no admitida", "{contract_number}: acceptance denied"
    ),
    "contract.copy_ready.v1": _both(
        "{contract_number}: copia lista", "{contract_number}: copy ready"
    ),
    "contract.copy_denied.v1": _both(
        "{contract_number}: copia denegada", "{contract_number}: copy denied"
    ),
    "contract.activated.v1": _both(
        "{contract_number}: ServicePac activado", "{contract_number}: ServicePac activated"
    ),
    "contract.activation_failed.v1": _both(
        "{contract_number}: código incorrecto", "{contract_number}: wrong activation code"
    ),
    "customer.registered.v1": _both(
        "Cliente {customer_id} registrado", "Customer {customer_id} registered"
    ),
    "customer.access_authorised.v1": _both(
        "Cliente {customer_id}: acceso autorizado", "Customer {customer_id}: access authorised"
    ),
    "customer.profile_updated.v1": _both(
        "Cliente {customer_id}: datos actualizados", "Customer {customer_id}: profile updated"
    ),
    "customer.consent_withdrawn.v1": _both(
        "Cliente {customer_id}: consentimiento retirado",
        "Customer {customer_id}: consent withdrawn",
    ),
    "customer.request_denied.v1": _both(
        "Cliente {customer_id}: no está registrado", "Customer {customer_id}: not registered"
    ),
}

SENTENCES: dict[str, Bilingual] = {
    "rejection.recorded": _both(
        "No se abrió ninguna consulta; quien la envió recibió la lista de errores.",
        "No inquiry was opened; the sender was told every fault.",
    ),
    "inquiry.opened.v1": _both(
        "{subject}. Cola: {queue}. Respuesta antes del {answer_due_at}.",
        "{subject}. Queue: {queue}. Answer due by {answer_due_at}.",
    ),
    "inquiry.reopened.v1": _both(
        "Respuesta antes del {answer_due_at}.", "Answer due by {answer_due_at}."
    ),
    "inquiry.overdue.v1": _both(
        "La respuesta vencía el {answer_due_at}.", "The answer was due by {answer_due_at}."
    ),
    "file.request_held": _both(
        "{contract_number} no consta todavía; se espera hasta las {until}.",
        "{contract_number} is not known yet; waiting until {until}.",
    ),
    "contract.copy_ready.v1": _both(
        "{link} (hasta el {available_until})", "{link} (until {available_until})"
    ),
    "contract.activation_failed.v1": _both(
        "Intentos restantes: {attempts_left}.", "Attempts left: {attempts_left}."
    ),
}
"""For events that bring no explanation of their own."""

CONSEQUENCES: dict[str, Bilingual] = {
    "received_on": _both("recibida el", "received"),
    "complete_on": _both("completa el", "complete"),
    "notice_ends_on": _both("preaviso hasta", "notice ends"),
    "effective_on": _both("efectiva el", "effective"),
    "last_billable_on": _both("última facturación", "last charged day"),
    "lapses_on": _both("se anula el", "lapses on"),
    "lapsed_on": _both("se anuló el", "lapsed on"),
    "ends_on": _both("termina el", "ends on"),
    "paid_on": _both("pagada el", "paid on"),
    "due_on": _both("plazo hasta", "due by"),
    "withdrawn_on": _both("retirada el", "withdrawn"),
}

LABELS: dict[str, Bilingual] = {
    "reference": _both("referencia", "reference"),
    "id": _both("id", "id"),
    "status": _both("estado", "status"),
    "customer": _both("cliente", "customer"),
    "kind": _both("tipo", "kind"),
    "subject": _both("asunto", "subject"),
    "queue": _both("cola", "queue"),
    "contact": _both("contacto", "contact"),
    "contracts": _both("contratos", "contracts"),
    "continues": _both("continúa", "continues"),
    "policy": _both("política", "policy"),
    "rule": _both("regla", "rule"),
    "also": _both("además", "also"),
    "open_request": _both("la solicitud abierta de la consulta", "the open request of inquiry"),
    "outcome": _both("resultado", "outcome"),
    "dates": _both("fechas", "dates"),
    "why": _both("motivo", "why"),
    "unknown": _both("desconocido", "unknown"),
    "no_contract": _both(
        "El registro no ha comunicado este contrato.",
        "The registry has not reported this contract.",
    ),
    "unchanged": _both("No se ha cambiado nada.", "Nothing was changed."),
}
"""What the views of `desk inquiry` and `desk cancellation preview` call their rows."""

WORDS: dict[str, Bilingual] = {
    "status=open": _both("abierta", "open"),
    "status=resolved": _both("resuelta", "resolved"),
    "status=closed": _both("cerrada", "closed"),
    "status=rejected": _both("rechazada", "rejected"),
    "status=follow_up": _both("mensaje", "follow-up"),
    "status=view": _both("lectura de un contrato", "view of a contract"),
    "kind=inquiry": _both("consulta", "inquiry"),
    "kind=registration": _both("registro", "registration"),
    "kind=contract_copy": _both("copia de contrato", "copy of a contract"),
    "kind=contract_acceptance": _both("aceptación de contrato", "acceptance of a contract"),
    "kind=servicepac_activation": _both("activación de ServicePac", "ServicePac activation"),
    "kind=cancellation": _both("cancelación", "cancellation"),
    "kind=cancellation_evidence": _both(
        "documentación para una cancelación", "evidence for a cancellation"
    ),
    "kind=cancellation_withdrawal": _both(
        "retirada de una cancelación", "withdrawal of a cancellation"
    ),
    "kind=profile_update": _both("cambio de datos", "change of the registration"),
    "kind=consent_withdrawal": _both("retirada de un consentimiento", "withdrawal of a consent"),
    "kind=inventory_update": _both("corrección del inventario", "correction of the inventory"),
    "queue=contracts": _both("contratos", "contracts"),
    "queue=orders": _both("pedidos y entregas", "orders and deliveries"),
    "queue=maintenance": _both("inventario y mantenimiento", "inventory and maintenance"),
    "queue=billing": _both("facturas y pagos", "invoices and payments"),
    "queue=cancellations": _both("cancelaciones", "cancellations"),
    "queue=registrations": _both("registros", "registrations"),
    "by=customer": _both("el cliente", "the customer"),
    "by=agent": _both("un profesional", "a professional"),
    "by=desk": _both("el servicio", "the desk"),
    "missing=destruction_confirmation": _both(
        "la confirmación de destrucción", "the confirmation of destruction"
    ),
    "missing=signature": _both("la firma", "the signature"),
    "missing=contact": _both("los datos de contacto", "the contact data"),
    "status=draft": _both("en borrador", "a draft"),
    "status=active": _both("en vigor", "active"),
    "status=cancellation_scheduled": _both("con cancelación programada", "to be cancelled"),
    "status=cancelled": _both("cancelado", "cancelled"),
    "status=lapsed": _both("anulado", "lapsed"),
    "status=ended": _both("finalizado", "ended"),
}
