"""Keeps to the pace of a provider that refuses for being asked too fast, or that is away for a while.

Providers do not say how much they allow, or say it in ways of their own. The gate learns it from what was taken and
what was refused. It holds no clock and sends nothing: whoever uses it tells it the time.
"""

import math
from collections import deque

from hypnos.llm.failures import BusyError

FIRST_PAUSE = 0.25
"""Seconds that the gate stays closed at first, where the provider does not say; each next time twice as long."""

LONGEST_PAUSE = 15.0
"""Seconds between two looks at a provider that is away."""

_FIRST_WIDTH = 4  # requests in flight at the start; as many are added as replies come
_PROBE = (0.1, 2.0)  # seconds without a refusal after which the first request through a reopened gate counts as taken,
# from and to; between them three times what a refusal took before
_HOLD = 30.0  # times the last pause: how long a learnt pace is held before it is tried out further
_LONGEST_HOLD = 60.0  # seconds
_SHARE_PAUSED = 0.5  # of a run: a pause that was longer, and in which tries were refused too, is proof
_BACK = 0.03  # share by which a pace that was refused is lowered
_BACK_AT_ONCE = 0.07  # the same, where it was refused while it was held; twice as much each next time in a row,
_BACK_MOST = 0.28  # up to this
_GROWTH_HELD = 0.02  # share by which a pace grows while it is held, in all
_GROWTH = 0.01  # and, afterwards, with each reply, where the pace is known from many
_GUESS = 0.3  # the same, over the replies that it is known from where these are few; and a second, over the last pause
_SHORT = 5.0  # seconds; a longer pause shows that what was taken before it came out of a store
_KEPT = 0.4  # of the most that was taken a second of late, so that refusals by chance do not slow a run down for good
_SELDOM = 8  # requests taken for one that is refused
_RUNS = 3  # over which that is averaged, before a pace is learnt
_FORGET = 0.995  # with each run
_LATE = 20  # replies, at most, until too fast a pace is refused: so many were taken at once at first
_WIDENED = 4  # replies for one request more in flight, once the provider has refused
_ROOM = 1.3  # requests in flight over those that pace and latency need


OF_LATE = 10.0
"""Seconds over which that is counted."""


class Gate:
    """Says when the next request may be sent to one model, and how many may be under way.

    A refusal closes it, for as long as the provider asks, or for a pause that doubles with each refusal of the request
    that tries. Requests that were sent before it closed do not count as tries. After it opens, requests are spread
    evenly at the pace at which they were taken before; that pace is held, then raised little by little until the
    provider refuses again.

    Attributes:
        width: requests that may be in flight.
        pace: requests a second that are sent at most; None while no limit is known.
        pause: seconds of the last pause.
        closed_until: the moment at which the gate opens.
        refusing_since: the first refusal since a request was taken; None where one was taken since.
        met: whether the provider has ever answered, be it by a refusal.
    """

    def __init__(self, most_in_flight: int, *, now: float) -> None:
        self.width = min(_FIRST_WIDTH, most_in_flight)
        self.pace: float | None = None
        self.pause = 0.0
        self.closed_until = now
        self.refusing_since: float | None = None
        self.met = False
        self._most = most_in_flight
        self._sent_at = now
        self._next = now  # when the next request may go, at this pace
        self._closed_at = -1.0  # when it was closed last
        self._row = 0  # pauses since a reply
        self._opened = self._run_ended = now  # when the run since the last pause began, and when it ended
        self._taken = 0  # requests of this run that were not refused, those under way included
        self._refusal_latency = 0.0  # seconds from sending to a refusal, of late
        self._refused = False  # whether the provider has ever refused for the pace
        self._paced = False  # and whether its last refusal was for it
        self._tries = 0  # pauses in the last row
        self._streak = (now, 0)  # when the first of these began, and what was taken in them
        self._at_once = 0  # runs in a row that were refused while their pace was held
        self._known_from = 0  # replies that the pace was learnt from
        self._latency = 0.0  # seconds from sending to the reply, of late
        self._runs: deque[tuple[float, int]] = deque()  # of late: when each began, and what was taken in it
        self._best = 0.0  # the most that was taken a second of late
        self._paces: deque[float] = deque([0.0], maxlen=_LATE)  # as many as it takes until too fast a pace is refused
        self._pause_of_run = 0.0  # seconds of the pause before this run, its tries included
        self._probing = False
        self._probed_at = now
        self._held_until = now
        self._since_refusal = 0

    def wait(self, now: float) -> float:
        """Seconds until a request may go; 0 where it may go now: who then sends calls `send`."""
        if now < self.closed_until:
            return self.closed_until - now
        if self._probing and self._probed_at >= self.closed_until:
            sure_at = self._probed_at + min(max(3 * self._refusal_latency, _PROBE[0]), _PROBE[1])
            if now < sure_at:
                return sure_at - now
            self._open(now)  # it was not refused for long enough
        return max(self._next - now, 0.0)

    def send(self, now: float) -> float:
        """Take the next turn; returns the moment as `answered` and `refused` want it back."""
        if self._probing:
            self._probed_at = now
        idle = now - self._sent_at > 1.0 + 4 * self._latency + 1 / (self.pace or 1.0)
        if idle and not self._probing:  # nobody asked for a while: that is no pace
            self._opened, self._taken = now, 0
        self._sent_at = now
        self._taken += 1
        if self.pace is not None:
            self._next = max(self._next, now - 1 / self.pace) + 1 / self.pace
        return now

    def answered(self, sent: float, now: float) -> None:
        """Count a reply, or any other sign that the provider took the request."""
        self.met = True
        self._latency = now - sent if not self._latency else self._latency + (now - sent - self._latency) / 8
        if self._probing and self._probed_at >= self.closed_until and sent >= self._probed_at:
            self._open(now)
        if sent >= self._closed_at:
            self.refusing_since = None
        if sent >= self._opened:
            self._row = 0
        self._widen(now)
        if self.pace is not None and not self._probing:
            self._quicken(now)

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
        self._refusal_latency = now - sent
        if sent >= self._opened:
            self._taken -= 1
        need = math.ceil((self.pace or 0.0) * self._latency * _ROOM) + 1 if refusal.paced else 1
        self.width = min(max(in_flight, need), self.width)
        if sent < self._closed_at or now < self.closed_until:
            if refusal.wait is not None:
                self.closed_until = max(self.closed_until, now + refusal.wait)
            return False
        self._row += 1
        grown = min(FIRST_PAUSE * 2.0 ** min(self._row - 1, 20), LONGEST_PAUSE)
        # One that asks for no wait, or for one that is over before it takes requests again, is left longer alone.
        self.pause = grown if refusal.wait is None else max(refusal.wait, grown if self._row > 2 else 0.0)
        if self._row == 1:
            self._run_ended = now
        self._tries = self._row
        self._closed_at, self.closed_until = now, now + self.pause
        self._refused = self._refused or refusal.paced
        self._paced = refusal.paced
        self._probing = True
        self._since_refusal = 0
        return True

    @property
    def tries(self) -> int:
        """Pauses in a row since a request was taken."""
        return self._row

    @property
    def silent(self) -> float:
        """Seconds for which the provider will have taken no request when the gate opens next."""
        return 0.0 if self.refusing_since is None else self.closed_until - self.refusing_since

    def _open(self, now: float) -> None:
        """Begin a run, at the pace at which requests were taken of late."""
        self._probing = False
        self._taken -= 1  # the one that tried belongs to the new run
        if self._paced and self._taken > 0:
            self._learn(self._probed_at)
        if self.pace is not None:
            self._paces.append(self.pace)
            hold = min(_HOLD * (now - self._run_ended), _LONGEST_HOLD, self._known_from / self.pace)
            self._held_until = now + hold
            self._pause_of_run = now - self._run_ended
            self._next = self._probed_at + 1 / self.pace
        self._opened, self._taken = self._probed_at, 1

    def _learn(self, now: float) -> None:
        run, span = self._run_ended - self._opened, max(now - self._opened, 1e-3)
        self._look_back(now)
        less = self._tries > 2 and span - run > _SHARE_PAUSED * span
        last = [taken for _, taken in list(self._runs)[-_RUNS:]]
        seldom = sum(last) >= _SELDOM * len(last) and self._tries <= 2 and self.closed_until - self._run_ended < _SHORT
        if self.pace is None and seldom:
            return
        if self.pace is None or less:
            self.pace, self._at_once = self._taken / span, 0
            self._known_from = self._taken
            self._paces = deque(maxlen=max(min(self._taken, _LATE), 1))
        else:
            self._at_once = self._at_once + 1 if self._run_ended < self._held_until else 0
            back = min(_BACK_AT_ONCE * 2.0 ** (self._at_once - 1), _BACK_MOST) if self._at_once else _BACK
            if self._at_once <= 1:
                self._streak = (self._opened, 0)
            since, taken = self._streak
            self._streak = (since, taken + self._taken)
            fast = self._paces[0]
            self.pace = fast * (1 - back)
            if self._at_once > 1:  # soon after another: what was taken since the first shows what is allowed
                self.pace = max(min(self.pace, self._streak[1] / max(now - since, 1e-3)), fast / 2)
            self._known_from += self._taken
            self._paces.clear()
        if not less and self.pace < _KEPT * self._best:
            # So slow, and refused all the same, but seldom: it is not for the pace.
            self.pace = None if self._taken >= _SELDOM else _KEPT * self._best
            self._at_once = 0

    def _look_back(self, now: float) -> None:
        """Note the run that has ended, and the most that was taken a second over some time, pauses included."""
        if self.closed_until - self._run_ended >= _SHORT:
            self._runs.clear()
            self._best = 0.0
        self._runs.append((self._opened, self._taken))
        while now - self._runs[0][0] > OF_LATE and len(self._runs) > 1:
            self._runs.popleft()
        self._best = max(
            self._best * _FORGET, sum(taken for _, taken in self._runs) / max(OF_LATE, now - self._runs[0][0])
        )

    def _quicken(self, now: float) -> None:
        assert self.pace is not None
        if now >= self._held_until:
            guess = _GUESS / max(self._known_from, 1)
            growth = max(min(_GROWTH, _GUESS / 2 / (self._paces.maxlen or 1)), guess)
            growth = min(growth, max(guess, _GUESS / max(self._pause_of_run, 1e-3) / self.pace))
        else:
            growth = _GROWTH_HELD / max(self.pace * (self._held_until - self._opened), 1.0)
        self._paces.append(self.pace)
        self.pace *= 1 + growth

    def _widen(self, now: float) -> None:
        """Let more be under way: one for each reply at first, one now and then where the provider has refused."""
        self._since_refusal += 1
        if self.pace is None or (now >= self._held_until and self._since_refusal % _WIDENED == 0):
            self.width += 1
        if self.pace is not None:
            self.width = max(self.width, math.ceil(self.pace * self._latency * _ROOM) + 1)
        self.width = min(self.width, self._most)
