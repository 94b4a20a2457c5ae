"""How much one reader may ask: questions a minute, and questions at once."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from assistant.errors import LimitReached
from assistant.web.access import Visitor

# Keys kept at most; beyond it those are forgotten that did nothing lately.
_MOST_KEYS = 10_000


class Rate:
    """At most so many events of one key within so many seconds. Safe for several threads."""

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def wait(self, key: str) -> float:
        """Seconds until the key may have another event; 0 if it may now."""
        with self._lock:
            times = self._recent(key)
            full = len(times) >= self._most
            return times[0] + self._seconds - self._clock() if full else 0.0

    def count(self, key: str) -> None:
        with self._lock:
            self._recent(key).append(self._clock())

    def take_back(self, key: str) -> None:
        """The last event of the key does not count after all."""
        with self._lock:
            if times := self._recent(key):
                times.pop()

    def _recent(self, key: str) -> deque[float]:
        if len(self._times) > _MOST_KEYS:
            old = self._clock() - self._seconds
            for other in [k for k, times in self._times.items() if not times or times[-1] < old]:
                del self._times[other]
        times = self._times[key]
        while times and times[0] <= self._clock() - self._seconds:
            times.popleft()
        return times


class Limits:
    """Who sits at the machine itself is not limited; 0 stands for no limit."""

    def __init__(
        self, per_minute: int, at_once: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_minute, self._at_once = per_minute, at_once
        self._asked = Rate(per_minute, 60, clock)
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def admit(self, visitor: Visitor) -> Iterator[None]:
        """The time in which one question of the visitor's is answered. Raises LimitReached."""
        if visitor.near:
            yield
            return
        key = visitor.key
        self._enter(key)
        try:
            yield
        finally:
            with self._lock:
                self._under_way[key] -= 1
                self._under_way += Counter()  # forgets who has none under way

    def _enter(self, key: str) -> None:
        with self._lock:
            if self._at_once and self._under_way[key] >= self._at_once:
                raise LimitReached(
                    f"The limit here is {self._at_once} questions at once.",
                    "Wait until one of yours is answered.", retry_after=5,
                )
            if self._per_minute and (wait := self._asked.wait(key)):
                seconds = math.ceil(wait)
                raise LimitReached(
                    f"The limit here is {self._per_minute} questions a minute.",
                    f"Ask again in {seconds} s.", retry_after=seconds,
                )
            self._asked.count(key)
            self._under_way[key] += 1
