"""Scripts, styles and fonts: in memory, compressed once, under an address that names their content.

The address changes when any file does, so a browser may keep each of them for ever.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

SERVED = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
COMPRESSIBLE = frozenset({".css", ".js", ".svg"})
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    media_type: str
    plain: bytes
    compressed: bytes | None


class StaticFiles:
    """The files of some folders; of two with one name, the later folder's."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._files = {name: it for folder in folders for name, it in _read(folder).items()}
        whole = hashlib.sha256()
        for name, it in sorted(self._files.items()):
            whole.update(name.encode() + it.plain)
        self._version = whole.hexdigest()[:16]

    def url(self, name: str) -> str:
        """Raises KeyError for a file that is not there: a page must not name it."""
        self._files[name]
        return f"/static/{self._version}/{name}"

    @property
    def route(self) -> Route:
        return Route("/static/{version}/{name:path}", self._serve, methods=["GET"], name="static")

    async def _serve(self, request: Request) -> Response:
        found = self._files.get(request.path_params["name"])
        if found is None or request.path_params["version"] != self._version:
            return PlainTextResponse("404\n", 404)
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        content = found.plain
        if found.compressed and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            content = found.compressed
        return Response(content, media_type=found.media_type, headers=headers)


def _read(folder: Path) -> Mapping[str, StaticFile]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in SERVED and path.is_file():
            plain = path.read_bytes()
            packed = gzip.compress(plain, 9, mtime=0) if path.suffix in COMPRESSIBLE else None
            found[path.relative_to(folder).as_posix()] = StaticFile(
                SERVED[path.suffix], plain, packed
            )
    return found
