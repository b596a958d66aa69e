"""An attachment is saved where the operator says, and nowhere else."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from desk.commands.errors import DeskError
from desk.commands.inquiry import _write_new, show
from shared.events.values import Language
from shared.operations.attachments import NamedAttachment
from tests.unit.cli.test_language import LIFE

HOSTILE = "../../etc/\x1b[2J\r\n\u202efdp.exe\x00"


def test_an_attachment_is_a_new_file_of_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "carta.pdf"

    _write_new(path, b"%PDF")

    assert path.read_bytes() == b"%PDF"
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_replaced_and_no_link_is_followed(tmp_path: Path) -> None:
    there, aim, folder = tmp_path / "there", tmp_path / "aim", tmp_path / "folder"
    there.write_bytes(b"mine")
    link = tmp_path / "link"
    link.symlink_to(aim)
    folder.mkdir()

    for path in (there, link, folder):
        with pytest.raises(DeskError, match="is there already"):
            _write_new(path, b"%PDF")
    with pytest.raises(DeskError, match="cannot be written"):
        _write_new(tmp_path / "nowhere" / "carta.pdf", b"%PDF")

    assert there.read_bytes() == b"mine"
    assert not aim.exists()


@pytest.mark.parametrize(
    ("language", "words"),
    [(Language.ES, "archivos adjuntos"), (Language.EN, "attachments")],
)
def test_a_senders_file_name_is_shown_on_one_line_and_steers_no_terminal(
    language: Language, words: str
) -> None:
    attachments = [
        NamedAttachment("d-1", "kept", None, HOSTILE, "application/pdf", 1200, "ab" * 32),
        NamedAttachment("d-2", "refused", "not_allowed"),
        NamedAttachment("d-3"),
    ]
    out = Console(file=StringIO(), width=200, markup=False)

    show(LIFE, attachments, language, out)

    told = out.file.getvalue()  # type: ignore[attr-defined]
    assert words in told
    assert not set("\x1b\r\x00\u202e") & set(told)
    [line] = [it for it in told.splitlines() if "d-1" in it]
    assert "fdp.exe" in line
    assert "1200 bytes" in line
    assert "ab" * 32 in line
    assert "(not_allowed)" in told
