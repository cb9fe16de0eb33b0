"""What an explanation says, in English and Vietnamese, and how it lays out tables and numbers."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence

from sim.charts.words import LANGS, Lang, localise

WIDTH = 110

WORDS: dict[str, tuple[str, str]] = {
    "alone": ("alone: {change}", "riêng dòng này: {change}"),
    "alternative": ("alternative", "phương án"),
    "assumptions": ("Assumptions", "Giả định"),
    "at_hold": ("hold scenario", "kịch bản giữ nguyên"),
    "at_start": ("at the start, {year}", "lúc bắt đầu, {year}"),
    "baseline": ("history / baseline, {file}", "lịch sử / mức cơ sở, {file}"),
    "central": (
        "Values are those of one run at the medians of the priors, without noise, and annual: stocks at year "
        "end, everything else the mean over the year. Structural alternatives: {structures}.",
        "Các giá trị lấy từ một lượt chạy tại trung vị của các phân phối tiên nghiệm, không có nhiễu, tính "
        "theo năm: biến tích lũy lấy cuối năm, còn lại là trung bình năm. Phương án cấu trúc: {structures}.",
    ),
    "change": ("change", "thay đổi"),
    "code": ("code", "mã"),
    "cost": ("cost", "chi phí"),
    "declared": ("declared in", "khai báo tại"),
    "delay": ("delay", "độ trễ"),
    "description": ("description", "mô tả"),
    "equation": ("Equation", "Phương trình"),
    "feeds": ("Feeds", "Tác động trực tiếp đến"),
    "files": ("made from", "gồm các tệp"),
    "fixed": ("Fixed by the scenario", "Do kịch bản ấn định"),
    "fixed_at": ("fixed at {value} by {place}", "ấn định {value} tại {place}"),
    "from": ("from {year}", "từ {year}"),
    "hold_only": (
        "It is the path of the hold scenario: no scenario moves it.",
        "Đây là đường đi của kịch bản giữ nguyên: không kịch bản nào làm thay đổi.",
    ),
    "inputs": ("Inputs, {year}", "Đầu vào, {year}"),
    "interaction": ("interaction of the lines", "tác động đan xen giữa các dòng"),
    "judged_by": ("judged by target", "dùng cho mục tiêu"),
    "kind": ("kind", "loại"),
    "levers": ("Levers", "Đòn bẩy"),
    "median": ("median", "trung vị"),
    "more": ("and {count} more", "và {count} biến nữa"),
    "moved": ("Scenario lines that move it, {year}", "Các dòng kịch bản tác động đến nó, {year}"),
    "nothing_changed": (
        "This scenario changes nothing against the hold scenario.",
        "Kịch bản này không thay đổi gì so với kịch bản giữ nguyên.",
    ),
    "nothing_feeds": ("nothing", "không có"),
    "nothing_moves": (
        "Nothing this scenario changes reaches it.",
        "Không thay đổi nào của kịch bản này tác động đến nó.",
    ),
    "not_yet": (
        "{year} is history: scenarios begin in {first}.",
        "{year} thuộc quá khứ: các kịch bản bắt đầu từ {first}.",
    ),
    "note": ("note", "ghi chú"),
    "one_line": ("in one line", "trên một dòng"),
    "over": ("in place of {places}", "thay cho {places}"),
    "parameters_among": ("Parameters among them", "Tham số trong số đó"),
    "path": ("path", "đường đi"),
    "points": ("points", "điểm"),
    "prior": ("prior", "phân phối tiên nghiệm"),
    "prior_or_value": ("prior or value", "phân phối hoặc giá trị"),
    "ramp": (
        "The length of its ramps is set by {place}: {text}",
        "Độ dài giai đoạn triển khai do {place} quy định: {text}",
    ),
    "ramp_to": ("to {value} by {year}", "tới {value} vào {year}"),
    "range": ("range", "khoảng"),
    "scenario": ("Scenario", "Kịch bản"),
    "sector": ("sector", "khu vực"),
    "series": ("values from", "nguồn giá trị"),
    "set_by": ("set by", "do dòng"),
    "setting": ("setting", "thiết lập"),
    "source": ("source", "nguồn"),
    "structure": ("structural alternatives", "phương án cấu trúc"),
    "task_group": ("task group", "nhóm nhiệm vụ"),
    "to": ("{low} to {high}", "{low} đến {high}"),
    "total": ("all lines together", "tất cả các dòng"),
    "unit": ("unit", "đơn vị"),
    "until": ("{value} until {year}", "{value} đến {year}"),
    "value": ("value {year}", "giá trị {year}"),
    "warning": ("warning", "cảnh báo"),
    "weight": ("weight", "trọng số"),
    "what": ("what", "ý nghĩa"),
    "year_before": ("{name} ({year})", "{name} ({year})"),
}

KINDS: dict[str, tuple[str, str]] = {
    "stock": ("stock, at year end", "biến tích lũy, cuối năm"),
    "flow": ("flow, mean over the year", "dòng, trung bình năm"),
    "aux": ("auxiliary, mean over the year", "biến trung gian, trung bình năm"),
    "indicator": ("indicator, mean over the year", "chỉ tiêu, trung bình năm"),
    "annual": ("annual state, changes at the start of a year", "trạng thái năm, đổi vào đầu năm"),
    "lagged": ("value of the year before", "giá trị của năm trước"),
    "noise": ("random number, one a draw and year", "số ngẫu nhiên, mỗi lượt và mỗi năm một số"),
    "identity": ("accounting residual, worst of the year", "sai số hạch toán, lớn nhất trong năm"),
    "initial": ("evaluated once, at the start", "tính một lần, lúc bắt đầu"),
    "lookup": ("table", "bảng tra"),
    "parameter": ("parameter", "tham số"),
    "table": ("parameter, a table", "tham số dạng bảng"),
    "lever": ("lever", "đòn bẩy"),
    "assumption": ("assumption", "giả định"),
    "series": ("exogenous series", "chuỗi ngoại sinh"),
    "derived": ("worked out after the run", "tính sau khi chạy"),
    "mean over the year": ("mean over the year", "trung bình năm"),
    "rank": ("rank", "thứ hạng"),
    "structure": ("structural question", "câu hỏi về cấu trúc"),
    "variant": ("number of the variant in use", "số thứ tự của biến thể được dùng"),
    "time": ("calendar time", "thời gian theo lịch"),
}

# phrases of sim.documentation, which speaks English
_PHRASES = {
    "; at the start ": "; ban đầu ",
    " of the year before; at first ": " của năm trước; ban đầu ",
    "; at first ": "; ban đầu ",
    "standard normal; ": "chuẩn tắc; ",
    "uniform on (0, 1); ": "phân phối đều trên (0, 1); ",
    " before the first projected year": " trước năm dự phóng đầu tiên",
    " within ": " trong khoảng ",
}


def say(key: str, lang: Lang, **values: object) -> str:
    """The phrase ``key`` in ``lang``, its gaps filled."""
    return WORDS[key][LANGS.index(lang)].format(**values)


def kind_words(kind: str, lang: Lang) -> str:
    """How a kind of quantity is called."""
    return KINDS[kind][LANGS.index(lang)]


def translated(text: str, lang: Lang) -> str:
    """An equation or prior as :mod:`sim.documentation` words it, in ``lang``."""
    if lang == "vi":
        for english, vietnamese in _PHRASES.items():
            text = text.replace(english, vietnamese)
    return text


def number(value: float, lang: Lang) -> str:
    """``value`` with six significant digits; thousands are set apart from 10,000 on: a year is no 2,030."""
    if not math.isfinite(value):
        return "–"
    return localise(f"{value:,.6g}" if abs(value) >= 10_000 else f"{value:.6g}", lang)


def difference(value: float, base: float, lang: Lang) -> str:
    """``value`` less ``base``, with its sign, and relative to ``base`` where that makes sense."""
    change = value - base
    if not math.isfinite(change):
        return "–"
    if abs(change) <= 1e-12 * max(abs(value), abs(base)):
        return "0"
    text = localise(f"{change:+,.4g}", lang)
    return f"{text} ({localise(f'{100 * change / abs(base):+.3g}', lang)} %)" if base else text


def paragraph(text: str, indent: int = 0, first: str = "") -> list[str]:
    """``text`` broken into lines; ``first`` stands before it and its lines are indented."""
    lines = textwrap.wrap(" ".join(text.split()), WIDTH - indent, break_long_words=False) or [""]
    return [(first.ljust(indent) + lines[0]).rstrip(), *(" " * indent + line for line in lines[1:])]


def facts(pairs: Iterable[tuple[str, str]], indent: int = 2) -> list[str]:
    """Lines "name   text" with the texts aligned; those without text are left out."""
    kept = [(name, text) for name, text in pairs if text]
    width = max((len(name) for name, _ in kept), default=0) + indent + 2
    return [line for name, text in kept for line in paragraph(text, width, " " * indent + name)]


def table(
    rows: Sequence[Sequence[str]], head: Sequence[str] = (), *, indent: int = 2, wrap: bool = True
) -> list[str]:
    """Rows of cells as aligned columns; with ``wrap`` the last one is broken where it is too long."""
    rows = [head, *rows] if head else rows
    if not rows:
        return []
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        start = " " * indent + "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths))
        room = max(40, WIDTH - len(start)) if wrap else len(row[-1]) + 1
        cut = textwrap.wrap(" ".join(row[-1].split()), room, break_long_words=False) or [""]
        lines += [(start + cut[0]).rstrip(), *(" " * len(start) + line for line in cut[1:])]
    return lines
