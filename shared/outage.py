"""An outage: a dependency does not answer, and the work is tried again later."""

from __future__ import annotations


class Outage(Exception):
    """A dependency is down. Nothing was committed; the same batch is tried again later."""

    def __init__(self, dependency: str, error: str) -> None:
        super().__init__(f"{dependency}: {error}")
        self.dependency = dependency


class Forbidden(Outage):
    """The dependency answers and refuses this user, so only an operator ends the outage."""
