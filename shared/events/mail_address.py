"""The one rule of what counts as an e-mail address: a mail can be sent to it.

Intake accepts an address and notification sends to it by the same rule, so everybody who
registers can be reached.
"""

from __future__ import annotations

from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

LONGEST = 254
"""Characters of an address on its way (RFC 5321); its ASCII form is never shorter than the text."""


@lru_cache(maxsize=4096)
def mailable(address: str) -> str | None:
    """The ASCII form under which a mail to `address` is sent; None if none can be sent.

    An internationalised domain is sent as punycode. A local part beyond ASCII would need SMTPUTF8,
    which the desk does not ask of mail servers. No name is looked up.
    """
    if len(address) > LONGEST:
        return None
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
