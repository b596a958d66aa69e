"""The one rule of what counts as an e-mail address: a mail can be sent to it.

Intake accepts an address and notification sends to it by the same rule, so everybody who
registers can be reached.
"""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

LONGEST = 254
"""Characters of an address on its way (RFC 5321); its ASCII form is never shorter than the text."""


_SHORT = 63
"""Characters up to which no form of an ASCII address is too long, be it in UTF-8."""
_ORDINARY = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*(?=@)")
"""A local part of which nothing can be said against, nor changed."""


def mailable(address: str) -> str | None:
    """The ASCII form under which a mail to `address` is sent; None if none can be sent.

    An internationalised domain is sent as punycode. A local part beyond ASCII would need SMTPUTF8,
    which the desk does not ask of mail servers. No name is looked up.
    """
    if len(address) > LONGEST:
        return None
    local = _ORDINARY.match(address)
    if local is None or len(address) > _SHORT or not address.isascii():
        return _judged(address)
    # Customers have addresses of their own and domains in common: most of the work is a domain's.
    representative = _judged(f"a{address[local.end() :]}")
    return representative and f"{local[0]}{representative[1:]}"


@lru_cache(maxsize=4096)
def _judged(address: str) -> str | None:
    try:
        found = validate_email(
            address,
            allow_smtputf8=False,
            strict=True,
            check_deliverability=False,
            test_environment=True,  # .test is as good as any other domain without a lookup
        )
    except EmailNotValidError:
        return None
    return found.ascii_email if "." in found.ascii_domain else None


def address_key(email: str) -> str:
    """Normalises a mail address, so that two ways to write it are found under one key."""
    return email.strip().casefold()
