"""Size, colour and type of every chart: 16:9, 1920 x 1080, nothing smaller than 16 point, Okabe-Ito colours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sim.charts.words import Lang, localise

WIDTH, HEIGHT, DPI = 16.0, 9.0, 120

# Okabe & Ito (2008), distinguishable with the common colour-vision deficiencies.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
INK, GREY, PALE = "#222222", "#5A5A5A", "#D9D9D9"
BANDS = {"90": "#D3E6F3", "80": "#A3CBE6", "50": "#5FA5D2"}

SMALL, BODY, LEAD, TITLE, HUGE = 16, 18, 20, 28, 46


@contextmanager
def chart_style() -> Iterator[None]:
    """Matplotlib settings shared by every chart, undone on leaving."""
    with matplotlib.rc_context(
        {
            "font.family": "DejaVu Sans",
            "font.size": SMALL,
            "axes.edgecolor": GREY,
            "axes.labelcolor": INK,
            "axes.linewidth": 1.2,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "xtick.labelsize": SMALL,
            "ytick.labelsize": SMALL,
            "xtick.major.size": 6,
            "ytick.major.size": 0,
            "svg.fonttype": "none",
            "svg.hashsalt": "nq57",
        }
    ):
        yield


def new_figure() -> Figure:
    """An empty 16:9 figure that draws without a screen."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def text_width(figure: Figure, text: str, size: float, weight: str = "normal") -> float:
    """Width of ``text`` on ``figure`` as a fraction of the figure's width."""
    artist = figure.text(0, 0, text, fontsize=size, fontweight=weight)
    width = artist.get_window_extent().width
    artist.remove()
    return width / (WIDTH * DPI)


def wrap(figure: Figure, text: str, size: float, width: float, weight: str = "normal", lines: int | None = None) -> str:
    """``text`` broken into lines no wider than ``width`` (a fraction of the figure's width).

    With ``lines``, what does not fit into so many lines is cut at a word and marked with an ellipsis.
    """
    rows: list[str] = []
    for word in text.split(" "):
        longer = f"{rows[-1]} {word}" if rows else word
        if rows and text_width(figure, longer, size, weight) <= width:
            rows[-1] = longer
        else:
            rows.append(word)
    if lines is not None and len(rows) > lines:
        rows = rows[:lines]
        while " " in rows[-1] and text_width(figure, rows[-1] + " …", size, weight) > width:
            rows[-1] = rows[-1].rsplit(" ", 1)[0]
        rows[-1] = rows[-1].rstrip(",;:. ") + " …"
    return "\n".join(rows)


def fit_size(figure: Figure, text: str, largest: float, smallest: float, width: float, weight: str = "normal") -> float:
    """The largest font size at which ``text`` is no wider than ``width``."""
    size = largest
    while size > smallest and text_width(figure, text, size, weight) > width:
        size -= 1
    return size


def line_height(size: float, spacing: float = 1.25) -> float:
    """Height of one line of text of ``size`` points as a fraction of the figure's height."""
    return size * spacing / 72 / HEIGHT


def tick_label(value: float, step: float, lang: Lang) -> str:
    """An axis number with as many decimals as the distance between ticks needs."""
    digits = 0
    while digits < 6 and abs(round(step, digits) - step) > 1e-9 * max(1.0, abs(step)):
        digits += 1
    return localise(f"{value:,.{digits}f}".replace("-", "\u2212"), lang)


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` as PNG or SVG, without the date, so that equal figures are equal files."""
    empty = {"Software": None} if path.suffix == ".png" else {"Date": None, "Creator": None}
    with chart_style():
        figure.savefig(path, dpi=DPI, metadata=empty)
