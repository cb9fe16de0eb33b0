"""What the command line prints for people: the odds of a run and the list of targets."""

from __future__ import annotations

import math
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.charts.words import NBSP, Lang, decimals, line_text, number, plain, unit_words, with_unit
from sim.odds import percent_text
from sim.summary import STATISTICS

if TYPE_CHECKING:
    from sim.country import Country
    from sim.results import Results
    from sim.targets import TargetOdds

WORDS = {
    "target": ("target", "mục tiêu"),
    "year": ("year", "năm"),
    "chance": ("chance", "xác suất"),
    "interval": ("95 % interval", "khoảng 95 %"),
    "outside": ("outside view", "đối chiếu thực tế"),
    "median": ("median", "trung vị"),
    "line": ("needed", "yêu cầu"),
    "not_assessed": ("Not assessed", "Không đánh giá"),
    "joint": ("joint targets", "mục tiêu kết hợp"),
    "cost": (
        "Cost above the hold scenario, median: {share} % of GDP in {year} ({money} trillion dong of 2020), "
        "{total} trillion in all to {year}",
        "Chi phí so với kịch bản giữ nguyên, trung vị: {share} % GDP năm {year} ({money} nghìn tỷ đồng giá "
        "2020), cộng dồn đến {year}: {total} nghìn tỷ",
    ),
    "met": ("{mean} of {count} met on average", "trung bình đạt {mean} trên {count}"),
    "draws": (
        "{draws} draws of {tried} from the priors, those that history does not rule out; {failed} failed",
        "{draws} lượt mô phỏng giữ lại từ {tried} lượt tiên nghiệm, phù hợp với lịch sử; {failed} lượt lỗi",
    ),
    "sampling": (
        "The interval is the sampling error of the draws alone. The outside view is how often comparable "
        "countries, or targets of this kind, made it.",
        "Khoảng tin cậy chỉ gồm sai số lấy mẫu. Đối chiếu thực tế là tỷ lệ các nước tương đồng, hoặc các "
        "mục tiêu cùng loại, từng đạt được.",
    ),
    "warning": ("warning", "cảnh báo"),
}
COST_YEAR = 2030
STATUS = {
    "already_met": ("already met", "đã đạt"),
    "low_confidence": ("low confidence", "độ tin cậy thấp"),
    "ok": ("", ""),
}


def _say(key: str, lang: Lang, **values: object) -> str:
    return WORDS[key][lang == "vi"].format(**values)


def odds_report(results: Results, lang: Lang = "en") -> str:
    """The odds of all assessed targets as a table, joint targets, and what stands behind the numbers."""
    record = results.record
    odds = results.targets()
    assessed = [t for t in odds if t.odds is not None and t.kind != "joint"]
    joint = [t for t in odds if t.odds is not None and t.kind == "joint"]
    width = max(96, min(shutil.get_terminal_size((118, 40)).columns, 140))
    lines = [results.titles.get(lang) or results.titles["en"], ""]
    head = [
        "",
        *(_say(k, lang) for k in ("target", "year", "chance", "interval", "outside", "median", "line")),
        "",
    ]
    lines += _table(head, [_row(t, lang) for t in assessed], width)
    for target in joint:
        met = _say("met", lang, mean=number(target.expected_met or 0.0, lang, 1), count=len(target.members))
        lines.append(f"{_label(target, lang)} ({target.year}): {target.text(lang)}; {met}")
    lines += ["", *_wrapped(_cost(results, lang), width)]
    unassessed = [t.code for t in odds if t.odds is None]
    if unassessed:
        lines += [
            "",
            *_wrapped(f"{_say('not_assessed', lang)}: {', '.join(unassessed)} (nq57 targets)", width),
        ]
    counts = {
        "draws": plain(record.draws, lang),
        "tried": plain(record.candidates_tried, lang),
        "failed": plain(record.failed_draws, lang),
    }
    lines += ["", *_wrapped(_say("draws", lang, **counts), width), *_wrapped(_say("sampling", lang), width)]
    lines += [line for w in record.warnings for line in _wrapped(f"{_say('warning', lang)}: {w}", width)]
    return "\n".join(lines)


def _cost(results: Results, lang: Lang) -> str:
    """What the scenario costs above the hold scenario: medians of :data:`COST_YEAR`, and summed to it."""
    years = results.years
    to_year = years <= COST_YEAR if years[0] <= COST_YEAR else years <= years[-1]
    middle = STATISTICS.index("q50")
    money, share = (results.summary(n)[to_year, middle] for n in ("cost_total", "cost_gdp"))
    return _say(
        "cost",
        lang,
        year=int(years[to_year][-1]),
        share=number(float(share[-1]), lang, 2),
        money=number(float(money[-1]), lang, 0),
        total=number(float(money.sum()), lang, 0),
    )


def _label(target: TargetOdds, lang: Lang) -> str:
    return target.label_vi if lang == "vi" else target.label


def _row(target: TargetOdds, lang: Lang) -> list[str]:
    odds = target.odds
    assert odds is not None
    needed = median = ""
    if target.op is not None and target.value is not None:
        needed = line_text(target.op, target.value, target.unit, lang)
    if math.isfinite(target.q50):
        digits = 0 if target.kind == "rank" else decimals(target.q05, target.q50, target.q95)
        median = with_unit(number(target.q50, lang, digits), target.unit, lang)
    return [
        target.code,
        _label(target, lang),
        str(target.year),
        odds.text(lang),
        odds.interval_text(lang),
        _outside(target.outside_view, lang),
        median.replace(NBSP, " "),
        needed.replace(NBSP, " "),
        STATUS.get(target.status, ("", ""))[lang == "vi"],
    ]


def _outside(view: Mapping[str, Any] | None, lang: Lang) -> str:
    if not view:
        return "–"
    low, high = view["low"], view["high"]
    if low == high:
        return percent_text(low, lang)
    if low == 0:
        return f"< {percent_text(high, lang)}"
    return f"{percent_text(low, lang).removesuffix(' %')}–{percent_text(high, lang)}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Rows in columns; the second column is wrapped to what is left of ``width``."""
    others = [max(len(r[k]) for r in [head, *rows]) for k in range(len(head))]
    others[1] = max(24, width - sum(others) + others[1] - 2 * (len(head) - 1))
    lines = []
    for row in [head, None, *rows]:
        if row is None:
            lines.append("-" * min(width, sum(others) + 2 * (len(head) - 1)))
            continue
        parts = textwrap.wrap(row[1], others[1]) or [""]
        cells = [_cell(c, k, others[k]) for k, c in enumerate([row[0], parts[0], *row[2:]])]
        lines.append("  ".join(cells).rstrip())
        lines += [" " * (others[0] + 2) + part for part in parts[1:]]
    return [*lines, ""]


def _cell(text: str, column: int, width: int) -> str:
    return text.rjust(width) if 3 <= column <= 7 else text.ljust(width)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def target_list(country: Country, lang: Lang = "en") -> str:
    """Every target with its definition, its source and, where the model cannot speak, the reason."""
    lines: list[str] = []
    for target in country.targets:
        label = target.label_vi if lang == "vi" else target.label
        needed = ""
        if target.value is not None:
            line = line_text(str(target.op), target.value, target.unit, lang)
            words = unit_words(target.unit, lang)
            needed = f": {line}" if words.startswith("%") else f": {line} {words}".rstrip()
        lines.append(f"{target.code:<5}{target.id}  {label}{needed} ({target.year})")
        for text in (target.definition, _reason(target, lang), f"{target.source}; {target.source_url}"):
            lines += (
                textwrap.wrap(text, 110, initial_indent="     ", subsequent_indent="     ") if text else []
            )
    for joint in country.joint_targets:
        label = joint.label_vi if lang == "vi" else joint.label
        lines.append(f"     {joint.id}  {label}: {', '.join(joint.members)}")
    return "\n".join(lines)


def _reason(target: Any, lang: Lang) -> str:
    if target.kind != "not_assessed":
        return ""
    reason = getattr(target, "reason_vi" if lang == "vi" else "reason", "") or ""
    return f"{_say('not_assessed', lang)}: {reason}"
