"""High-tech foreign investment and the high-tech share of goods exports."""

from __future__ import annotations

from sim.engine.declare import annual, aux, flow, initial, noise, stock
from sim.engine.functions import clip, exp, log, power

shock_electronics = noise(
    "shock_electronics",
    label="Innovation of the electronics cycle",
    vi="Cú sốc chu kỳ điện tử",
    source="autoregressive process",
)


@initial(unit="tn_VND2020", vi="Vốn FDI công nghệ cao năm đầu", source="realised foreign investment")
def fdi_hightech_0(fdi_gdp_0, gdp_0):
    """High-tech FDI stock at the start"""
    return fdi_gdp_0 * gdp_0


@stock(
    unit="tn_VND2020",
    initial="fdi_hightech_0",
    inflow="fdi_inflow",
    outflow="fdi_decay",
    vi="Vốn FDI công nghệ cao",
    source="perpetual inventory",
)
def fdi_hightech():
    """Stock of high-tech foreign direct investment"""


@aux(unit="1", vi="Sức hút FDI công nghệ cao", source="judgement")
def attract(
    attract_institution_effect,
    institutions,
    institutions_0,
    attract_skill_effect,
    skill_ratio,
    attract_shortage_effect,
    shortage,
    fdi_link_attract_gain,
    fdi_link_eff,
    fdi_shock,
    tiny,
):
    """Attractiveness to high-tech foreign investment, one at the start"""
    appeal = (
        attract_institution_effect * (institutions - institutions_0)
        + attract_skill_effect * log(max(tiny, skill_ratio))
        - attract_shortage_effect * shortage
    )
    return exp(appeal) * (1 + fdi_link_attract_gain * fdi_link_eff) * (1 - fdi_shock)


@flow(unit="tn_VND2020/year", vi="Dòng FDI công nghệ cao", source="realised foreign investment")
def fdi_inflow(fdi_inflow_rate, gdp, attract):
    """Inflow of high-tech foreign direct investment"""
    return fdi_inflow_rate * gdp * attract


@flow(unit="tn_VND2020/year", vi="Giảm vốn FDI công nghệ cao", source="perpetual inventory")
def fdi_decay(fdi_depreciation, fdi_hightech):
    """Depreciation and exit of high-tech foreign direct investment"""
    return fdi_depreciation * fdi_hightech


@aux(unit="1", vi="Trần tỷ trọng xuất khẩu công nghệ cao", source="export series 2010-2022")
def ht_ceiling(
    hightech_ceiling_max, hightech_ceiling_ref, fdi_hightech, gdp, fdi_gdp_ref, hightech_fdi_exponent
):
    """Share of high-tech goods in exports that the foreign investment stock supports"""
    return min(
        hightech_ceiling_max,
        hightech_ceiling_ref * power(fdi_hightech / gdp / fdi_gdp_ref, hightech_fdi_exponent),
    )


@stock(
    unit="1",
    initial="hightech_trend_0",
    inflow="hightech_trend_growth",
    vi="Xu hướng tỷ trọng xuất khẩu công nghệ cao",
    source="logistic growth",
)
def hightech_trend():
    """Trend of the high-tech share of goods exports"""


@flow(unit="1/year", vi="Tăng xu hướng xuất khẩu công nghệ cao", source="logistic growth")
def hightech_trend_growth(hightech_growth, hightech_trend, ht_ceiling, hightech_ceiling_floor):
    """Growth of the trend of the high-tech share"""
    return hightech_growth * hightech_trend * (1 - hightech_trend / max(ht_ceiling, hightech_ceiling_floor))


@annual(unit="1", initial="no_shock", vi="Nhiễu chu kỳ điện tử", source="autoregressive process")
def electronics_noise(electronics_noise, shock_electronics, electronics_persistence, electronics_sd):
    """Random part of the electronics cycle"""
    return electronics_persistence * electronics_noise + electronics_sd * shock_electronics


@aux(
    unit="1",
    vi="Tỷ trọng công nghệ cao trong xuất khẩu hàng hóa",
    source="WDI high-technology exports over goods exports",
)
def hightech_share(hightech_trend, electronics_noise, hightech_share_low, hightech_share_high):
    """High-tech share of goods exports"""
    return clip(hightech_trend + electronics_noise, hightech_share_low, hightech_share_high)
