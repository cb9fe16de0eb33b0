"""Words and numbers people read, in English and Vietnamese; imports nothing heavy."""

from __future__ import annotations

import math
from typing import Literal

Lang = Literal["en", "vi"]
LANGS: tuple[Lang, Lang] = ("en", "vi")

NBSP = "\u00a0"
EN_DASH = "\u2013"
MINUS = "\u2212"
SIGNS = {">=": "\u2265", ">": ">", "<=": "\u2264", "<": "<"}

WORDS: dict[str, tuple[str, str]] = {
    "average_growth": ("{what}: average growth over {years} years", "{what}: tăng bình quân {years} năm"),
    "bands": ("50, 80, 90 % of draws", "50, 80, 90 % số mô phỏng"),
    "between": ("90 % between {low} and {high}", "90 % trong khoảng {low} đến {high}"),
    "behind_by": ("when missed, behind by {median}", "khi không đạt, kém {median} bậc"),
    "by_year": ("met in some year to {year}: {odds}", "đạt ở ít nhất một năm đến {year}: {odds}"),
    "chance": ("Chance of reaching it", "Xác suất đạt mục tiêu"),
    "chance_short": ("Chance", "Xác suất"),
    "draws_in_run": ("{draws} draws", "{draws} lượt mô phỏng"),
    "draws_failed": ("{draws} draws, {failed} failed", "{draws} lượt mô phỏng, {failed} hỏng"),
    "interval": ("95 % interval", "Khoảng 95 %"),
    "interval_is": ("95 % sampling interval {interval}", "khoảng lấy mẫu 95 %: {interval}"),
    "last_observation": ("last observation {year}", "số liệu mới nhất: {year}"),
    "median": ("Median", "Trung vị"),
    "median_is": ("median {year}: {median}", "trung vị {year}: {median}"),
    "median_vs": ("Median", "Trung vị"),
    "model": ("nq57 model (projection)", "mô hình nq57 (dự phóng)"),
    "not_assessed": ("not assessed", "không đánh giá"),
    "not_assessed_count": (
        "{count} targets are not assessed, the model has nothing to say on them: {codes}",
        "{count} mục tiêu không được đánh giá vì mô hình không nói gì về chúng: {codes}",
    ),
    "observed": ("Observed", "Thực tế"),
    "observed_error": ("Observed, 90 % error bar", "Thực tế, sai số đo 90 %"),
    "odds_title": ("Chances that the targets are reached", "Xác suất đạt các mục tiêu"),
    "model_chance": ("Model: chance and 95 % sampling interval", "Mô hình: xác suất và khoảng lấy mẫu 95 %"),
    "outside_chance": (
        "Outside view: how often it was done elsewhere or before",
        "Đối chiếu thực tế: nơi khác hoặc trước đây từng đạt",
    ),
    "outside_none": ("not estimated", "chưa ước tính"),
    "outside_range": ("Comparable countries, 90 %", "Nước tương đồng, 90 %"),
    "outside_short": ("Outside", "Đối chiếu"),
    "outside_view": ("Outside view", "Đối chiếu thực tế"),
    "run_folder": ("Run folder", "Thư mục kết quả"),
    "scenario": ("Scenario", "Kịch bản"),
    "short_by": ("when missed, short by {median}", "khi không đạt, thiếu {median}"),
    "source": ("Source", "Nguồn"),
    "status": ("Status", "Tình trạng"),
    "target": ("Target", "Mục tiêu"),
    "target_line": ("Target {code}, {year}: {label}", "Mục tiêu {code}, {year}: {label}"),
    "points": ("points", "điểm phần trăm"),
    "projected_from": ("projected from {year}", "dự phóng từ {year}"),
    "rank": ("Rank", "Thứ hạng"),
    "value_in": ("Median in the year, against the target", "Trung vị trong năm, so với mục tiêu"),
    "year": ("Year", "Năm"),
}

STATUS: dict[str, tuple[str, str]] = {
    "ok": ("", ""),
    "already_met": ("met already", "đã đạt"),
    "low_confidence": ("low confidence", "độ tin cậy thấp"),
    "not_assessed": ("not assessed", "không đánh giá"),
}

FLAGS: dict[str, tuple[str, str]] = {
    "survey_break": ("Observed, other coverage", "Thực tế, phạm vi khác"),
    "other_definition": ("Observed, other definition", "Thực tế, định nghĩa khác"),
    "other_yardstick": ("Observed, same yardstick", "Thực tế, cùng thước đo"),
    "method": ("Official figure", "Số liệu công bố"),
    "anchor": ("Published", "Số liệu công bố"),
}

UNITS: dict[str, tuple[str, str]] = {
    "1": ("", ""),
    "index": ("index", "chỉ số"),
    "percent": ("%", "%"),
    "percent/year": ("% a year", "%/năm"),
    "1/year": ("per year", "mỗi năm"),
    "year": ("years", "năm"),
    "tn_VND2020": ("trillion VND, 2020 prices", "nghìn tỷ đồng, giá 2020"),
    "tn_VND2020/year": ("trillion VND a year, 2020 prices", "nghìn tỷ đồng/năm, giá 2020"),
    "bn_VND2020/FTE/year": ("billion VND per FTE and year, 2020 prices", "tỷ đồng/FTE/năm, giá 2020"),
    "thousand_FTE": ("thousand FTE", "nghìn FTE"),
    "thousand_FTE/year": ("thousand FTE a year", "nghìn FTE/năm"),
    "per_10k": ("per 10,000 inhabitants", "trên 10.000 dân"),
    "per_10k*FTE/person": ("FTE per 10,000 inhabitants", "FTE trên 10.000 dân"),
    "thousand_person": ("thousand people", "nghìn người"),
    "thousand_person/year": ("thousand people a year", "nghìn người/năm"),
    "million_person": ("million people", "triệu người"),
    "USD2024": ("USD of 2024", "USD 2024"),
    "TWh/year": ("TWh a year", "TWh/năm"),
    "patent/year": ("a year", "mỗi năm"),
    "publication/year": ("a year", "mỗi năm"),
}


def say(key: str, lang: Lang, **values: object) -> str:
    """The phrase ``key`` in ``lang``, its gaps filled; a number and its % sign do not part."""
    text = WORDS[key][LANGS.index(lang)].format(**values)
    return text.replace(" %", f"{NBSP}%")


def choose(english: str, vietnamese: str, lang: Lang) -> str:
    """The text for ``lang``; English where there is no Vietnamese."""
    return vietnamese if lang == "vi" and vietnamese else english


def localise(text: str, lang: Lang) -> str:
    """An English-formatted number written the way ``lang`` writes it (1,234.5 becomes 1.234,5)."""
    return text if lang == "en" else text.translate(str.maketrans(",.", ".,"))


def number(value: float, lang: Lang = "en", digits: int | None = None) -> str:
    """``value`` for people: three significant digits unless ``digits`` decimals are asked for."""
    if not math.isfinite(value):
        return EN_DASH
    if digits is None:
        size = abs(value)
        digits = 0 if size >= 100 or size == 0 else min(max(0, 2 - math.floor(math.log10(size))), 8)
    return localise(f"{value:,.{digits}f}".replace("-", MINUS), lang)


def plain(value: float, lang: Lang = "en") -> str:
    """A round number as a person would write it: 2, 0.5, 8,500."""
    return localise(f"{value:,.10g}".replace("-", MINUS), lang)


def unit_words(unit: str, lang: Lang = "en") -> str:
    """How ``unit`` is said; the unit itself where there is no saying for it."""
    return choose(*UNITS.get(unit, (unit, unit)), lang)


def with_unit(text: str, unit: str, lang: Lang = "en") -> str:
    """The number ``text`` with its % sign; other units are told once for the whole chart, not here."""
    words = unit_words(unit, lang)
    return f"{text}{NBSP}{words}" if words.startswith("%") else text


def span(low: str, high: str) -> str:
    """A range from ``low`` to ``high``."""
    return low if low == high else f"{low}{EN_DASH}{high}"


def decimals(low: float, middle: float, high: float) -> int:
    """Decimals worth printing: two digits of the width of a range, at most three of its middle."""
    width, size = abs(high - low), abs(middle)
    if not (math.isfinite(width) and width > 0 and size > 0):
        return 0
    return max(0, min(1 - math.floor(math.log10(width)), 2 - math.floor(math.log10(size))))


def line_text(op: str, value: float, unit: str, lang: Lang = "en") -> str:
    """A line to be reached, as a sign and a number: "≥ 2 %"."""
    text = plain(round(value) if abs(value) >= 1000 else value, lang)
    return f"{SIGNS[op]}{NBSP}{with_unit(text, unit, lang)}"
