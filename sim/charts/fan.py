"""One fan chart per target indicator: bands of draws, what was observed, the target, its odds, the outside view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator

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
    """An observed series in the chart's unit; ``low`` and ``high`` (NaN when the error is unknown) hold 90 %."""

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
    target: float | None
    target_text: str
    odds_text: str
    odds_notes: Sequence[str]
    outside_odds: str
    outside_basis: str
    source: str
    last_observation: int
    observed: Sequence[Observed] = ()
    outside: OutsideRange | None = None
    inverted: bool = False

    def frame(self) -> pd.DataFrame:
        """The chart's numbers, one row per year."""
        frame = pd.DataFrame({"year": self.years.astype(int), **self.quantiles}).set_index("year")
        for series in self.observed:
            for suffix, values in (("", series.values), ("_low", series.low), ("_high", series.high)):
                frame[f"{series.name}{suffix}"] = pd.Series(values, index=series.years.astype(int))
        if self.target is not None:
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
    if fan.target is not None:
        axes.axhline(fan.target, color=style.VERMILLION, linewidth=1.5, linestyle=(0, (6, 4)), zorder=2)
        axes.plot([fan.target_year], [fan.target], "D", color=style.VERMILLION, markersize=15, zorder=6,
                  markeredgecolor="white", markeredgewidth=1.5)
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
    if fan.target is not None:
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
            fan.unit, (0, 1), xycoords="axes fraction", xytext=(-8, 8), textcoords="offset points",
            ha="left", va="bottom", fontsize=style.SMALL, color=style.GREY,
        )
    axes.grid(axis="y", color=style.PALE, linewidth=1)
    axes.set_axisbelow(True)


def _write_frame(figure: Figure, fan: Fan, lang: Lang) -> float:
    """Title and subtitle above; outside view and source below, the height of which is returned."""
    width = 1 - LEFT - MARGIN
    size = style.fit_size(fan.title, style.TITLE, style.HEAD, width, "bold")
    title = style.wrap_title(fan.title, size, width)
    figure.text(LEFT, 0.968, title, fontsize=size, fontweight="bold", va="top", linespacing=1.15)
    subtitle = style.wrap(fan.subtitle, style.LEAD, width, lines=1)
    under = 0.968 - style.line_height(size) * (title.count("\n") + 1)
    figure.text(LEFT, under, subtitle, fontsize=style.LEAD, color=style.GREY, va="top")
    height = MARGIN
    for text, lines in ((f"{say('source', lang)}: {fan.source}", SOURCE_LINES), (fan.outside_basis, BASIS_LINES)):
        if text:
            rows = style.wrap(text, style.SMALL, width, lines=lines)
            figure.text(LEFT, height, rows, fontsize=style.SMALL, color=style.GREY, va="bottom", linespacing=1.25)
            height += style.line_height(style.SMALL, 1.3) * (rows.count("\n") + 1)
    return height


def _write_panel(figure: Figure, fan: Fan, lang: Lang) -> None:
    """The column to the right: the odds in large type, beside them how often others did it."""
    y = PANEL_TOP

    def put(text: str, size: float, *, weight: str = "normal", colour: str = style.GREY, gap: float = 0.0) -> None:
        nonlocal y
        y -= gap
        rows = style.wrap(text, size, PANEL_WIDTH, weight)
        figure.text(PANEL_LEFT, y, rows, fontsize=size, fontweight=weight, color=colour, va="top", linespacing=1.25)
        y -= style.line_height(size) * (rows.count("\n") + 1)

    put(say("chance", lang), style.BODY, weight="bold", colour=style.INK)
    size = style.fit_size(fan.odds_text, style.HUGE, style.LEAD, PANEL_WIDTH, "bold")
    put(fan.odds_text, size, weight="bold", colour=style.VERMILLION)
    for note in fan.odds_notes:
        put(note, style.SMALL)
    put(say("outside_view", lang), style.BODY, weight="bold", colour=style.INK, gap=0.018)
    put(fan.outside_odds, style.TITLE if fan.outside_basis else style.SMALL, weight="bold", colour=style.VIOLET)


def _write_legend(figure: Figure, fan: Fan, lang: Lang, bottom: float) -> None:
    width = PANEL_WIDTH - 0.05
    bands = tuple(Patch(color=style.BANDS[band]) for band in ("50", "80", "90"))
    handles: list[object] = [Line2D([], [], color=style.BLUE, linewidth=3), bands]
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
    axes.axvline(fan.last_observation, color=style.GREY, linewidth=1.5, linestyle=":", zorder=2)
    axes.annotate(
        say("last_observation", lang, year=fan.last_observation),
        (fan.last_observation, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 8),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=style.SMALL,
        color=style.GREY,
    )


def _write_target(axes: Axes, fan: Fan, lang: Lang) -> None:
    """Name the target and its chance beside the mark, at the first place where nothing is covered."""
    if fan.target is None:
        return
    text = f"{say('target', lang)} {fan.target_text}\n{say('chance_short', lang)} {fan.odds_text}"
    places = [
        (dx, dy, ha, "bottom" if dy > 0 else "top")
        for dy in (12, -12, 70, -70, 130, -130, 190, -190, 250, -250)
        for dx, ha in ((-6, "right"), (14, "left"), (40, "center"), (-130, "right"))
    ]
    best: Text | None = None
    best_cover = np.inf
    for dx, dy, ha, va in places:
        label = axes.annotate(
            text,
            (fan.target_year, fan.target),
            arrowprops=_leader(dx, dy),
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 3},
            xytext=(dx, dy),
            textcoords="offset points",
            ha=ha,
            va=va,
            fontsize=style.BODY,
            fontweight="bold",
            color=style.VERMILLION,
            linespacing=1.2,
            zorder=7,
        )
        cover = _covered(axes, label, fan)
        if cover < best_cover:
            if best is not None:
                best.remove()
            best, best_cover = label, cover
        else:
            label.remove()
        if best_cover == 0:
            return


def _leader(dx: float, dy: float) -> dict[str, object] | None:
    """A thin line from a label that stands away from its mark."""
    if abs(dx) + abs(dy) < 60:
        return None
    return {"arrowstyle": "-", "color": style.VERMILLION, "linewidth": 1.5, "shrinkA": 4, "shrinkB": 10}


def _covered(axes: Axes, label: Text, fan: Fan) -> float:
    """How much of the picture ``label`` would hide, in points drawn; infinite outside the axes."""
    box = Text.get_window_extent(label).padded(6)  # without the leader
    area = axes.get_window_extent()
    if box.x0 < area.x0 or box.x1 > area.x1 or box.y0 < area.y0 or box.y1 > area.y1:
        return np.inf
    fine = np.linspace(fan.years[0], fan.years[-1], 40 * len(fan.years))
    edges = np.vstack([np.interp(fine, fan.years, fan.quantiles[q]) for q in ("q05", "q95")])
    pixels = [axes.transData.transform(np.column_stack([fine, edge])) for edge in edges]
    bottom = np.minimum(pixels[0][:, 1], pixels[1][:, 1])
    top = np.maximum(pixels[0][:, 1], pixels[1][:, 1])
    across = (pixels[0][:, 0] > box.x0) & (pixels[0][:, 0] < box.x1)
    hidden = float(np.sum(across & (bottom < box.y1) & (top > box.y0)))
    marks = [np.column_stack([s.years, v]) for s in fan.observed for v in (s.values, s.low, s.high)]
    if fan.outside is not None:
        x = fan.target_year + _side_step(fan)
        marks.append(np.column_stack([np.full(30, x), np.linspace(fan.outside.low, fan.outside.high, 30)]))
    mark_x = axes.transData.transform((fan.target_year, fan.target))
    points = [axes.transData.transform(mark[np.isfinite(mark).all(axis=1)]) for mark in marks]
    points.append(mark_x[None, :] + np.array([[0, 0], [14, 14], [-14, -14]]))
    last = axes.transData.transform((fan.last_observation, 0))[0]
    hidden += 20.0 * (box.x0 < last < box.x1)
    hidden += 20.0 * (box.y0 < mark_x[1] < box.y1)
    for xy in points:
        inside = (xy[:, 0] > box.x0) & (xy[:, 0] < box.x1) & (xy[:, 1] > box.y0) & (xy[:, 1] < box.y1)
        hidden += 50.0 * float(inside.sum())
    return hidden
