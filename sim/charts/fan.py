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

QUANTILES = {"q05": 0.05, "q10": 0.10, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q90": 0.90, "q95": 0.95}
BAND_EDGES = {"90": ("q05", "q95"), "80": ("q10", "q90"), "50": ("q25", "q75")}
OBSERVED_LOOKS = (("o", style.BLACK), ("s", style.ORANGE), ("^", style.GREEN), ("v", style.PURPLE))

AXES = (0.075, 0.165, 0.615, 0.625)
PANEL_LEFT, PANEL_WIDTH, PANEL_TOP = 0.728, 0.257, 0.815
MARGIN = 0.02


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
class OutsideView:
    """What comparable countries did: the 90 % range of the indicator in ``year``, in the chart's unit."""

    year: int
    low: float
    high: float


@dataclass(frozen=True)
class Fan:
    """All that a fan chart shows; text is already in the chart's language.

    ``quantiles`` maps q05 ... q95 to one value per year of ``years``. ``target`` is None when the target
    is not a value of the indicator drawn (a rank behind a score). ``inverted`` puts small values on top.
    """

    id: str
    title: str
    subtitle: str
    years: np.ndarray
    quantiles: dict[str, np.ndarray]
    target_year: int
    target: float | None
    target_text: str
    odds_text: str
    odds_notes: Sequence[str]
    outside_text: str
    source: str
    last_observation: int
    observed: Sequence[Observed] = ()
    outside: OutsideView | None = None
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
            frame["outside_view_low"] = pd.Series([self.outside.low], index=[self.outside.year])
            frame["outside_view_high"] = pd.Series([self.outside.high], index=[self.outside.year])
        return frame.reset_index()


def fan_chart(fan: Fan, lang: Lang = "en") -> Figure:
    """Draw ``fan`` on a 1920 x 1080 figure."""
    with style.chart_style():
        figure = style.new_figure()
        axes = figure.add_axes(AXES)
        _draw_bands(axes, fan)
        _draw_observed(axes, fan)
        _draw_target(axes, fan)
        _set_axes(axes, fan, lang)
        _write_frame(figure, fan, lang)
        _write_panel(figure, fan, lang)
        _mark_last_observation(axes, fan, lang)
        _write_target(figure, axes, fan, lang)
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
            [fan.outside.year + _side_step(fan)],
            [middle],
            yerr=[[middle - fan.outside.low], [fan.outside.high - middle]],
            fmt="none",
            ecolor=style.PURPLE,
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
    axes.set_ylim((top, bottom) if fan.inverted else (bottom, top))
    axes.set_xlim(fan.years[0] - 0.5, fan.years[-1] + 0.04 * (fan.years[-1] - fan.years[0]))
    axes.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]))
    ticks = axes.get_yticks()
    step = float(ticks[1] - ticks[0])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: style.tick_label(value, step, lang)))
    axes.set_xticks(np.arange(5 * np.ceil(fan.years[0] / 5), fan.years[-1] + 1, 5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.grid(axis="y", color=style.PALE, linewidth=1)
    axes.set_axisbelow(True)


def _write_frame(figure: Figure, fan: Fan, lang: Lang) -> None:
    """Title, subtitle and source."""
    width = 1 - AXES[0] - MARGIN
    left = AXES[0] - 0.045
    size = style.fit_size(figure, fan.title, style.TITLE, style.LEAD, width + 0.045, "bold")
    figure.text(left, 0.962, fan.title, fontsize=size, fontweight="bold", va="top")
    subtitle = style.wrap(figure, fan.subtitle, style.LEAD, width + 0.045, lines=1)
    figure.text(left, 0.895, subtitle, fontsize=style.LEAD, color=style.GREY, va="top")
    source = style.wrap(figure, f"{say('source', lang)}: {fan.source}", style.SMALL, width + 0.045, lines=2)
    figure.text(left, MARGIN, source, fontsize=style.SMALL, color=style.GREY, va="bottom", linespacing=1.25)


def _write_panel(figure: Figure, fan: Fan, lang: Lang) -> None:
    """The column to the right: the odds in large type, the outside view, what the marks mean."""
    y = PANEL_TOP

    def put(text: str, size: float, *, weight: str = "normal", colour: str = style.INK, gap: float = 0.0) -> None:
        nonlocal y
        y -= gap
        rows = style.wrap(figure, text, size, PANEL_WIDTH, weight)
        figure.text(PANEL_LEFT, y, rows, fontsize=size, fontweight=weight, color=colour, va="top", linespacing=1.25)
        y -= style.line_height(size) * (rows.count("\n") + 1)

    put(say("chance", lang), style.BODY, weight="bold")
    size = style.fit_size(figure, fan.odds_text, style.HUGE, style.LEAD, PANEL_WIDTH, "bold")
    put(fan.odds_text, size, weight="bold", colour=style.VERMILLION, gap=0.004)
    for note in fan.odds_notes:
        put(note, style.SMALL, colour=style.GREY)
    put(say("outside_view", lang), style.BODY, weight="bold", gap=0.02)
    put(fan.outside_text, style.SMALL, colour=style.GREY)
    _write_legend(figure, fan, lang)


def _write_legend(figure: Figure, fan: Fan, lang: Lang) -> None:
    width = PANEL_WIDTH - 0.05
    bands = tuple(Patch(color=style.BANDS[band]) for band in ("50", "80", "90"))
    handles: list[object] = [Line2D([], [], color=style.BLUE, linewidth=3), bands]
    labels = [say("median_line", lang), say("bands", lang)]
    for series, (marker, colour) in zip(fan.observed, OBSERVED_LOOKS, strict=False):
        handles.append(Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=9))
        labels.append(series.label)
    if fan.outside is not None:
        handles.append(Line2D([], [], color=style.PURPLE, linewidth=5))
        labels.append(say("outside_range", lang))
    if fan.target is not None:
        handles.append(Line2D([], [], color=style.VERMILLION, marker="D", linestyle="none", markersize=12))
        labels.append(say("target", lang))
    figure.legend(
        handles,
        [style.wrap(figure, label, style.SMALL, width) for label in labels],
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
        loc="lower left",
        bbox_to_anchor=(PANEL_LEFT - 0.008, 0.105),
        frameon=False,
        fontsize=style.SMALL,
        handlelength=2.2,
        borderpad=0,
        labelspacing=0.45,
    )


def _mark_last_observation(axes: Axes, fan: Fan, lang: Lang) -> None:
    axes.axvline(fan.last_observation, color=style.GREY, linewidth=1.5, linestyle=":", zorder=2)
    axes.annotate(
        f"{say('last_observation', lang)} {fan.last_observation}",
        (fan.last_observation, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=style.SMALL,
        color=style.GREY,
    )


def _write_target(figure: Figure, axes: Axes, fan: Fan, lang: Lang) -> None:
    """Name the target and its chance beside the mark, at the first place where nothing is covered."""
    if fan.target is None:
        return
    text = f"{fan.target_text}\n{say('chance_short', lang)} {fan.odds_text}"
    places = [
        (dx, dy, ha, "bottom" if dy > 0 else "top")
        for dy in (12, -12, 70, -70, 130, -130, 190, -190)
        for dx, ha in ((-6, "right"), (14, "left"), (-130, "right"))
    ]
    best: Text | None = None
    best_cover = np.inf
    for dx, dy, ha, va in places:
        label = axes.annotate(
            text,
            (fan.target_year, fan.target),
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


def _covered(axes: Axes, label: Text, fan: Fan) -> float:
    """How much of the picture ``label`` would hide, in points drawn; infinite outside the axes."""
    box = label.get_window_extent().padded(6)
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
        x = fan.outside.year + _side_step(fan)
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
