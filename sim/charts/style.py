"""Size, colour and type of every chart: 1920 x 1080, nothing below 16 point, Okabe-Ito colours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from sim.charts.words import EN_DASH, Lang, localise

WIDTH, HEIGHT, DPI = 16.0, 9.0, 120

# Okabe & Ito (2008), distinguishable with the common colour-vision deficiencies.
BLACK, ORANGE, GREEN = "#000000", "#E69F00", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
VIOLET = "#9A4C7C"  # reddish purple of the palette, darkened to be read as text
INK, GREY, PALE = "#222222", "#5A5A5A", "#D9D9D9"
BANDS = {"90": "#D3E6F3", "80": "#A3CBE6", "50": "#5FA5D2"}

SMALL, BODY, LEAD, HEAD, TITLE, HUGE = 16, 18, 20, 24, 28, 46


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


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of ``text`` as a fraction of a figure's width."""
    canvas = FigureCanvasAgg(Figure(figsize=(1, 1), dpi=DPI))
    properties = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    width, _, _ = canvas.get_renderer().get_text_width_height_descent(text, properties, False)
    return float(width) / (WIDTH * DPI)


def wrap(text: str, size: float, width: float, weight: str = "normal", lines: int | None = None) -> str:
    """``text`` broken into lines no wider than ``width`` (a fraction of the figure's width).

    With ``lines``, what does not fit into so many lines is cut at a word and marked with an ellipsis.
    """
    space = text_width(" ", size, weight)
    rows: list[str] = []
    used = 0.0
    for word in text.split(" "):
        long = text_width(word, size, weight)
        if rows and used + space + long <= width:
            rows[-1] += f" {word}"
            used += space + long
        else:
            rows.append(word)
            used = long
    if lines is not None and len(rows) > lines:
        rows = rows[:lines]
        while " " in rows[-1] and text_width(f"{rows[-1]} …", size, weight) > width:
            rows[-1] = rows[-1].rsplit(" ", 1)[0]
        rows[-1] = rows[-1].rstrip(",;:. ") + " …"
    return "\n".join(rows)


def wrap_title(title: str, size: float, width: float) -> str:
    """``title`` on one line, or on two that part at its dash where that is possible."""
    if text_width(title, size, "bold") <= width:
        return title
    first, dash, rest = title.partition(f" {EN_DASH} ")
    if dash and max(text_width(f"{first} {EN_DASH}", size, "bold"), text_width(rest, size, "bold")) <= width:
        return f"{first} {EN_DASH}\n{rest}"
    return wrap(title, size, width, "bold", lines=2)


def fit_size(text: str, largest: float, smallest: float, width: float, weight: str = "normal") -> float:
    """The largest font size at which ``text`` is no wider than ``width``."""
    size = largest
    while size > smallest and text_width(text, size, weight) > width:
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
    with chart_style():
        if path.suffix == ".png":
            # a little larger than the smallest file possible, in half the time
            figure.savefig(path, dpi=DPI, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
        else:
            figure.savefig(path, metadata={"Date": None, "Creator": None})
