"""Shows where the asking stands: done, spent, time left."""

import logging
import time
from collections import Counter
from dataclasses import replace

from tqdm import tqdm

from hypnos.llm.requests import Answer
from hypnos.llm.sending.attempts import CUT, ONLY_REASONING
from hypnos.llm.sending.counts import Counts

log = logging.getLogger(__name__)

_EVERY = 30.0  # seconds between two lines where there is no terminal


class Progress:
    """A bar on a terminal, a line now and then elsewhere."""

    def __init__(self, what: str, total: int | None) -> None:
        self.what = what
        self._total = total
        self._done = self._unread = 0
        self._cut: Counter[str] = Counter()
        self._since = self._spoke = time.monotonic()
        self._bar: tqdm | None = None
        self._before = Counts()

    def begin(self, counts: Counts) -> None:
        """Remember what was done before, for other requests."""
        self._before = replace(counts, failures=counts.failures.copy())

    def step(self, answer: Answer, counts: Counts) -> None:
        """Count one answer."""
        self._done += 1
        self._unread += bool(answer.reason)
        if answer.reason in (CUT, ONLY_REASONING):
            self._cut[answer.reason] += 1
        if self._bar is None:
            self._since = self._spoke = time.monotonic()
            # disable=None: no bar where the output is not a terminal.
            self._bar = tqdm(desc=self.what, total=self._total, unit="", disable=None, dynamic_ncols=True, leave=False)
        self._bar.update()
        if self._done % 16 == 0:
            self.show(counts)

    def show(self, counts: Counts) -> None:
        """Show where it stands, at most every few seconds."""
        now = time.monotonic()
        if self._bar is not None and not self._bar.disable:
            self._bar.set_postfix_str(self._state(counts), refresh=False)
        elif now - self._spoke > _EVERY:
            self._spoke = now
            done = f"{self._done:,} of {self._total:,}" if self._total else f"{self._done:,}"
            log.info("%s: %s done, %s%s", self.what, done, self._state(counts), self._left(now))

    def close(self, counts: Counts) -> None:
        """End the bar and log what it came to."""
        if self._bar is not None:
            self._bar.close()
        if counts.sent > self._before.sent:
            log.info("%s: %s answered, %s", self.what, f"{self._done:,}", self._state(counts))
        if reasoned := self._cut[ONLY_REASONING]:
            log.warning(
                "%s: %s of %s replies ended at max_tokens with nothing but reasoning: raise parameters.max_tokens, or"
                " switch the model's thinking off",
                *(self.what, f"{reasoned:,}", f"{self._done:,}"),
            )
        if cut := self._cut[CUT]:
            log.warning(
                "%s: %s of %s replies were cut off at max_tokens and cannot be read: raise parameters.max_tokens",
                *(self.what, f"{cut:,}", f"{self._done:,}"),
            )

    def _state(self, counts: Counts) -> str:
        before = self._before
        again = counts.failures.total() - before.failures.total()
        parts = [f"${counts.cost - before.cost:.4f} spent", f"{counts.sent - before.sent:,} sent"]
        parts += [f"{again:,} of them failed"] if again else []
        parts += [f"{self._unread:,} set aside"] if self._unread else []
        parts += [f"at most {counts.pace:.3g} a second"] if counts.pace is not None else []
        return ", ".join(parts)

    def _left(self, now: float) -> str:
        if not self._total or not self._done:
            return ""
        left = (now - self._since) / self._done * (self._total - self._done)
        return f", {tqdm.format_interval(left)} left"
