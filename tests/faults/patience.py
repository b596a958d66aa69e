"""How long to wait for what is still coming in: not by the clock, but as long as more comes."""

from __future__ import annotations

import time
from collections.abc import Callable


class Patience:
    """Is over once nothing has changed for `stalled_s` seconds, however long it changed before.

    A busy machine is slow, which is no fault of the desk; a desk that stands still is one.
    """

    def __init__(self, stalled_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._stalled_s = stalled_s
        self._clock = clock
        self._state: object = None
        self._since = clock()

    def is_over(self, state: object) -> bool:
        """Whether `state` has been the same for too long."""
        if state != self._state:
            self._state, self._since = state, self._clock()
        return self._clock() - self._since > self._stalled_s
