"""Writes the charts of a run, each with its numbers beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.figure import Figure

from sim.charts import style
from sim.charts.data import fan_of
from sim.charts.fan import fan_chart
from sim.charts.odds import odds_chart, odds_frame, odds_rows, pages
from sim.charts.words import Lang

if TYPE_CHECKING:
    from sim.results import Results


def draw(results: Results, folder: str | Path, lang: Lang = "en") -> list[Path]:
    """As :func:`sim.charts.draw_all`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    country = results.country
    for target in country.targets:
        fan = fan_of(results, country, target, lang)
        if fan is not None:
            written.append(_picture(fan_chart(fan, lang), folder / f"{fan.id}.png"))
            written.append(_numbers(fan.frame(), folder / f"{fan.id}.csv"))
    rows = odds_rows(results, lang)
    title = results.titles.get(lang) or results.scenario
    silent = [t.code for t in results.targets() if t.odds is None and t.code]
    slides = pages(rows)
    for number, slide in enumerate(slides, start=1):
        one = len(slides) == 1
        figure = odds_chart(slide, title, silent, lang, "" if one else f"{number}/{len(slides)}")
        written.append(_picture(figure, folder / ("odds.png" if one else f"odds_{number}.png")))
    if rows:
        written.append(_numbers(odds_frame(rows), folder / "odds.csv"))
    return written


def _picture(figure: Figure, path: Path) -> Path:
    style.save(figure, path)
    return path


def _numbers(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False, lineterminator="\n")
    return path
