"""Words and numbers people read, in English and Vietnamese. Imports nothing heavy: the command line uses it."""

from __future__ import annotations

import math
from typing import Literal

Lang = Literal["en", "vi"]
LANGS: tuple[Lang, Lang] = ("en", "vi")

NBSP = "\u00a0"
EN_DASH = "\u2013"

WORDS: dict[str, tuple[str, str]] = {
    "chance": ("Chance of reaching the target", "Xác suất đạt mục tiêu"),
    "chance_short": ("Chance", "Xác suất"),
    "target": ("Target", "Mục tiêu"),
    "target_short": ("target", "mục tiêu"),
    "year": ("Year", "Năm"),
    "interval": ("Interval", "Khoảng"),
    "outside_view": ("Outside view", "Góc nhìn bên ngoài"),
    "outside_of": ("comparable countries", "các nước tương đồng"),
    "status": ("Status", "Tình trạng"),
    "median": ("Median", "Trung vị"),
    "median_vs": ("Median / target", "Trung vị / mục tiêu"),
    "median_line": ("Median", "Trung vị"),
    "observed": ("Observed", "Số liệu thực tế"),
    "observed_error": ("Observed, 90 % error bar", "Thực tế, sai số đo 90 %"),
    "bands": ("50, 80, 90 % of draws", "50, 80, 90 % số mô phỏng"),
    "last_observation": ("last observation", "quan sát cuối"),
    "draws": ("draws", "lượt mô phỏng"),
    "failed": ("failed", "hỏng"),
    "mc_interval": ("95 % sampling interval", "khoảng lấy mẫu 95 %"),
    "source": ("Source", "Nguồn"),
    "model": ("Projection: nq57 model", "Dự phóng: mô hình nq57"),
    "odds_title": ("Chances that the targets are reached", "Xác suất đạt các mục tiêu"),
    "not_assessed": ("not assessed", "không đánh giá"),
    "not_assessed_list": ("Not assessed", "Không đánh giá"),
    "model_chance": ("Model: chance and 95 % sampling interval", "Mô hình: xác suất và khoảng lấy mẫu 95 %"),
    "outside_chance": (
        "Outside view: how often comparable countries did it",
        "Góc nhìn bên ngoài: tần suất các nước tương đồng đạt được",
    ),
    "outside_range": ("Outside view, 90 % range", "Góc nhìn ngoài, khoảng 90 %"),
    "no_outside_view": ("no comparable record", "không có tiền lệ so sánh"),
    "run_folder": ("Run folder", "Thư mục kết quả"),
    "scenario": ("Scenario", "Kịch bản"),
    "in_year": ("in {year}", "năm {year}"),
    "shortfall": ("When missed, short by", "Khi không đạt, thiếu"),
}

STATUS: dict[str, tuple[str, str]] = {
    "modelled": ("modelled", "có mô hình"),
    "assessed": ("assessed", "có đánh giá"),
    "input": ("set by the scenario", "do kịch bản đặt"),
    "joint": ("joint", "kết hợp"),
    "rank": ("rank, simulated peers", "thứ hạng, mô phỏng các nước"),
    "not_assessed": ("not assessed", "không đánh giá"),
}

UNITS: dict[str, tuple[str, str]] = {
    "1": ("", ""),
    "dimensionless": ("", ""),
    "percent": ("%", "%"),
    "percent/year": ("% a year", "%/năm"),
    "1/year": ("per year", "mỗi năm"),
    "year": ("years", "năm"),
    "tn_VND2020": ("trillion VND, 2020 prices", "nghìn tỷ đồng, giá 2020"),
    "tn_VND2020/year": ("trillion VND a year, 2020 prices", "nghìn tỷ đồng/năm, giá 2020"),
    "thousand_FTE": ("thousand FTE", "nghìn người quy đổi toàn thời gian (FTE)"),
    "FTE": ("FTE", "người quy đổi toàn thời gian (FTE)"),
    "person": ("people", "người"),
    "thousand_person": ("thousand people", "nghìn người"),
    "million_person": ("million people", "triệu người"),
    "USD2024": ("USD, 2024 prices", "USD, giá 2024"),
    "USD2024/person": ("USD per head, 2024 prices", "USD/người, giá 2024"),
    "TWh": ("TWh", "TWh"),
    "TWh/year": ("TWh a year", "TWh/năm"),
    "index": ("index", "chỉ số"),
    "patent/year": ("a year", "đơn/năm"),
    "publication/year": ("a year", "bài/năm"),
}

OPERATORS: dict[str, tuple[str, str]] = {
    ">=": ("at least", "ít nhất"),
    ">": ("above", "trên"),
    "<=": ("at most", "tối đa"),
    "<": ("below", "dưới"),
}


def say(key: str, lang: Lang) -> str:
    """The phrase ``key`` in ``lang``."""
    return WORDS[key][LANGS.index(lang)].replace(" %", NBSP + "%")


def choose(pair: tuple[str, str], lang: Lang) -> str:
    """The member of an (English, Vietnamese) pair for ``lang``; English when the Vietnamese is empty."""
    return pair[LANGS.index(lang)] or pair[0]


def localise(text: str, lang: Lang) -> str:
    """An English-formatted number written the way ``lang`` writes it (1,234.5 becomes 1.234,5)."""
    return text if lang == "en" else text.translate(str.maketrans(",.", ".,"))


def number(value: float, lang: Lang = "en", digits: int | None = None) -> str:
    """``value`` for people: three significant digits unless ``digits`` decimals are asked for."""
    if not math.isfinite(value):
        return EN_DASH
    if digits is None:
        size = abs(value)
        digits = 0 if size >= 100 or size == 0 else max(0, 2 - math.floor(math.log10(size)))
        digits = min(digits, 6)
    text = f"{value:,.{digits}f}"
    if "." in text and digits > 2:
        text = text.rstrip("0").rstrip(".")
    return localise(text.replace("-", "\u2212"), lang)


def plain(value: float, lang: Lang = "en") -> str:
    """A round number as a person would write it: 2, 0.5, 8,500."""
    return localise(f"{value:,.10g}".replace("-", "\u2212"), lang)


def share(value: float, lang: Lang = "en") -> str:
    """A probability in percent without its sign: whole percents, one decimal below 10 and above 90 %."""
    percent = 100 * value
    digits = 0 if 10 <= percent <= 90 or percent in (0, 100) else 1
    return localise(f"{percent:.{digits}f}", lang)


def with_unit(value: str, unit: str) -> str:
    """``value`` and ``unit`` held together by a space that does not break."""
    return f"{value}{NBSP}{unit}" if unit else value


def unit_words(unit: str, lang: Lang = "en") -> str:
    """How ``unit`` is said; the unit itself when there is no saying for it."""
    return choose(UNITS[unit], lang) if unit in UNITS else unit


def span(low: str, high: str) -> str:
    """A range from ``low`` to ``high``."""
    return f"{low}{EN_DASH}{high}"
