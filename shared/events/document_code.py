"""The one-time code that opens a document (ADR 0010): it is mailed and never on a topic."""

from __future__ import annotations

import hmac
from urllib.parse import urlencode

DOWNLOAD_PATH = "/documents"


def document_code(key: bytes, document_id: str, address: str) -> str:
    """128 bits in hex, of a document and the registered address that the code is sent to.

    The service that mails it and the one that checks it share `key` and each computes it. A
    customer who registers another address makes every code before that useless.
    """
    said = f"{document_id} {address}".encode("utf-8", "surrogatepass")
    return hmac.new(key, said, "sha256").hexdigest()[:32]


def document_link(documents_url: str, key: bytes, document_id: str, address: str) -> str:
    """Where the document is opened, with its code; only for a mail to `address`."""
    query = urlencode({"id": document_id, "code": document_code(key, document_id, address)})
    return f"{documents_url.rstrip('/')}{DOWNLOAD_PATH}?{query}"
