"""Keeps to the pace of a provider that refuses for being asked too fast, or that is away for a while.

Providers do not say how much they allow, or say it in ways of their own. The gate learns it from what was taken and
what was refused, as TCP learns a line's: a little faster with each reply, a step back with each refusal. It holds no
clock and sends nothing: whoever uses it tells it the time.
"""

import math
from collections import deque

from hypnos.llm.failures import BusyError

FIRST_PAUSE = 0.125
"""Seconds that the gate stays closed at first where the provider does not say; each next time twice as long."""

LONGEST_PAUSE = 7.0
"""Seconds between two looks at a provider that is away; half of them are lost, on the average, when it comes back."""

OF_LATE = 10.0
"""Seconds over which a pace counts as one that was held; a provider that counts over longer refuses for longer."""

_FIRST_WIDTH = 4  # requests in flight at the start; one more with each reply

_BACK = 0.03  # share by which a refused pace is lowered: half of it is lost on the average
_FEWEST = 20  # replies, at least, in which a pace grows by as much again: one request in twenty is refused at most
_WORTH = 30  # and pauses, at least: a thirtieth of the time passes in them at most
_FIRST_STEP = 0.3  # in place of _BACK while a pace is young, and the faster tried out; halved with each refusal

_SURE = (0.05, 2.0)  # seconds without a refusal after which the first request through a reopened gate counts as taken,
# from and to; between them three times what the last refusal took

_MINUTE = 60.0  # seconds over which providers count at most: what was taken over as long shows what is allowed
_HELD = 0.6  # share of such a pace below which further refusals have another reason than the pace
_SELDOM = 8  # requests for each refusal by which such refusals are told
_IDLE = 5.0  # seconds in which nobody asked: they are no part of any pace


class Gate:
    """Says when the next request may be sent to one model, and how many may be under way.

    A refusal closes it for as long as the provider asks, or for a pause that doubles with each refusal of the request
    that tries. Requests that were sent before it closed do not count as tries. After it opens, requests are spread
    evenly: at the pace at which they were taken at first, then between that and the pace that was refused.

    Attributes:
        width: requests that may be in flight.
        pace: requests a second that are sent at most; None while no limit is known.
        pause: seconds of the last pause.
        closed_until: the moment at which the gate opens.
        refusing_since: the first refusal since a request was taken; None where one was taken since.
        met: whether the provider has ever answered, be it by a refusal.
        tries: pauses in a row since a request was taken.
    """

    def __init__(self, most_in_flight: int, *, now: float) -> None:
        self.width = min(_FIRST_WIDTH, most_in_flight)
        self.pace: float | None = None
        self.pause = 0.0
        self.closed_until = now
        self.refusing_since: float | None = None
        self.met = False
        self.tries = 0
        self._most = most_in_flight
        self._next = now  # when the next request may go, at this pace
        self._closed_at = -1.0  # when it was closed last
        self._down_since = now  # when the first of the last pauses in a row began
        self._trying = False  # whether it waits for one request to be taken
        self._tried_at: float | None = None  # when that was sent
        self._refusal_latency = 0.0  # seconds from sending to a refusal, of late
        self._paced = False  # whether the last refusal was for the pace
        self._taken = 0  # requests that were not refused, those under way included
        self._runs: deque[tuple[float, int]] = deque([(now, 0)])  # when runs between pauses began, and what was taken
        self._replies = 0  # of this run
        self._young = 0  # refusals in a row that came before `_FEWEST` replies
        self._at_first = 0.0  # the pace at which this run began
        self._step = _FIRST_STEP
        self._cycle = float(_FEWEST)  # replies in which the pace grows by `_step`
        self._held = 0.0  # the fastest pace that was held for some time
        self._by_chance = False  # whether refusals have another reason than the pace
        self._between = 0.0  # requests between two such refusals, on the average

    def wait(self, now: float) -> float:
        """Seconds until a request may go; 0 where it may go now: who then sends calls `send`."""
        if now < self.closed_until:
            return self.closed_until - now
        if self._trying and self._tried_at is not None:
            sure_at = self._tried_at + min(max(3 * self._refusal_latency, _SURE[0]), _SURE[1])
            if now < sure_at:
                return sure_at - now
            self._open(self._tried_at, now)  # it was not refused for long enough
        return max(self._next - now, 0.0)

    def send(self, now: float, *, in_flight: int) -> float:
        """Take the next turn; returns the moment as `answered` and `refused` want it back.

        Args:
            now: the moment.
            in_flight: requests that are under way: where there are none, nobody may have asked for a while.
        """
        if self._trying:
            self._tried_at = now
        elif not in_flight and (self.pace is None or now - max(self._next, self.closed_until) > _IDLE):
            self._runs = deque([(now, self._taken)])
        self._taken += 1
        distance = 1 / self.pace if self.pace is not None else 0.0
        self._next = max(self._next, now - distance) + distance
        return now

    def answered(self, sent: float, now: float) -> None:
        """Count a reply, or any other sign that the provider took the request."""
        self.met = True
        if sent < self._closed_at:
            return
        self.refusing_since = None
        if self._trying and self._tried_at is not None and sent >= self._tried_at:
            self._open(self._tried_at, now)
        if not self._trying:
            self.width = min(self.width + 1, self._most)
            self._replies += 1
            if self.pace is not None:
                self.pace *= 1 + self._step / self._cycle

    def refused(self, refusal: BusyError, sent: float, now: float, *, in_flight: int) -> bool:
        """Close; returns whether this is a new closing, and not one more refusal of the same.

        Args:
            refusal: what the provider said.
            sent: what `send` returned for the request.
            now: the moment.
            in_flight: requests that are still under way: so many it has taken at once.
        """
        self.met = self.met or refusal.reached
        if self.refusing_since is None:
            self.refusing_since = now
        self._taken -= 1
        self._refusal_latency = now - sent
        if sent < self._closed_at or now < self.closed_until:
            if refusal.wait is not None:
                self.closed_until = max(self.closed_until, now + refusal.wait)
            return False
        if not self.tries:
            self._down_since = now
        self.tries += 1
        first = min(FIRST_PAUSE, 1 / self.pace) if self.pace is not None else FIRST_PAUSE
        grown = min(first * 2.0 ** min(self.tries - 1, 20), LONGEST_PAUSE)
        # One that asks for no wait, or for one that is over before it takes requests again, is left longer alone.
        self.pause = grown if refusal.wait is None else max(refusal.wait, grown if self.tries > 2 else 0.0)
        self._closed_at, self.closed_until = now, now + self.pause
        self._trying, self._tried_at = True, None
        self._paced = refusal.paced
        if not refusal.paced:
            self.width = max(min(self.width, in_flight), 1)
        return True

    @property
    def silent(self) -> float:
        """Seconds for which the provider will have taken no request when the gate opens next."""
        return 0.0 if self.refusing_since is None else self.closed_until - self.refusing_since

    def _open(self, tried_at: float, now: float) -> None:
        """Begin a run with the request that was taken, at a pace that the last run and its end speak for."""
        if self._paced:
            self.pace = self._learn(tried_at)
        if self.pace is not None:
            in_pauses = self.pace * (now - self._down_since)
            self._cycle = max(_FEWEST, _WORTH * in_pauses) * _BACK / self._step
            self._at_first = self.pace
            self._next = tried_at + 1 / self.pace
        self._runs.append((tried_at, self._taken - 1))
        while len(self._runs) > 1 and tried_at - self._runs[0][0] >= 2 * _MINUTE:
            self._runs.popleft()
        self._replies, self._trying, self.tries = 0, False, 0

    def _learn(self, now: float) -> float | None:
        """The pace after a refusal for the last one."""
        if now - self._down_since >= OF_LATE / 2:
            self._held, self._by_chance = 0.0, False  # what was taken before came out of a store
        elif now - self._runs[0][0] >= OF_LATE:
            self._held = max(self._held, self._taken_over(OF_LATE, now))
        if self.pace is None:
            self._between += (self._replies - self._between) / 4
            if self._by_chance and self.tries == 1 and self._between >= _SELDOM:
                return None
            self._step = _FIRST_STEP
            return self._taken_over(_MINUTE, now)
        self._young = self._young + 1 if self._replies < _FEWEST else 0
        back = max(1 - math.sqrt(self._at_first / self.pace), 0.0)  # half-way to the pace that was not refused
        pace = self.pace * (1 - max(min(back, self._step), _BACK * (1 + self._young)))
        self._step = max(self._step / 2, _BACK)
        if self.tries > 2:
            return min(pace, self._taken_over(_MINUTE, now))
        if self.tries == 1 and pace < _HELD * self._held:
            self._by_chance, self._between = True, float(_FEWEST)
            return None
        return pace

    def _taken_over(self, seconds: float, now: float) -> float:
        """The most requests a second that were taken since a run began, so long ago or longer."""
        long_ago = [run for run in self._runs if now - run[0] >= seconds] or [self._runs[0]]
        # The one that tries is part of the next run.
        return max(max(self._taken - 1 - taken, 1) / max(now - began, 1e-3) for began, taken in long_ago)
