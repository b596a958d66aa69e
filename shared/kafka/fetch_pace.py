"""When a broker may be asked for records again.

Fetching, and a batch, cost nearly the same whether they bring one record or twenty. So fetches keep
an interval: what comes alone is handed out at once, what comes fast comes together.

Kafka holds an empty fetch back until there is data or `fetch_max_wait_ms` have passed. A broker
that answers it at once (the embedded one does) would be asked in a loop, and an idle consumer would
burn a core: so after an empty answer that came at once, the next question waits, longer each time.
Where nothing has come for long, nobody waits for the next record to be read within milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

FIRST_PAUSE_SECONDS = 0.000_5
LONGEST_PAUSE_SECONDS = 0.02
QUIET_PAUSE_SECONDS = 0.2
SHARE_OF_QUIET = 0.01
QUIET_AFTER_SECONDS = 2.0
HELD_BACK_SECONDS = 1.0
"""How long the consumer goes without an answer where nothing comes: until then it cannot look for
other records, such as those it has been set back to."""
AT_ONCE_SECONDS = 0.02
"""A broker that holds empty fetches back does so for longer than this: the default is 500 ms."""


class FetchPace:
    """Paces one consumer's fetches: a broker that sent records rests `interval` seconds.

    Empty answers that come at once are followed by pauses of 0.5 ms, doubling to 20 ms, and after
    2 s without records of a hundredth of that time, up to 200 ms. Records end them. From then on
    empty answers are held back, too, for up to a second, as Kafka itself would.
    """

    def __init__(self, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval
        self.clock = clock
        self._not_before: dict[int, float] = {}
        self._pauses: dict[int, float] = {}
        self._quiet_since: dict[int, float] = {}

    def rest(self, node_id: int) -> float:
        """Seconds until this broker may be asked; none are left where it is not positive."""
        return self._not_before.get(node_id, 0.0) - self.clock()

    def answered(self, node_id: int, *, asked: float, records: bool) -> None:
        """The broker, `asked` at that time, has sent records or nothing."""
        now = self.clock()
        if records:
            self._pauses.pop(node_id, None)
            self._quiet_since.pop(node_id, None)
            self._not_before[node_id] = now + self._interval
        elif now - asked < AT_ONCE_SECONDS:
            pause = self._pauses.get(node_id, FIRST_PAUSE_SECONDS)
            quiet = now - self._quiet_since.setdefault(node_id, now)
            longest = min(QUIET_PAUSE_SECONDS, max(LONGEST_PAUSE_SECONDS, quiet * SHARE_OF_QUIET))
            self._pauses[node_id] = min(pause * 2, longest)
            self._not_before[node_id] = now + pause

    def holds_back(self, node_id: int, *, asked: float, since: float) -> bool:
        """Whether an empty answer does not count yet: the broker is `asked` again, as `since` then.

        Only where it came at once, and nothing else has come for 2 s.
        """
        now = self.clock()
        quiet = now - self._quiet_since.get(node_id, now) >= QUIET_AFTER_SECONDS
        return quiet and now - asked < AT_ONCE_SECONDS and now - since < HELD_BACK_SECONDS
