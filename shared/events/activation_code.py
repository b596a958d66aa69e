"""How services compare activation codes (F9) without putting one on a topic."""

from __future__ import annotations

import hmac
import unicodedata

_BLANK_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


def keyed_hash(key: bytes, contract_number: str, code: str) -> str:
    """HMAC-SHA256, in hex, of a contract's code as compared: without case and blanks.

    Equal codes of two contracts have different hashes. Without `key` nobody can try codes
    against a hash.
    """
    said = f"{contract_number} {_normalised(code)}".encode("utf-8", "surrogatepass")
    return hmac.new(key, said, "sha256").hexdigest()


def _normalised(code: str) -> str:
    """Blanks are Unicode white space and invisible format characters, wherever they stand."""
    seen = unicodedata.normalize("NFKC", code)
    return "".join(c for c in seen if unicodedata.category(c) not in _BLANK_CATEGORIES).casefold()
