"""Every page with its address in both languages. The first one is the start page."""

from __future__ import annotations

from services.operations_console.pages import (
    agents,
    cases,
    dead_letters,
    overview,
    passkeys,
    provider,
    sign_in,
)
from shared.web.pages import Page
from shared.web.sessions import Role

SIGN_IN = "sign_in"

PAGES = (
    Page("home", "", "", sign_in.home),
    Page(SIGN_IN, "/entrar", "/sign-in", sign_in.sign_in, accepts_forms=True),
    Page("code", "/entrar/codigo", "/sign-in/code", sign_in.code, accepts_forms=True),
    Page("passkey", "/entrar/llave", "/sign-in/passkey", passkeys.passkey, accepts_forms=True),
    Page("provider", "/entrar/proveedor", "/sign-in/provider", provider.provider),
    Page(
        "provider_return",
        "/entrar/proveedor/vuelta",
        "/sign-in/provider/return",
        provider.provider_return,
    ),
    Page("sign_out", "/salir", "/sign-out", sign_in.sign_out, accepts_forms=True),
    Page(
        "passkeys",
        "/llaves",
        "/passkeys",
        passkeys.passkeys,
        role=Role.READER,
        accepts_forms=True,
    ),
    Page(
        "passkey_removal",
        "/llaves/{passkey}",
        "/passkeys/{passkey}",
        passkeys.passkey_removal,
        role=Role.READER,
        accepts_forms=True,
    ),
    Page("overview", "/panorama", "/overview", overview.overview, role=Role.READER),
    Page(
        "overview_live",
        "/panorama/en-vivo",
        "/overview/live",
        overview.overview_live,
        role=Role.READER,
        is_live=True,
    ),
    Page("cases", "/casos", "/cases", cases.cases, role=Role.READER, accepts_forms=True),
    Page(
        "dead_letters",
        "/mensajes-muertos",
        "/dead-letters",
        dead_letters.dead_letters,
        role=Role.OPERATOR,
    ),
    Page(
        "dead_letter_group",
        "/mensajes-muertos/grupo",
        "/dead-letters/group",
        dead_letters.dead_letter_group,
        role=Role.OPERATOR,
        accepts_forms=True,
    ),
    Page(
        "dead_letter",
        "/mensajes-muertos/{letter}",
        "/dead-letters/{letter}",
        dead_letters.dead_letter,
        role=Role.OPERATOR,
        accepts_forms=True,
    ),
    Page(
        "dead_letter_edit",
        "/mensajes-muertos/{letter}/corregir",
        "/dead-letters/{letter}/correct",
        dead_letters.dead_letter_edit,
        role=Role.OPERATOR,
        accepts_forms=True,
    ),
    Page(
        "repair",
        "/reparaciones/{repair}",
        "/repairs/{repair}",
        dead_letters.repair,
        role=Role.OPERATOR,
    ),
    Page(
        "repair_live",
        "/reparaciones/{repair}/en-vivo",
        "/repairs/{repair}/live",
        dead_letters.repair_live,
        role=Role.OPERATOR,
        is_live=True,
    ),
    Page("inquiries", "/consultas", "/inquiries", agents.inquiries, role=Role.AGENT),
    Page(
        "inquiry",
        "/consultas/{inquiry}",
        "/inquiries/{inquiry}",
        agents.inquiry,
        role=Role.AGENT,
        accepts_forms=True,
    ),
    Page("referrals", "/derivaciones", "/referrals", agents.referrals, role=Role.AGENT),
    Page(
        "referral",
        "/derivaciones/{contract}",
        "/referrals/{contract}",
        agents.referral,
        role=Role.AGENT,
        accepts_forms=True,
    ),
    Page(
        "authorisations",
        "/autorizaciones",
        "/authorisations",
        agents.authorisations,
        role=Role.AGENT,
        accepts_forms=True,
    ),
    Page("act", "/actos/{act}", "/acts/{act}", agents.act, role=Role.AGENT),
    Page(
        "act_live",
        "/actos/{act}/en-vivo",
        "/acts/{act}/live",
        agents.act_live,
        role=Role.AGENT,
        is_live=True,
    ),
)
