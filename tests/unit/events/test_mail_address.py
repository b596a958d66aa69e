"""Accepted means mailable: the same rule for intake and for notification."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email

from shared.events.mail_address import mailable

LABEL = "b" * 60


@pytest.mark.parametrize(
    ("address", "sent_to"),
    [
        ("ana@ejemplo.es", "ana@ejemplo.es"),
        ("ana@example.test", "ana@example.test"),
        ("ana+facturas@sub.ejemplo.es", "ana+facturas@sub.ejemplo.es"),
        ("o'neill@ejemplo.es", "o'neill@ejemplo.es"),
        ("Ana@EJEMPLO.es", "Ana@ejemplo.es"),
        ("ana@ñandú-ejemplo.es", "ana@xn--and-ejemplo-0db4j.es"),
        ("info@münchen.de", "info@xn--mnchen-3ya.de"),
        ("ana@correo.рф", "ana@correo.xn--p1ai"),
        ("ana@日本.jp", "ana@xn--wgv71a.jp"),
        ("ana@xn--wgv71a.jp", "ana@xn--wgv71a.jp"),
        (f"{'a' * 64}@ejemplo.es", f"{'a' * 64}@ejemplo.es"),
    ],
)
def test_a_mailable_address_is_sent_to_in_its_ascii_form(address: str, sent_to: str) -> None:
    assert mailable(address) == sent_to


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "@ejemplo.es",
        "ana@",
        "ana@@ejemplo.es",
        "ana@ejemplo",
        "ana@localhost",
        "ana@test",
        "ana@red.local",
        "ana@nadie.invalid",
        "ana..x@ejemplo.es",
        ".ana@ejemplo.es",
        "ana.@ejemplo.es",
        "ana@ejemplo..es",
        "ana@.ejemplo.es",
        "ana@ejemplo.es.",
        "ana@-bad-.es",
        "ana@mal_hecho.es",
        f"ana@{'b' * 64}.es",
        f"ana@{LABEL}.{LABEL}.{LABEL}.{LABEL}.{LABEL}.es",
        f"{'a' * 65}@ejemplo.es",
        "a" * 300_000,
        "ana@[192.0.2.1]",
        "ana@192.0.2.1",
        "ana@xn--zz.es",
        '"ana maria"@ejemplo.es',
        "Ana <ana@ejemplo.es>",
        "ana@ejemplo.es,otra@ejemplo.es",
        "ana @ejemplo.es",
        "ana@ejemplo.es\r\nBcc: otra@ejemplo.es",
        "ana\u200b@ejemplo.es",
        "ana\u202e@ejemplo.es",
        "ana@ejem\ud800plo.es",
        "josé.peña@ejemplo.es",
        "анна@correo.рф",
    ],
)
def test_an_address_that_no_mail_can_be_sent_to_is_none(address: str) -> None:
    assert mailable(address) is None


@pytest.mark.parametrize(
    "local", ["ana", "ana.b-c_1+x", "postmaster", "a..b", ".a", "a.", '"a', "a b"]
)
@pytest.mark.parametrize(
    "domain", ["ejemplo.es", "EJEMPLO.es", "-a.es", "a_b.es", "localhost", "x@y.es", '"@y.es', ""]
)
def test_an_address_whose_domain_was_seen_before_is_judged_as_a_whole(
    local: str, domain: str
) -> None:
    mailable(f"otro@{domain}")
    try:
        found = validate_email(
            f"{local}@{domain}",
            allow_smtputf8=False,
            strict=True,
            check_deliverability=False,
            test_environment=True,
        )
    except EmailNotValidError:
        assert mailable(f"{local}@{domain}") is None
    else:
        assert mailable(f"{local}@{domain}") == found.ascii_email
