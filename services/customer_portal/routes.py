"""Every page with its address in both languages. The first one is the start page."""

from __future__ import annotations

from services.customer_portal.pages import (
    cancellation,
    contact,
    contracts,
    home,
    inquiries,
    registration,
    sent,
    sign_in,
)
from shared.web.pages import Page

SIGN_IN = "sign_in"

PAGES = (
    Page("home", "", "", home.home),
    Page("contact", "/contacto", "/contact", contact.contact),
    Page(
        "contact_about",
        "/contacto/{topic}",
        "/contact/{topic}",
        contact.contact_about,
        accepts_forms=True,
    ),
    Page("sent", "/envios/{id}", "/sent/{id}", sent.sent),
    Page("sent_live", "/envios/{id}/en-vivo", "/sent/{id}/live", sent.sent_live, is_live=True),
    Page("register", "/registro", "/register", registration.register, accepts_forms=True),
    Page(SIGN_IN, "/entrar", "/sign-in", sign_in.sign_in, accepts_forms=True),
    Page("code", "/entrar/codigo", "/sign-in/code", sign_in.code, accepts_forms=True),
    Page("sign_out", "/salir", "/sign-out", sign_in.sign_out, accepts_forms=True),
    Page("inquiries", "/consultas", "/inquiries", inquiries.inquiries, for_holders=True),
    Page(
        "inquiry",
        "/consultas/{id}",
        "/inquiries/{id}",
        inquiries.inquiry,
        for_holders=True,
        accepts_forms=True,
    ),
    Page(
        "inquiry_live",
        "/consultas/{id}/en-vivo",
        "/inquiries/{id}/live",
        inquiries.inquiry_live,
        for_holders=True,
        is_live=True,
    ),
    Page("contracts", "/contratos", "/contracts", contracts.contracts, for_holders=True),
    Page(
        "cancel",
        "/cancelar",
        "/cancel",
        cancellation.cancel,
        for_holders=True,
        accepts_forms=True,
    ),
    Page(
        "withdraw",
        "/contratos/{number:path}/retirar",
        "/contracts/{number:path}/withdraw",
        cancellation.withdraw,
        for_holders=True,
        accepts_forms=True,
    ),
    Page(
        "evidence",
        "/contratos/{number:path}/completar",
        "/contracts/{number:path}/complete",
        cancellation.evidence,
        for_holders=True,
        accepts_forms=True,
    ),
    Page(
        "contract",
        "/contratos/{number:path}",
        "/contracts/{number:path}",
        contracts.contract,
        for_holders=True,
    ),
    Page("privacy", "/privacidad", "/privacy", home.privacy),
    Page("accessibility", "/accesibilidad", "/accessibility", home.accessibility),
)
