"""What the charts show: the right words, the right numbers, nothing hidden, nothing too small to read."""

from __future__ import annotations

import itertools
import string
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.legend import Legend
from matplotlib.text import Text

from sim.charts import draw_all, style
from sim.charts.data import fan_of, outside_text
from sim.charts.fan import fan_chart
from sim.charts.odds import MOST_ROWS, odds_chart, odds_rows, pages
from sim.charts.words import LANGS, UNITS, WORDS, number, plain, unit_words
from sim.errors import InputError
from sim.results import Results
from sim.simulation import run

DRAWS = 40


@pytest.fixture(scope="module")
def results():
    return run("budget_3pct", draws=DRAWS)


@pytest.fixture(scope="module")
def fans(results):
    """Fan charts of all assessed targets, by language and target."""
    made = {}
    for lang in LANGS:
        for target in results.country.targets:
            fan = fan_of(results, results.country, target, lang)
            if fan is not None:
                made[lang, target.id] = fan
    return made


@pytest.fixture(scope="module")
def figures(fans, results):
    """Every figure of a run, drawn, by language and name."""
    made = {key: fan_chart(fan, key[0]) for key, fan in fans.items()}
    for lang in LANGS:
        for k, slide in enumerate(pages(odds_rows(results, lang))):
            silent = [t.code for t in results.targets() if t.odds is None and t.code]
            made[lang, f"odds {k}"] = odds_chart(slide, results.titles[lang], silent, lang, f"{k + 1}/3")
    for figure in made.values():
        figure.canvas.draw()
    return made


def texts(figure: Figure) -> list[Text]:
    """All text that is drawn; labels of ticks beyond the ends of an axis are not."""
    beyond = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low <= tick.get_loc() <= high:
                    beyond |= {id(tick.label1), id(tick.label2)}
    found = figure.findobj(Text)
    return [t for t in found if t.get_visible() and t.get_text().strip() and id(t) not in beyond]


def words(figure: Figure) -> str:
    joined = " ".join(t.get_text().replace("\n", " ") for t in texts(figure))
    return joined.replace("\u00a0", " ")


def find(figures, lang, target) -> Figure:
    return figures[lang, target]


def test_every_assessed_target_has_a_chart(fans, results):
    assessed = {t.id for t in results.country.targets if t.assessed}
    for lang in LANGS:
        assert {target for one, target in fans if one == lang} == assessed


def test_charts_say_what_where_how_likely_and_from_whom(figures, fans, results):
    for (lang, target), fan in fans.items():
        shown = words(find(figures, lang, target))
        odds = results.probability(target)
        assert results.titles[lang] in shown
        assert odds.text(lang) in shown
        assert fan.target_text.replace("\u00a0", " ") in shown
        assert odds.odds.interval_text(lang) in shown
        assert str(odds.year) in shown
        assert {"en": "Source", "vi": "Nguồn"}[lang] in shown
        assert {"en": "nq57 model", "vi": "mô hình nq57"}[lang] in shown


def test_the_outside_view_stands_beside_the_odds(figures, results):
    for target in results.country.targets:
        if not target.assessed:
            continue
        for lang in LANGS:
            shown = words(find(figures, lang, target.id))
            view = target.outside_view
            if view is None:
                assert {"en": "not estimated", "vi": "chưa ước tính"}[lang] in shown
            else:
                assert outside_text(view.low, view.high, lang).replace("\u00a0", " ") in shown


def test_vietnamese_charts_hold_no_english_words_of_ours(figures):
    ours = [en for en, vi in WORDS.values() if en != vi and "{" not in en and len(en) > 6]
    for (lang, _), figure in figures.items():
        if lang == "vi":
            shown = words(figure)
            assert [word for word in ours if word in shown] == []


def test_no_text_covers_another_or_leaves_the_picture(figures):
    for name, figure in figures.items():
        renderer = figure.canvas.get_renderer()
        boxes = [(t.get_text(), Text.get_window_extent(t, renderer)) for t in texts(figure)]
        for text, box in boxes:
            assert box.x0 >= 0 and box.y0 >= 0, (name, text)
            assert box.x1 <= style.WIDTH * style.DPI and box.y1 <= style.HEIGHT * style.DPI, (name, text)
        for (one, a), (other, b) in itertools.combinations(boxes, 2):
            width = min(a.x1, b.x1) - max(a.x0, b.x0)
            height = min(a.y1, b.y1) - max(a.y0, b.y0)
            # lines of text have room above and below their letters
            assert width <= 1 or height <= 6, (name, one, other)


def test_nothing_is_too_small_to_read_when_projected(figures):
    for name, figure in figures.items():
        assert tuple(figure.get_size_inches() * figure.dpi) == (1920, 1080)
        assert min(t.get_fontsize() for t in texts(figure)) >= 16, name


def test_the_font_has_every_letter(figures):
    font = FT2Font(font_manager.findfont("DejaVu Sans"))
    for figure in figures.values():
        missing = [c for c in words(figure) if not c.isspace() and font.get_char_index(ord(c)) == 0]
        assert missing == []


def test_vietnamese_axes_have_a_decimal_comma(figures):
    for lang, right, wrong in (("en", "0.5", "0,5"), ("vi", "0,5", "0.5")):
        axes = find(figures, lang, "rd_2pct_2030").axes[0]
        ticks = [t.get_text() for t in axes.get_yticklabels()]
        assert right in ticks and wrong not in ticks


def test_the_target_is_marked_at_its_year_and_value(figures, fans):
    for (lang, target), fan in fans.items():
        axes = find(figures, lang, target).axes[0]
        marks = [line.get_xydata() for line in axes.lines if line.get_marker() == "D"]
        assert len(marks) == 1
        assert marks[0].tolist() == [[fan.target_year, fan.target]]


def test_the_dotted_line_stands_at_the_last_observation(figures, fans, results):
    fan = fans["en", "rd_2pct_2030"]
    observed = results.country.observed("gerd_gdp_survey")
    assert fan.last_observation == observed[-1].year
    axes = find(figures, "en", "rd_2pct_2030").axes[0]
    dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in dotted] == [observed[-1].year]


def test_observations_stand_at_their_values_with_their_errors(fans, results):
    observed = {o.year: o.value for o in results.country.observed("gerd_gdp_survey")}
    fitted, broken = fans["en", "rd_2pct_2030"].observed
    assert dict(zip(fitted.years.tolist(), fitted.values, strict=True)) == {
        year: value for year, value in observed.items() if year != 2011
    }
    assert broken.years.tolist() == [2011] and broken.label != fitted.label
    # an error in logs: the bar reaches up further than down, by the same factor
    assert np.allclose(fitted.high * fitted.low, fitted.values**2)
    assert (fitted.high > fitted.values).all()
    shares = fans["en", "digital_30pct_2030"].observed[0]
    assert np.allclose(shares.high - shares.values, shares.values - shares.low)


def test_growth_is_observed_as_growth(fans, results):
    (series,) = fans["en", "growth_10pct_2030"].observed
    level = {o.year: o.value for o in results.country.observed("gdp_real")}
    last = max(level)
    assert series.years[-1] == last
    assert series.values[-1] == pytest.approx(100 * ((level[last] / level[last - 5]) ** 0.2 - 1))


def test_the_window_of_years_follows_the_target(fans):
    for fan in fans.values():
        assert fan.years[0] == 2010
        assert fan.years[-1] == min(fan.target_year + 5, 2045)


def test_bands_nest_and_are_those_of_the_results(fans, results):
    fan = fans["en", "rd_2pct_2030"]
    table = results.quantiles("gerd_gdp").loc[fan.years]
    ordered = [fan.quantiles[q] for q in ("q05", "q10", "q25", "q50", "q75", "q90", "q95")]
    for narrow, wide in itertools.pairwise(ordered):
        assert (narrow <= wide).all()
    assert np.array_equal(fan.quantiles["q50"], table["q50"])
    assert np.array_equal(fan.quantiles["q95"], table["q95"])


def test_ranks_are_read_from_the_top_and_not_before_they_are_simulated(figures, fans):
    fan = fans["en", "innovation_top30_2045"]
    low, high = find(figures, "en", "innovation_top30_2045").axes[0].get_ylim()
    assert low > high
    assert np.isnan(fan.quantiles["q50"][fan.years < fan.last_observation]).all()
    assert np.isfinite(fan.quantiles["q50"][fan.years > fan.last_observation]).all()


def test_a_target_whose_year_is_not_reported_has_no_chart(results):
    short = run("budget_3pct", draws=DRAWS, years=(2010, 2035))
    by_id = {t.id: t for t in short.country.targets}
    assert fan_of(short, short.country, by_id["digital_50pct_2045"]) is None
    assert fan_of(short, short.country, by_id["rd_2pct_2030"]) is not None


def test_the_outside_view_is_drawn_where_its_range_is_known(figures, fans):
    fan = fans["en", "rd_2pct_2030"]
    assert 0 < fan.outside.low < fan.outside.high < fan.target
    legend = find(figures, "en", "rd_2pct_2030").findobj(Legend)[0]
    assert "Comparable countries, 90 %" in {t.get_text().replace("\u00a0", " ") for t in legend.get_texts()}


def test_each_target_has_its_place_among_the_odds(results):
    for lang in LANGS:
        rows = odds_rows(results, lang)
        assert sorted(r.id for r in rows) == sorted(t.id for t in results.targets() if t.odds is not None)
        slides = pages(rows)
        assert [row for slide in slides for row in slide] == rows
        assert max(map(len, slides)) <= MOST_ROWS
        assert all(0 <= r.low <= r.probability <= r.high <= 1 for r in rows)


def test_targets_without_an_answer_are_named_on_the_odds_slide(figures, results):
    for lang in LANGS:
        shown = words(find(figures, lang, "odds 0"))
        for target in results.country.targets:
            if not target.assessed:
                assert target.code in shown


def test_a_run_leaves_pictures_and_their_numbers(tmp_path, results, fans):
    written = draw_all(results, tmp_path / "charts")
    assert sorted(written) == sorted((tmp_path / "charts").iterdir())
    assert {p.stem for p in written if p.suffix == ".png"} == {
        *(target for lang, target in fans if lang == "en"),
        *(f"odds_{k}" for k in range(1, len(pages(odds_rows(results))) + 1)),
    }
    for path in written:
        content = path.read_bytes()
        if path.suffix == ".png":
            assert content.startswith(b"\x89PNG")
            assert struct.unpack(">II", content[16:24]) == (1920, 1080)
    table = pd.read_csv(tmp_path / "charts" / "rd_2pct_2030.csv", index_col="year")
    assert np.allclose(table["q50"], results.quantiles("gerd_gdp").loc[table.index, "q50"], rtol=1e-15)
    assert table.loc[2030, "target"] == 2
    assert table.loc[2023, "gerd_gdp_survey"] == pytest.approx(0.41456)


def test_the_same_numbers_make_the_same_files(tmp_path, fans, figures):
    key = ("vi", "digital_30pct_2030")
    for name, figure in (("one", figures[key]), ("two", fan_chart(fans[key], "vi"))):
        style.save(figure, tmp_path / f"{name}.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    csv = [fans[key].frame().to_csv(index=False) for _ in range(2)]
    assert csv[0] == csv[1]


def test_a_run_read_back_has_no_draws_to_chart(tmp_path, results):
    results.write(tmp_path / "run")
    with pytest.raises(InputError):
        draw_all(Results.read(tmp_path / "run"), tmp_path / "charts")


def test_both_languages_have_every_word():
    for key, (english, vietnamese) in WORDS.items():
        assert english and vietnamese, key
        gaps = [{name for _, name, *_ in string.Formatter().parse(t) if name} for t in (english, vietnamese)]
        assert gaps[0] == gaps[1], key


def test_every_unit_of_a_target_can_be_said(results):
    for target in results.country.targets:
        if target.assessed:
            assert target.unit in UNITS, target.id
            assert "_" not in unit_words(target.unit, "vi")


def read_back(text: str, lang: str) -> float:
    text = text.replace("\u2212", "-")
    if lang == "vi":
        text = text.translate(str.maketrans(",.", ".,"))
    return float(text.replace(",", ""))


@given(
    st.floats(min_value=-1e9, max_value=1e9).filter(lambda x: x == 0 or abs(x) > 1e-5), st.sampled_from(LANGS)
)
def test_numbers_keep_three_digits_in_both_languages(value, lang):
    assert read_back(number(value, lang), lang) == pytest.approx(value, rel=5.1e-3, abs=1e-12)


@given(st.integers(-(10**9), 10**9), st.sampled_from(LANGS))
def test_whole_numbers_are_written_whole(value, lang):
    assert read_back(plain(value, lang), lang) == value


@given(st.lists(st.text("abcdeăâđ", min_size=1, max_size=9), min_size=1, max_size=40), st.floats(0.1, 0.5))
def test_wrapped_text_keeps_its_words_and_its_width(tokens, width):
    text = " ".join(tokens)
    rows = style.wrap(text, 16, width).split("\n")
    assert " ".join(rows) == text
    for row in rows:
        # kerning between words may add a pixel
        assert " " not in row or style.text_width(row, 16) <= width + 2 / 1920


def test_text_that_does_not_fit_is_cut_with_a_sign():
    rows = style.wrap("one two three four five six seven", 16, 0.1, lines=2).split("\n")
    assert len(rows) == 2 and rows[-1].endswith("…")
    assert style.wrap("one two", 16, 0.5, lines=1) == "one two"


def test_bands_darken_towards_the_middle():
    def luminance(colour: str) -> float:
        red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    outer, middle, inner = (luminance(style.BANDS[b]) for b in ("90", "80", "50"))
    assert outer - middle > 15 and middle - inner > 15
    assert inner > luminance(style.BLUE) + 15
