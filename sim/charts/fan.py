"""One fan chart per target: bands of draws, what was observed, the target, its odds, the outside view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import Bbox

from sim.charts import style
from sim.charts.words import Lang, say

BAND_EDGES = {"90": ("q05", "q95"), "80": ("q10", "q90"), "50": ("q25", "q75")}
OBSERVED_LOOKS = (("o", style.BLACK), ("s", style.ORANGE), ("^", style.GREEN), ("v", style.PURPLE))

AXES_LEFT, AXES_RIGHT, AXES_TOP = 0.075, 0.69, 0.775
PANEL_LEFT, PANEL_WIDTH, PANEL_TOP = 0.728, 0.257, 0.81
LEFT, MARGIN = 0.03, 0.02
TICKS = 0.055
BASIS_LINES, SOURCE_LINES = 3, 2


@dataclass(frozen=True)
class Observed:
    """An observed series in the chart's unit; ``low`` and ``high`` hold 90 %, NaN where unknown."""

    name: str
    label: str
    years: np.ndarray
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class OutsideRange:
    """What 90 % of comparable countries reached by the target's year, in the chart's unit."""

    low: float
    high: float


@dataclass(frozen=True)
class Fan:
    """All that a fan chart shows; text is already in the chart's language.

    ``quantiles`` maps q05 ... q95 and mean to one value per year of ``years``. ``outside_odds`` says how
    often comparable countries did it, ``outside_basis`` on what that rests. ``inverted`` puts small values
    on top, as ranks are read.
    """

    id: str
    title: str
    subtitle: str
    unit: str
    years: np.ndarray
    quantiles: dict[str, np.ndarray]
    target_year: int
    target: float
    target_text: str
    odds_text: str
    odds_notes: Sequence[str]
    outside_odds: str
    outside_basis: str
    source: str
    first_projected: int
    last_observation: int | None = None
    observed: Sequence[Observed] = ()
    outside: OutsideRange | None = None
    inverted: bool = False

    def frame(self) -> pd.DataFrame:
        """The chart's numbers, one row per year."""
        frame = pd.DataFrame({"year": self.years.astype(int), **self.quantiles}).set_index("year")
        for series in self.observed:
            for suffix, values in (("", series.values), ("_low", series.low), ("_high", series.high)):
                frame[f"{series.name}{suffix}"] = pd.Series(values, index=series.years.astype(int))
        frame["target"] = pd.Series([self.target], index=[self.target_year])
        if self.outside is not None:
            frame["outside_view_low"] = pd.Series([self.outside.low], index=[self.target_year])
            frame["outside_view_high"] = pd.Series([self.outside.high], index=[self.target_year])
        return frame.reset_index()


def fan_chart(fan: Fan, lang: Lang = "en") -> Figure:
    """Draw ``fan`` on a 1920 x 1080 figure."""
    with style.chart_style():
        figure = style.new_figure()
        bottom = _write_frame(figure, fan, lang) + TICKS
        axes = figure.add_axes((AXES_LEFT, bottom, AXES_RIGHT - AXES_LEFT, AXES_TOP - bottom))
        _draw_bands(axes, fan)
        _draw_observed(axes, fan)
        _draw_target(axes, fan)
        _set_axes(axes, fan, lang)
        _write_panel(figure, fan, lang)
        _write_legend(figure, fan, lang, bottom)
        _mark_last_observation(axes, fan, lang)
        _write_target(axes, fan, lang)
    return figure


def _draw_bands(axes: Axes, fan: Fan) -> None:
    for band, (low, high) in BAND_EDGES.items():
        axes.fill_between(
            fan.years, fan.quantiles[low], fan.quantiles[high], color=style.BANDS[band], linewidth=0, zorder=1
        )
    axes.plot(fan.years, fan.quantiles["q50"], color=style.BLUE, linewidth=3, zorder=3)


def _errors(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.nan_to_num(np.vstack([values - low, high - values]))


def _draw_observed(axes: Axes, fan: Fan) -> None:
    for series, (marker, colour) in zip(fan.observed, OBSERVED_LOOKS, strict=False):
        axes.errorbar(
            series.years,
            series.values,
            yerr=_errors(series.values, series.low, series.high),
            fmt=marker,
            color=colour,
            markersize=9,
            markeredgecolor="white",
            elinewidth=2,
            capsize=4,
            zorder=4,
        )


def _draw_target(axes: Axes, fan: Fan) -> None:
    axes.axhline(fan.target, color=style.VERMILLION, linewidth=1.5, linestyle=(0, (6, 4)), zorder=2)
    axes.plot(
        [fan.target_year],
        [fan.target],
        "D",
        color=style.VERMILLION,
        markersize=15,
        zorder=6,
        markeredgecolor="white",
        markeredgewidth=1.5,
    )
    if fan.outside is not None:
        middle = (fan.outside.low + fan.outside.high) / 2
        axes.errorbar(
            [fan.target_year + _side_step(fan)],
            [middle],
            yerr=[[middle - fan.outside.low], [fan.outside.high - middle]],
            fmt="none",
            ecolor=style.VIOLET,
            elinewidth=5,
            capsize=9,
            capthick=4,
            zorder=5,
        )


def _side_step(fan: Fan) -> float:
    """Years by which the outside view stands to the right of its year, so as not to hide the fan."""
    return (fan.years[-1] - fan.years[0]) * 0.018


def _extent(fan: Fan) -> tuple[float, float]:
    parts = [fan.quantiles["q05"], fan.quantiles["q95"]]
    for series in fan.observed:
        parts += [series.values, series.low, series.high]
    parts.append(np.array([fan.target]))
    if fan.outside is not None:
        parts.append(np.array([fan.outside.low, fan.outside.high]))
    values = np.concatenate([np.asarray(part, float) for part in parts])
    values = values[np.isfinite(values)]
    return float(values.min()), float(values.max())


def _set_axes(axes: Axes, fan: Fan, lang: Lang) -> None:
    low, high = _extent(fan)
    spread = (high - low) or abs(high) or 1.0
    bottom = 0.0 if 0 <= low < 0.6 * high else low - 0.08 * spread
    top = high + 0.12 * (high - bottom)
    if fan.inverted:
        bottom = 1.0 - 0.05 * (high - 1.0)
        axes.set_ylim(top, bottom)
    else:
        axes.set_ylim(bottom, top)
    axes.set_xlim(fan.years[0] - 0.5, fan.years[-1] + 0.04 * (fan.years[-1] - fan.years[0]))
    axes.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10], integer=fan.inverted))
    ticks = axes.get_yticks()
    if fan.inverted:
        ticks = np.array([1.0, *ticks[(ticks > 1) & (ticks < top)]])
        axes.set_yticks(ticks)
        ticks = ticks[1:]
    step = float(ticks[1] - ticks[0])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: style.tick_label(value, step, lang)))
    axes.set_xticks(np.arange(5 * np.ceil(fan.years[0] / 5), fan.years[-1] + 1, 5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    if fan.unit:
        axes.annotate(
            fan.unit,
            (0, 1),
            xycoords="axes fraction",
            xytext=(-8, 8),
            textcoords="offset points",
            ha="left",
            va="bottom",
            fontsize=style.SMALL,
            color=style.GREY,
        )
    axes.grid(axis="y", color=style.PALE, linewidth=1)
    axes.set_axisbelow(True)


def _write_frame(figure: Figure, fan: Fan, lang: Lang) -> float:
    """Title and subtitle above; outside view and source below, the height of which is returned."""
    width = 1 - LEFT - MARGIN
    size = style.fit_size(fan.title, style.TITLE, style.HEAD, width, "bold")
    title = style.wrap_title(fan.title, size, width)
    figure.text(LEFT, 0.968, title, fontsize=size, fontweight="bold", va="top", linespacing=1.15)
    small = style.fit_size(fan.subtitle, style.LEAD, style.SMALL, width)
    subtitle = style.wrap(fan.subtitle, small, width, lines=1)
    under = 0.968 - style.line_height(size) * (title.count("\n") + 1)
    figure.text(LEFT, under, subtitle, fontsize=small, color=style.GREY, va="top")
    height = MARGIN
    for text, lines in (
        (f"{say('source', lang)}: {fan.source}", SOURCE_LINES),
        (fan.outside_basis, BASIS_LINES),
    ):
        if text:
            rows = style.wrap(text, style.SMALL, width, lines=lines)
            figure.text(
                LEFT, height, rows, fontsize=style.SMALL, color=style.GREY, va="bottom", linespacing=1.25
            )
            height += style.line_height(style.SMALL, 1.3) * (rows.count("\n") + 1)
    return height


def _write_panel(figure: Figure, fan: Fan, lang: Lang) -> None:
    """The column to the right: the odds in large type, beside them how often others did it."""
    y = PANEL_TOP

    def put(
        text: str, size: float, *, weight: str = "normal", colour: str = style.GREY, gap: float = 0.0
    ) -> None:
        nonlocal y
        y -= gap
        rows = style.wrap(text, size, PANEL_WIDTH, weight)
        figure.text(
            PANEL_LEFT, y, rows, fontsize=size, fontweight=weight, color=colour, va="top", linespacing=1.25
        )
        y -= style.line_height(size) * (rows.count("\n") + 1)

    put(say("chance", lang), style.BODY, weight="bold", colour=style.INK)
    size = style.fit_size(fan.odds_text, style.HUGE, style.LEAD, PANEL_WIDTH, "bold")
    put(fan.odds_text, size, weight="bold", colour=style.VERMILLION)
    for note in fan.odds_notes:
        put(note, style.SMALL)
    put(say("outside_view", lang), style.BODY, weight="bold", colour=style.INK, gap=0.018)
    put(
        fan.outside_odds,
        style.TITLE if fan.outside_basis else style.SMALL,
        weight="bold",
        colour=style.VIOLET,
    )


def _write_legend(figure: Figure, fan: Fan, lang: Lang, bottom: float) -> None:
    width = PANEL_WIDTH - 0.05
    bands = tuple(Patch(color=style.BANDS[band]) for band in ("50", "80", "90"))
    handles: list[Any] = [Line2D([], [], color=style.BLUE, linewidth=3), bands]
    labels = [say("median", lang), say("bands", lang)]
    for series, (marker, colour) in zip(fan.observed, OBSERVED_LOOKS, strict=False):
        handles.append(Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=9))
        labels.append(series.label)
    if fan.outside is not None:
        handles.append(Line2D([], [], color=style.VIOLET, linewidth=5))
        labels.append(say("outside_range", lang))
    figure.legend(
        handles,
        [style.wrap(label, style.SMALL, width) for label in labels],
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
        loc="lower left",
        bbox_to_anchor=(PANEL_LEFT - 0.008, bottom - TICKS + 0.01),
        frameon=False,
        fontsize=style.SMALL,
        handlelength=2.2,
        borderpad=0,
        labelspacing=0.35,
    )


def _mark_last_observation(axes: Axes, fan: Fan, lang: Lang) -> None:
    x: float
    if fan.last_observation is not None:
        x, words = fan.last_observation, say("last_observation", lang, year=fan.last_observation)
    else:
        x, words = fan.first_projected - 0.5, say("projected_from", lang, year=fan.first_projected)
    axes.axvline(x, color=style.GREY, linewidth=1.5, linestyle=":", zorder=2)
    span = axes.get_window_extent()
    centre = (axes.transData.transform((x, 0))[0] - span.x0) / span.width
    half = style.text_width(words, style.SMALL) / (AXES_RIGHT - AXES_LEFT) / 2
    taken = style.text_width(fan.unit, style.SMALL) / (AXES_RIGHT - AXES_LEFT) + 0.02
    axes.annotate(
        words,
        (max(centre, taken + half), 1),
        xycoords="axes fraction",
        xytext=(0, 8),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=style.SMALL,
        color=style.GREY,
    )


def _write_target(axes: Axes, fan: Fan, lang: Lang) -> None:
    """Name the target and its chance beside the mark, at the place where least is covered."""
    lines = [f"{say('target', lang)} {fan.target_text}", f"{say('chance_short', lang)} {fan.odds_text}"]
    width = max(style.text_width(line, style.BODY, "bold") for line in lines) * style.WIDTH * style.DPI
    height = style.line_height(style.BODY) * len(lines) * style.HEIGHT * style.DPI
    occupied = _Occupied(axes, fan)
    centres = [
        (dx, dy)
        for dy in (1, -1, 1.8, -1.8, 2.6, -2.6, 3.4, -3.4, 4.2, -4.2, 5, -5)
        for dx in (-0.55, 0.62, 0, -1.1, -1.7)
    ]
    mark_x, mark_y = axes.transData.transform((fan.target_year, fan.target))

    def box(dx: float, dy: float) -> Bbox:
        x, y = mark_x + dx * width, mark_y + dy * 0.8 * height
        return Bbox.from_bounds(x - width / 2, y - height / 2, width, height)

    dx, dy = min(centres, key=lambda centre: occupied.by(box(*centre)))
    x, y = axes.transAxes.inverted().transform(
        ((box(dx, dy).x0 + box(dx, dy).x1) / 2, mark_y + dy * 0.8 * height)
    )
    away = abs(dy) > 1 or abs(dx) > 0.7
    leader = {"arrowstyle": "-", "color": style.VERMILLION, "linewidth": 1.5, "shrinkA": 2, "shrinkB": 9}
    axes.annotate(
        "\n".join(lines),
        (fan.target_year, fan.target),
        xytext=(x, y),
        textcoords="axes fraction",
        ha="center",
        va="center",
        fontsize=style.BODY,
        fontweight="bold",
        color=style.VERMILLION,
        linespacing=1.2,
        zorder=7,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2},
        arrowprops=leader if away else None,
    )


class _Occupied:
    """What of the picture a box would hide, in pixels."""

    def __init__(self, axes: Axes, fan: Fan):
        to_pixels = axes.transData.transform
        self.area = axes.get_window_extent()
        fine = np.linspace(fan.years[0], fan.years[-1], 40 * len(fan.years))
        low, high = (
            to_pixels(np.column_stack([fine, np.interp(fine, fan.years, fan.quantiles[q])]))
            for q in ("q05", "q95")
        )
        self.x = low[:, 0]
        self.bottom, self.top = np.minimum(low[:, 1], high[:, 1]), np.maximum(low[:, 1], high[:, 1])
        marks = [np.column_stack([s.years, v]) for s in fan.observed for v in (s.values, s.low, s.high)]
        marks.append(np.array([[fan.target_year, fan.target]], dtype=float))
        if fan.outside is not None:
            bar = np.linspace(fan.outside.low, fan.outside.high, 30)
            marks.append(np.column_stack([np.full(bar.size, fan.target_year + _side_step(fan)), bar]))
        points = np.concatenate(marks)
        self.points = to_pixels(points[np.isfinite(points).all(axis=1)])
        self.lines_x = to_pixels((fan.last_observation or fan.first_projected - 0.5, 0))[0]
        self.lines_y = to_pixels((fan.years[0], fan.target))[1]

    def by(self, box: Bbox) -> float:
        """How much ``box`` hides; a great deal when it leaves the axes."""
        box = box.padded(8)
        hidden = 1e6 * (
            box.x0 < self.area.x0 or box.x1 > self.area.x1 or box.y0 < self.area.y0 or box.y1 > self.area.y1
        )
        across = (self.x > box.x0) & (self.x < box.x1)
        depth = np.minimum(self.top, box.y1) - np.maximum(self.bottom, box.y0)
        hidden += float(np.nansum(np.where(across & (depth > 0), depth + 20, 0)))
        x, y = self.points.T
        hidden += 3000.0 * float(((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)).sum())
        hidden += 800.0 * (box.x0 < self.lines_x < box.x1)
        return hidden + 800.0 * (box.y0 < self.lines_y < box.y1)
