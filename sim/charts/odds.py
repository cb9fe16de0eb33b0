"""All targets on a slide: the chance of each with its interval, beside how often others did it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.charts import style
from sim.charts.data import outside_text, unbroken
from sim.charts.words import STATUS, Lang, choose, say

if TYPE_CHECKING:
    from sim.results import Results
    from sim.targets import TargetOdds

AXES_LEFT, AXES_RIGHT, AXES_TOP, AXES_BOTTOM = 0.5, 0.77, 0.815, 0.2
TEXT_LEFT = 0.035
CHANCE_RIGHT, OUTSIDE_RIGHT = 0.885, 0.985
MOST_ROWS = 10


@dataclass(frozen=True)
class OddsRow:
    """One target: probabilities between 0 and 1; ``outside_*`` is None where it is not estimated."""

    id: str
    code: str
    label: str
    year: int
    probability: float
    low: float
    high: float
    text: str
    status: str
    outside_low: float | None
    outside_high: float | None
    outside_text: str


def odds_rows(results: Results, lang: Lang = "en") -> list[OddsRow]:
    """The assessed targets by year, in the order of the country's list, joint ones last."""
    found = [_row(t, lang) for t in results.targets() if t.odds is not None and t.probability is not None]
    return sorted(found, key=lambda row: row.year)


def _row(target: TargetOdds, lang: Lang) -> OddsRow:
    assert target.odds is not None
    view = target.outside_view or {}
    low, high = view.get("low"), view.get("high")
    return OddsRow(
        target.id,
        target.code,
        unbroken(choose(target.label, target.label_vi, lang)),
        target.year,
        target.odds.probability,
        target.odds.low,
        target.odds.high,
        unbroken(target.text(lang)),
        choose(*STATUS[target.status], lang),
        low,
        high,
        outside_text(low, high, lang) if low is not None and high is not None else "\u2013",
    )


def odds_frame(rows: Sequence[OddsRow]) -> pd.DataFrame:
    """The chart's numbers, one row per target."""
    return pd.DataFrame([vars(row) for row in rows])


def pages(rows: Sequence[OddsRow]) -> list[list[OddsRow]]:
    """The rows in as few slides of at most :data:`MOST_ROWS` as it takes, evenly filled."""
    count = -(-len(rows) // MOST_ROWS)
    size = -(-len(rows) // max(count, 1))
    return [list(rows[k : k + size]) for k in range(0, len(rows), size)] if rows else []


def odds_chart(
    rows: Sequence[OddsRow], title: str, not_assessed: Sequence[str] = (), lang: Lang = "en", page: str = ""
) -> Figure:
    """Draw ``rows``, at most :data:`MOST_ROWS`, on a 1920 x 1080 figure.

    ``not_assessed`` lists the codes of the targets the model cannot speak about; ``page`` stands after the
    heading ("1/2").
    """
    with style.chart_style():
        figure = style.new_figure()
        heading = f"{say('odds_title', lang)} \u2013 {title}" + (f" ({page})" if page else "")
        size = style.fit_size(heading, style.TITLE, style.HEAD, 1 - TEXT_LEFT - 0.02, "bold")
        figure.text(
            TEXT_LEFT,
            0.965,
            style.wrap_title(heading, size, 1 - TEXT_LEFT - 0.02),
            fontsize=size,
            fontweight="bold",
            va="top",
            linespacing=1.15,
        )
        axes = figure.add_axes((AXES_LEFT, AXES_BOTTOM, AXES_RIGHT - AXES_LEFT, AXES_TOP - AXES_BOTTOM))
        _draw_rows(axes, rows)
        _set_axes(axes, rows)
        _write_rows(figure, axes, rows, lang)
        _write_foot(figure, not_assessed, lang)
    return figure


def _draw_rows(axes: Axes, rows: Sequence[OddsRow]) -> None:
    for k, row in enumerate(rows):
        if row.outside_low is not None and row.outside_high is not None:
            low, high = 100 * row.outside_low, 100 * row.outside_high
            axes.plot(
                [low, high], [k + 0.2] * 2, color=style.VIOLET, linewidth=5, solid_capstyle="round", zorder=3
            )
            axes.plot(
                [(low + high) / 2],
                [k + 0.2],
                "D",
                color=style.VIOLET,
                markersize=9,
                zorder=4,
                markeredgecolor="white",
                clip_on=False,
            )
        axes.plot(
            [100 * row.low, 100 * row.high],
            [k - 0.17] * 2,
            color=style.BLUE,
            linewidth=5,
            zorder=3,
            solid_capstyle="round",
        )
        axes.plot(
            [100 * row.probability],
            [k - 0.17],
            "o",
            color=style.BLUE,
            markersize=13,
            zorder=5,
            markeredgecolor="white",
            clip_on=False,
        )


def _set_axes(axes: Axes, rows: Sequence[OddsRow]) -> None:
    axes.set_xlim(0, 100)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.tick_top()
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks(range(0, 101, 25), [f"{share}\u00a0%" for share in range(0, 101, 25)])
    axes.tick_params(axis="x", length=0, pad=6)
    axes.grid(axis="x", color=style.PALE, linewidth=1)
    for k in range(1, len(rows)):
        axes.axhline(k - 0.5, color=style.PALE, linewidth=1)
    axes.set_axisbelow(True)


def _write_rows(figure: Figure, axes: Axes, rows: Sequence[OddsRow], lang: Lang) -> None:
    step = (AXES_TOP - AXES_BOTTOM) / max(len(rows), 1)
    code_width = max(style.text_width(row.code, style.SMALL, "bold") for row in rows) + 0.012
    head = AXES_TOP + 0.012
    for x, key, colour in (
        (CHANCE_RIGHT, "chance_short", style.BLUE),
        (OUTSIDE_RIGHT, "outside_short", style.VIOLET),
    ):
        figure.text(
            x, head, say(key, lang), fontsize=style.SMALL, fontweight="bold", color=colour, ha="right"
        )
    left = TEXT_LEFT + code_width
    for k, row in enumerate(rows):
        y = AXES_TOP - (k + 0.5) * step
        label = f"{row.label}, {row.year}" + (f" ({row.status})" if row.status else "")
        text = style.wrap(label, style.SMALL, AXES_LEFT - 0.025 - left, lines=2)
        figure.text(TEXT_LEFT, y, row.code, fontsize=style.SMALL, fontweight="bold", va="center")
        figure.text(left, y, text, fontsize=style.SMALL, va="center", linespacing=1.05)
        figure.text(
            CHANCE_RIGHT,
            y,
            row.text,
            fontsize=style.BODY,
            fontweight="bold",
            va="center",
            ha="right",
            color=style.BLUE,
        )
        figure.text(
            OUTSIDE_RIGHT,
            y,
            row.outside_text,
            fontsize=style.BODY,
            va="center",
            ha="right",
            color=style.VIOLET,
        )


def _write_foot(figure: Figure, not_assessed: Sequence[str], lang: Lang) -> None:
    handles = [
        Line2D([], [], color=style.BLUE, marker="o", markersize=12, linewidth=5, markeredgecolor="white"),
        Line2D([], [], color=style.VIOLET, marker="D", markersize=9, linewidth=5, markeredgecolor="white"),
    ]
    figure.legend(
        handles,
        [say("model_chance", lang), say("outside_chance", lang)],
        loc="lower left",
        bbox_to_anchor=(TEXT_LEFT - 0.008, 0.085),
        frameon=False,
        fontsize=style.SMALL,
        borderpad=0,
        labelspacing=0.35,
    )
    if not_assessed:
        note = say("not_assessed_count", lang, count=len(not_assessed), codes=", ".join(not_assessed))
        rows = style.wrap(note, style.SMALL, 1 - TEXT_LEFT - 0.02, lines=2)
        figure.text(
            TEXT_LEFT, 0.018, rows, fontsize=style.SMALL, color=style.GREY, va="bottom", linespacing=1.2
        )
