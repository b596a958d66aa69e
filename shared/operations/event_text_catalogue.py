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
    "submission.inquiry.v1": _both("Llega una consulta", "A question comes in"),
    "submission.follow_up.v1": _both("Llega un mensaje", "A follow-up comes in"),
    "submission.registration.v1": _both("Llega un registro", "A registration comes in"),
    "submission.contract_copy.v1": _both(
        "Se pide copia de {contract_number}", "A copy of {contract_number} is asked for"
    ),
    "submission.contract_acceptance.v1": _both(
        "Llega la aceptación de {contract_number}", "An acceptance of {contract_number} comes in"
    ),
    "submission.contract_viewed.v1": _both(
        "El cliente ha leído {contract_number}", "The customer has read {contract_number}"
    ),
    "submission.servicepac_activation.v1": _both(
        "Se pide activar {contract_number}", "An activation of {contract_number} is asked for"
    ),
    "submission.cancellation.v1": _both(
        "Se pide cancelar {contract_numbers}", "A cancellation of {contract_numbers} is asked for"
    ),
    "submission.cancellation_evidence.v1": _both(
        "Llega documentación para {contract_number}", "Evidence for {contract_number} comes in"
    ),
    "submission.cancellation_withdrawal.v1": _both(
        "Se retira la cancelación de {contract_number}",
        "The cancellation of {contract_number} is to be withdrawn",
    ),
    "submission.profile_update.v1": _both("Llega un cambio de datos", "A profile change comes in"),
    "submission.consent_withdrawal.v1": _both(
        "Se retira un consentimiento", "A consent is to be withdrawn"
    ),
    "submission.inventory_update.v1": _both(
        "Llega una corrección de {item_id}", "A correction of {item_id} comes in"
    ),
    "agent.access_authorised.v1": _both(
        "El agente {agent_id} autoriza a {customer_id}",
        "Agent {agent_id} authorises {customer_id}",
    ),
    "agent.referral_decided.v1": _both(
        "El agente {agent_id} decide sobre {contract_number}",
        "Agent {agent_id} decides on {contract_number}",
    ),
    "agent.inquiry_answered.v1": _both("El agente {agent_id} contesta", "Agent {agent_id} answers"),
    "agent.inquiry_routed.v1": _both(
        "El agente {agent_id} pasa la consulta a {queue}",
        "Agent {agent_id} routes the inquiry to {queue}",
    ),
    "agent.activation_unlocked.v1": _both(
        "El agente {agent_id} desbloquea {contract_number}",
        "Agent {agent_id} unlocks {contract_number}",
    ),
    "agent.contract_approved.v1": _both(
        "El agente {agent_id} aprueba el texto de {contract_number}",
        "Agent {agent_id} approves the text of {contract_number}",
    ),
    "registry.contract_recorded.v1": _both(
        "El registro comunica {contract_number}", "The registry reports {contract_number}"
    ),
    "registry.contract_terminated.v1": _both(
        "El registro termina {contract_number}", "The registry ends {contract_number}"
    ),
    "billing.invoice_issued.v1": _both(
        "Factura {invoice_number} emitida", "Invoice {invoice_number} issued"
    ),
    "billing.invoice_paid.v1": _both(
        "Factura {invoice_number} pagada", "Invoice {invoice_number} paid"
    ),
    "billing.invoice_voided.v1": _both(
        "Factura {invoice_number} anulada", "Invoice {invoice_number} voided"
    ),
    "billing.payment_reversed.v1": _both(
        "Pago de {invoice_number} devuelto", "Payment of {invoice_number} reversed"
    ),
    "mail.attempted.v1": _both("Intento de envío n.º {attempt}", "Attempt no. {attempt} to mail"),
    "timer.due.v1": _both("Vence el plazo de {id}", "The time of {id} has come"),
    "document.received.v1": _both(
        "Adjunto {document_id} recibido", "Attachment {document_id} received"
    ),
    "document.kept.v1": _both("Adjunto {document_id} archivado", "Attachment {document_id} kept"),
    "document.refused.v1": _both(
        "Adjunto {document_id} rechazado ({cause})", "Attachment {document_id} refused ({cause})"
    ),
    "document.stored.v1": _both("Documento {document_id} hecho", "Document {document_id} made"),
    "dead_letter.replayed.v1": _both(
        "Mensaje muerto {letter} procesado de nuevo por {by}",
        "Dead letter {letter} replayed by {by}",
    ),
    "dead_letter.edited.v1": _both(
        "Mensaje muerto {letter} corregido por {by}", "Dead letter {letter} corrected by {by}"
    ),
    "dead_letter.discarded.v1": _both(
        "Mensaje muerto {letter} descartado por {by}", "Dead letter {letter} discarded by {by}"
    ),
    "dead_letter.repair_begun.v1": _both(
        "{by} empieza a tratar mensajes muertos desde {thing} ({act})",
        "{by} begins to deal with dead letters from {thing} on ({act})",
    ),
    "record.unmasked.v1": _both(
        "Datos ocultos de {thing} mostrados a {by}", "Hidden data of {thing} shown to {by}"
    ),
}

MAIL_TAKEN = _both("El servidor de correo lo aceptó.", "The mail server took it.")

SENTENCES: dict[str, Bilingual] = {
    "inquiry.progressed.v1": _both("{status}", "{status}"),
    "mail.attempted.v1": _both("Error: {error}.", "Error: {error}."),
    "dead_letter.edited.v1": _both("{why}", "{why}"),
    "dead_letter.discarded.v1": _both("{why}", "{why}"),
    "dead_letter.repair_begun.v1": _both("{why}", "{why}"),
    "record.unmasked.v1": _both("{why}", "{why}"),
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
"""Sentences for events that carry no explanation."""

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
    "attachments": _both("archivos adjuntos", "attachments"),
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
    "later": _both("después", "later"),
    "given_up": _both("Mensaje muerto", "Dead letter"),
    "undecodable": _both("No se puede descifrar", "It cannot be decoded"),
    "next": _both("vence", "due"),
    "parked": _both("parado", "parked"),
    "incomplete": _both(
        "Incompleto: no hubo tiempo o sitio para leerlo todo.",
        "Incomplete: there was not time or room to read everything.",
    ),
    "silent": _both("no contesta", "does not answer"),
}
"""Labels of the rows of an inquiry, a case and a preview of a cancellation."""

WORDS: dict[str, Bilingual] = {
    "cause=no_policy": _both(
        "ninguna política conoce este tipo de contrato", "no policy knows the contract's type"
    ),
    "cause=contract_not_found": _both(
        "el registro no tiene tal contrato de este cliente",
        "the registry has no such contract of this customer",
    ),
    "cause=not_started": _both(
        "la fecha es anterior al comienzo del contrato",
        "the date lies before the contract's first day",
    ),
    "cause=contradictory_record": _both(
        "el registro se contradice", "the registry's record contradicts itself"
    ),
    "cause=payment_reversed": _both(
        "el banco devolvió el pago tras el último día para pagar",
        "the bank took the payment back after the last day for paying",
    ),
    "cause=paid_after_lapse": _both("pagada tras el último día", "paid after the last day"),
    "cause=paid_in_time_reported_late": _both(
        "pagada a tiempo, comunicada tarde", "paid in time, reported late"
    ),
    "cause=received_in_time": _both(
        "recibida a tiempo, entregada tarde", "received in time, delivered late"
    ),
    "attachment=awaited": _both("en camino", "on its way"),
    "attachment=kept": _both("guardado", "kept"),
    "attachment=refused": _both("rechazado", "refused"),
    "attachment=unknown": _both("desconocido", "unknown"),
    "status=open": _both("abierta", "open"),
    "status=resolved": _both("resuelta", "resolved"),
    "status=closed": _both("cerrada", "closed"),
    "status=rejected": _both("rechazada", "rejected"),
    "act=replay": _both("reenviar", "replay"),
    "act=edit": _both("corregir", "correct"),
    "act=discard": _both("descartar", "discard"),
    "status=pending": _both("pendiente", "pending"),
    "status=evidence_awaited": _both("a la espera del cliente", "awaited from the customer"),
    "status=referred": _both("para un profesional", "for a professional"),
    "status=scheduled": _both("programada", "scheduled"),
    "status=not_required": _both("no hace falta", "not required"),
    "status=expired": _both("caducada", "expired"),
    "status=refused": _both("denegada", "refused"),
    "status=already_scheduled": _both("ya programada", "already scheduled"),
    "status=withdrawn": _both("retirada", "withdrawn"),
    "status=took_effect": _both("con efecto", "took effect"),
    "status=answered": _both("respondida", "answered"),
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
