"""A form's ticket: the id of what it will send, bound to the browser that loaded it.

One value does two things. Another site cannot know it, since it depends on the cookie (CSRF). And a
form sends the same id however often it is sent: a double click, a reload or a retry is one request.
"""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass

FIELD = "ticket"


@dataclass(frozen=True, slots=True)
class Tickets:
    key: bytes

    def issue(self, session_id: str) -> str:
        """A new ticket for a form that this session loads."""
        return self._signed(session_id, str(uuid.uuid4()))

    def submission_id(self, session_id: str, ticket: object) -> str | None:
        """The id in a ticket that this session was given; else None."""
        if not isinstance(ticket, str):
            return None
        given = ticket.partition(".")[0]
        whole = self._signed(session_id, given)
        same = hmac.compare_digest(whole.encode(), ticket.encode("utf-8", "replace"))
        return given if same else None

    def _signed(self, session_id: str, submission_id: str) -> str:
        said = f"{session_id} {submission_id}".encode()
        return f"{submission_id}.{hmac.digest(self.key, said, 'sha256').hex()}"
