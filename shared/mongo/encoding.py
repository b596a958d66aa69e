"""Documents as the database keeps them: encoded once, measured, and sent as they are."""

from __future__ import annotations

import bson
from bson.raw_bson import RawBSONDocument

from shared.mongo.client import Document

Encoded = RawBSONDocument


def encode(document: Document) -> Encoded:
    """Encodes a document as BSON. Raises one of `UNSTORABLE` if that is impossible."""
    return RawBSONDocument(bson.encode(document))


def size_of(document: Document) -> int:
    """Bytes of the document in the database."""
    return len(bson.encode(document))
