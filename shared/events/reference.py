"""The reference of an inquiry: short enough to read out on the phone, safe to type back.

`INQ-7K3MZ-9Q2XW-C` is ten Crockford base32 digits (no I, L, O, U) and a check character.

The check is a parity equation over GF(32), the field whose 32 elements are the 32 digits: each of
the eleven positions has a weight of its own (a power of a primitive element), and the weighted sum
must be zero. Crockford's own check (modulo 37) needs the symbols `*~$=U`, which nobody can read
out; plain modulo 31 misses every transposition, because 32 leaves 1 when divided by 31.

What the check catches, always:
- one wrong character, whichever it is, the check character included;
- two characters swapped, neighbours or not, the check character included;
- a pair of equal characters misheard as another pair (`55` for `33`);
- a lost or an extra character (by the length).
Other mistakes in two or more characters pass with a chance of about 1 in 32.
"""

from uuid import UUID, uuid5

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE_OF = {digit: value for value, digit in enumerate(_DIGITS)}
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_DASHES = "-‐‑‒–—―−_."

_BITS_PER_DIGIT = 5
_BODY_LENGTH = 10
_SHIFTS = range(_BITS_PER_DIGIT * (_BODY_LENGTH - 1), -1, -_BITS_PER_DIGIT)
_PREFIX = "INQ"
_PREFIX_AS_TYPED = _PREFIX.translate(_LOOK_ALIKES)
_LONGEST = len(_PREFIX) + _BODY_LENGTH + 1
_FIELD_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1 is primitive: x has 31 distinct powers
_TIMES_X = [it << 1 if it < 16 else it << 1 ^ _FIELD_POLYNOMIAL for it in range(32)]


def reference_of(inquiry_id: UUID, attempt: int = 0) -> str:
    """The reference that belongs to this inquiry for ever.

    Made of the low 50 bits of the id, all of them hash bits in a UUIDv5 (the constant version and
    variant bits lie above). Among a million inquiries the chance that any two share a reference is
    about 0.04 %: a unique index says so, and `attempt` 1 gives another one, and so on.
    """
    if attempt:
        inquiry_id = uuid5(inquiry_id, f"reference {attempt}")
    bits = inquiry_id.int
    body = "".join([_DIGITS[(bits >> shift) & 0b11111] for shift in _SHIFTS])
    return _canonical(body + _check_character(body))


def parse_reference(text: str) -> str | None:
    """The canonical reference a person meant, or None when it cannot be one.

    Forgives lower case, spaces, missing or other dashes, a missing prefix, and the letters O, I
    and L where the digits 0 and 1 are meant.
    """
    kept = _without_separators(text)
    if len(kept) > _LONGEST:  # upper case is never shorter
        return None
    digits = kept.upper().translate(_LOOK_ALIKES)
    if len(digits) == len(_PREFIX) + _BODY_LENGTH + 1 and digits.startswith(_PREFIX_AS_TYPED):
        digits = digits.removeprefix(_PREFIX_AS_TYPED)
    if len(digits) != _BODY_LENGTH + 1 or not _VALUE_OF.keys() >= set(digits):
        return None
    if _check_character(digits[:_BODY_LENGTH]) != digits[_BODY_LENGTH]:
        return None
    return _canonical(digits)


def _without_separators(text: str) -> str:
    """Removes white space and dashes as a whole: a text may have a quarter of a million letters."""
    kept = "".join(text.split())
    for dash in _DASHES:
        kept = kept.replace(dash, "")
    return kept


def _check_character(body: str) -> str:
    parity = 0
    for digit in body:
        parity = _TIMES_X[parity ^ _VALUE_OF[digit]]
    return _DIGITS[parity]


def _canonical(digits: str) -> str:
    return f"{_PREFIX}-{digits[:5]}-{digits[5:10]}-{digits[10]}"
