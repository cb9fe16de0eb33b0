"""Institutional quality and international linkage."""

from __future__ import annotations

from sim.engine.declare import aux, flow, stock
from sim.engine.functions import clip


@aux(
    unit="1", vi="Chất lượng thể chế mục tiêu", source="Worldwide Governance Indicators, rescaled; judgement"
)
def institutions_target(
    institutions_0, institutions_trend, t, start_year, institutions_span, reform_effect, reform_eff
):
    """Institutional quality that present reform leads to"""
    trend = clip((t - start_year) / institutions_span, 0, 1)
    return institutions_0 + institutions_trend * trend + reform_effect * reform_eff


@stock(
    unit="1",
    initial="institutions_0",
    inflow="institutions_change",
    vi="Chất lượng thể chế",
    source="first-order adjustment",
)
def institutions():
    """Institutional quality"""


@flow(unit="1/year", vi="Thay đổi chất lượng thể chế", source="first-order adjustment")
def institutions_change(institutions_target, institutions, institutions_time):
    """Change of institutional quality"""
    return (institutions_target - institutions) / institutions_time


@stock(
    unit="1",
    initial="intl_linkage_0",
    inflow="intl_linkage_change",
    vi="Liên kết quốc tế",
    source="first-order adjustment",
)
def intl_linkage():
    """International linkage of research and firms"""


@flow(unit="1/year", vi="Thay đổi liên kết quốc tế", source="first-order adjustment")
def intl_linkage_change(intl_linkage_0, coop_linkage_gain, coop_eff, intl_linkage, intl_linkage_time):
    """Change of international linkage"""
    return (intl_linkage_0 + coop_linkage_gain * coop_eff - intl_linkage) / intl_linkage_time
