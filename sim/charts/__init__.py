"""What people look at: fan charts per target, the odds of all targets, the causal graph.

Every chart is drawn from a small data class (:class:`sim.charts.fan.Fan`,
:class:`sim.charts.odds.OddsRow`) so that the picture and the CSV beside it hold the same numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sim.charts.words import Lang
    from sim.results import Results


def draw_all(results: Results, folder: str | Path, lang: Lang = "en") -> list[Path]:
    """Write every chart of ``results`` into ``folder``, each as PNG with its numbers as CSV beside it.

    One fan chart per assessed target whose year is reported, named by the target, and the odds of all
    targets as odds.png (odds_1.png, odds_2.png ... when one slide does not hold them). Returns what was
    written. Raises InputError for a run read from its folder, which holds no draws, and OSError when
    ``folder`` cannot be written.
    """
    from sim.charts.drawing import draw

    return draw(results, folder, lang)
