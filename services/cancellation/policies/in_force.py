"""The policies as the desk announces them: `policy.in_force.v1`, one per policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.cancellation.policies.outcome import PolicyName
from services.cancellation.policies.terms import PolicyTerms, Rules
from shared.events.policies import PolicyInForce, PolicyVersion
from shared.events.values import Bilingual, madrid_date

Terms = Mapping[str, Any]


def policies_in_force(rules: Rules, now: datetime) -> tuple[PolicyInForce, ...]:
    """Every policy under the terms that hold in Madrid at `now`, with the versions to come."""
    today = madrid_date(now)
    holding = rules.in_force_on(today)
    to_come = [terms for terms in rules.terms if terms.holds_from > max(today, holding.holds_from)]
    return tuple(
        PolicyInForce(
            policy=policy,
            **_version(policy, holding).model_dump(),
            to_come=tuple(_version(policy, terms) for terms in to_come),
        )
        for policy in PolicyName
    )


def _version(policy: PolicyName, terms: PolicyTerms) -> PolicyVersion:
    set_by_it = _TERMS[policy](terms)
    return PolicyVersion(
        version=terms.version,
        holds_from=terms.holds_from,
        terms=dict(set_by_it),
        summary=_SUMMARIES[policy](set_by_it),
    )


def _evidence(terms: PolicyTerms) -> dict[str, Any]:
    return {"evidence_days": terms.evidence_days, "reminder_days": terms.reminder_days}


def _signatures(terms: PolicyTerms) -> dict[str, list[str]]:
    return {channel: sorted(kinds) for channel, kinds in sorted(terms.signatures.items())}


_TERMS: Mapping[PolicyName, Callable[[PolicyTerms], Terms]] = {
    PolicyName.SINGLE_CHARGE: lambda _terms: {},
    PolicyName.RENEWAL_LAPSE: lambda terms: {"lapse_days": terms.lapse_days},
    PolicyName.MONTHLY_NOTICE: lambda terms: {
        "notice_days": terms.monthly_notice_days,
        **_evidence(terms),
    },
    PolicyName.WRITTEN_NOTICE: lambda terms: {
        "notice_days": terms.written_notice_days,
        **_evidence(terms),
        "signatures": _signatures(terms),
    },
    PolicyName.REFER: lambda _terms: {},
}


def _single_charge(_terms: Terms) -> Bilingual:
    return Bilingual(
        es="Las licencias Passport Advantage se pagan una sola vez, al principio, y no hace falta"
        " cancelarlas.",
        en="Passport Advantage licences are paid once, at the start, and need no cancellation.",
    )


def _renewal_lapse(terms: Terms) -> Bilingual:
    days = terms["lapse_days"]
    return Bilingual(
        es=f"Si la factura de una renovación automática no se paga en {days} días desde su emisión,"
        " la renovación queda cancelada.",
        en=f"An automatic renewal whose invoice is not paid within {days} days of its issue is"
        " cancelled.",
    )


def _monthly_notice(terms: Terms) -> Bilingual:
    days, awaited = terms["notice_days"], terms["evidence_days"]
    return Bilingual(
        es=f"Las licencias de pago mensual se cancelan con {days} días de preaviso, contados desde"
        " que se confirma la destrucción de todas las copias del software; la confirmación se"
        f" espera {awaited} días.",
        en=f"Monthly-charge licences are cancelled with {days} days' notice, counted from the"
        " confirmation that all copies of the software were destroyed; the confirmation is awaited"
        f" for {awaited} days.",
    )


def _written_notice(terms: Terms) -> Bilingual:
    days, awaited = terms["notice_days"], terms["evidence_days"]
    return Bilingual(
        es="Los contratos de mantenimiento se cancelan por escrito, con firma y datos de contacto,"
        f" y {days} días de preaviso; lo que falte se espera {awaited} días.",
        en="Maintenance contracts are cancelled in writing, with a signature and contact data, and"
        f" {days} days' notice; what is missing is awaited for {awaited} days.",
    )


def _refer(_terms: Terms) -> Bilingual:
    return Bilingual(
        es="Los contratos ServicePac, los de cualquier otro tipo y los que no encontramos los"
        " decide un profesional.",
        en="ServicePac contracts, those of any other type and those that we cannot find are decided"
        " by a professional.",
    )


_SUMMARIES: Mapping[PolicyName, Callable[[Terms], Bilingual]] = {
    PolicyName.SINGLE_CHARGE: _single_charge,
    PolicyName.RENEWAL_LAPSE: _renewal_lapse,
    PolicyName.MONTHLY_NOTICE: _monthly_notice,
    PolicyName.WRITTEN_NOTICE: _written_notice,
    PolicyName.REFER: _refer,
}
