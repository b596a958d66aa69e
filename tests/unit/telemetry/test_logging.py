"""The log takes warnings of libraries, but not each of their messages or requests."""

from __future__ import annotations

import subprocess
import sys

REQUEST = """
import logging as standard
import httpx2
from shared.telemetry import logging
logging.configure("toy", style="json")
answer = httpx2.MockTransport(lambda _: httpx2.Response(200))
httpx2.Client(transport=answer).get("http://127.0.0.1/due")
standard.getLogger("httpx2").warning("heard")
"""


def test_a_request_to_an_internal_port_is_no_line_of_the_log() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", REQUEST], capture_output=True, text=True, check=True, timeout=60
    )

    assert len(ran.stderr.splitlines()) == 1
    assert "heard" in ran.stderr
