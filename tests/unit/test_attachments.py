"""A file's bytes tell its type; its name and its declared type must agree with them."""

from __future__ import annotations

import io
import zipfile

import pytest

from shared.attachments import agrees, media_type_of
from shared.events.documents import MediaType

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(17)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(20) + b"\xff\xd9"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(20)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def archive(content: bytes = b"x", comment: bytes = b"") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.class", content)
        file.comment = comment
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (PDF, MediaType.PDF),
        (PNG, MediaType.PNG),
        (JPEG, MediaType.JPEG),
        (HEIC, MediaType.HEIC),
        ("Señores: cancelo mi contrato.\r\n".encode(), MediaType.TEXT),
        (b"\xef\xbb\xbfcon marca", MediaType.TEXT),
        ("Señores: de un sistema antiguo".encode("cp1252"), MediaType.TEXT),
    ],
)
def test_what_customers_may_attach(content: bytes, found: MediaType) -> None:
    assert media_type_of(content) is found


@pytest.mark.parametrize(
    "content",
    [
        b"",
        SVG,
        b"  \n<!DOCTYPE html><p>hola",
        b"hola <script>alert(1)</script>",
        PDF.replace(b"1 0 obj", b"<html><script>alert(1)</script>"),
        b"\n" + PDF,
        PDF + archive(),
        PNG + archive(comment=b"a comment of some length"),
        JPEG + archive(),
        b"GIF89a" + bytes(20) + archive(),
        b"GIF89a" + bytes(20),
        archive(bytes(10_000_000)),
        b"MZ\x90\x00" + bytes(60),
        b"\x7fELF" + bytes(60),
        b"text with a \x00 in it",
        b"text with a \x1b[31m colour",
        b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(20),
    ],
    ids=[
        "empty",
        "svg",
        "html",
        "script in text",
        "pdf and html",
        "pdf not at the start",
        "pdf and zip",
        "png and commented zip",
        "jpeg and jar",
        "gif and jar",
        "gif",
        "zip bomb",
        "exe",
        "elf",
        "nul",
        "escape",
        "webp",
    ],
)
def test_what_customers_may_not_attach(content: bytes) -> None:
    assert media_type_of(content) is None


@pytest.mark.parametrize(
    ("name", "declared", "agree"),
    [
        ("carta.pdf", "application/pdf", True),
        ("CARTA.PDF", "application/pdf; charset=binary", True),
        ("carta.pdf", "application/octet-stream", True),
        ("carta.pdf", "", True),
        ("carta.pdf", "text/html", False),
        ("carta.pdf", "image/png", False),
        ("carta.html", "application/pdf", False),
        ("carta.pdf.exe", "application/pdf", False),
        ("carta", "application/pdf", False),
        (".pdf", "application/pdf", True),
    ],
)
def test_name_and_declared_type_must_say_what_the_bytes_are(
    name: str, declared: str, *, agree: bool
) -> None:
    assert agrees(MediaType.PDF, name, declared) is agree
