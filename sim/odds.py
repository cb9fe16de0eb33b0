"""A probability estimated from draws, with its sampling interval and its failed draws, never 0 and never 1.

The interval is the exact one of Clopper and Pearson (1934), which holds near 0 and 1 where the normal
approximation collapses. Nothing in a finite number of draws makes an event impossible: an event seen in
none of N draws is reported as "< 3/N", the rule of three (Hanley and Lippman-Hand 1983), the upper end of
a one-sided 95 % interval. A draw that failed is never dropped: the lower end counts it as a miss, the
upper end as a hit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.errors import InputError, Problem

LEVELS = (0.90, 0.95)
DEFAULT_LEVEL = 0.95
RULE_OF_THREE = 3


def exact_interval(successes: int, trials: int, level: float = DEFAULT_LEVEL) -> tuple[float, float]:
    """Clopper-Pearson interval of a binomial probability: ``successes`` of ``trials`` at ``level``.

    Covers the true probability in at least ``level`` of repetitions, whatever that probability is.
    (0, 1) when there are no trials.
    """
    # scipy.special takes about as long to load as a run of the model: only who asks for odds pays
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, trials - successes + 1, tail))
    high = 1.0 if successes == trials else float(betaincinv(successes + 1, trials - successes, 1 - tail))
    return low, high


@dataclass(frozen=True)
class Odds:
    """``successes`` in ``draws`` draws of which ``failed`` gave no answer.

    ``low`` and ``high`` hold the exact interval at ``level``, widened by the failed draws. Raises
    :class:`~sim.errors.InputError` when the counts cannot be or the level is not 0.90 or 0.95.
    """

    successes: int
    draws: int
    failed: int = 0
    level: float = DEFAULT_LEVEL

    def __post_init__(self) -> None:
        problems = []
        if self.draws < 1:
            problems.append(Problem("no draws, no odds", where="draws", value=self.draws, bound="at least 1"))
        elif not 0 <= self.failed <= self.draws:
            problems.append(Problem("impossible count of failed draws", where="failed", value=self.failed))
        elif not 0 <= self.successes <= self.draws - self.failed:
            problems.append(Problem("impossible count of successes", where="successes", value=self.successes))
        if self.level not in LEVELS:
            problems.append(Problem("unknown level", where="level", value=self.level, bound="0.90 or 0.95"))
        if problems:
            raise InputError(problems)

    @property
    def answered(self) -> int:
        """Draws that gave an answer."""
        return self.draws - self.failed

    @property
    def probability(self) -> float:
        """Share of the draws that gave an answer; NaN when none did.

        Where that share is 0 or 1 the mean of the Jeffreys posterior stands in for it, (k + 1/2)/(n + 1),
        so that the number grows with every success and never claims certainty.
        """
        n, k = self.answered, self.successes
        if n == 0:
            return math.nan
        return k / n if 0 < k < n else (k + 0.5) / (n + 1)

    @property
    def low(self) -> float:
        """Lower end of the interval, every failed draw counted as a miss."""
        return exact_interval(self.successes, self.draws, self.level)[0]

    @property
    def high(self) -> float:
        """Upper end of the interval, every failed draw counted as a hit."""
        return exact_interval(self.successes + self.failed, self.draws, self.level)[1]

    def text(self, lang: str = "en") -> str:
        """The probability as people read it: "37 %", "0.4 %", "< 3/1000", "> 1 - 3/1000"."""
        if self.answered == 0:
            return "?"
        if 0 < self.successes < self.answered:
            return percent_text(self.probability, lang)
        if self.draws <= RULE_OF_THREE:
            joined = "trong" if lang == "vi" else "of"
            return f"{self.successes} {joined} {self.draws}"
        if self.failed:
            # the rule of three knows no failed draws, the exact interval does
            if self.successes == 0:
                return f"< {percent_text(self.high, lang)}"
            return f"> {percent_text(self.low, lang)}"
        bound = f"{RULE_OF_THREE}/{self.draws}"
        return f"< {bound}" if self.successes == 0 else f"> 1 - {bound}"

    def interval_text(self, lang: str = "en") -> str:
        """The interval as people read it: "34–40 %"."""
        low, high = percent_text(self.low, lang), percent_text(self.high, lang)
        return f"{low.removesuffix(' %')}\u2013{high}"


def percent_text(share: float, lang: str = "en") -> str:
    """``share`` in percent: whole percents, near 0 and 1 as many decimals as keep it off them.

    Decimal comma in Vietnamese.
    """
    percent = 100 * share
    margin = min(percent, 100 - percent)
    decimals = 0 if margin >= 1 or margin <= 0 else math.ceil(-math.log10(margin))
    text = f"{percent:.{decimals}f}"
    return f"{text.replace('.', ',') if lang == 'vi' else text} %"
