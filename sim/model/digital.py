"""Digital economy: core digital industries and digitalisation of the other industries."""

from __future__ import annotations

from sim.engine.declare import annual, aux, flow, identity, noise, stock
from sim.engine.functions import clip, power

shock_mic_bias = noise(
    "shock_mic_bias",
    label="Step of the ratio between the policy estimate and the statistical digital share",
    vi="Bước ngẫu nhiên của tỷ số giữa ước tính của Bộ TT&TT và số liệu thống kê kinh tế số",
    source="random walk",
)


@aux(unit="1", vi="Kỹ năng số so với quy mô kinh tế", source="judgement")
def digital_skill(stem_workforce, stem_workforce_0, gdp, gdp_0, skill_output_exponent):
    """STEM workforce relative to what the size of the economy calls for"""
    return stem_workforce / stem_workforce_0 / power(gdp / gdp_0, skill_output_exponent)


@aux(unit="1", vi="Hệ số áp dụng công nghệ số", source="judgement")
def adopt_factor(
    infra_factor,
    adopt_gov_base,
    adopt_gov_slope,
    gov_digital,
    digital_skill,
    digital_skill_low,
    digital_skill_high,
    digital_skill_exponent,
    adopt_institution_base,
    adopt_institution_slope,
    institutions,
):
    """Effect of infrastructure, digital government, skills and institutions on adoption"""
    skills = power(clip(digital_skill, digital_skill_low, digital_skill_high), digital_skill_exponent)
    government = adopt_gov_base + adopt_gov_slope * gov_digital
    return (
        infra_factor * government * skills * (adopt_institution_base + adopt_institution_slope * institutions)
    )


@stock(
    unit="1",
    initial="ict_share_0",
    inflow="ict_share_growth",
    vi="Tỷ trọng dịch vụ số lõi ngoài điện tử trong GDP",
    source="logistic growth",
)
def ict_share():
    """Share in GDP of core digital industries other than electronics"""


@flow(unit="1/year", vi="Tăng tỷ trọng dịch vụ số lõi", source="logistic growth")
def ict_share_growth(ict_growth, ict_share, ict_share_max, ict_dgov_gain, dgov_eff, adopt_factor):
    """Growth of the share of core digital industries other than electronics"""
    ceiling = ict_share_max * (1 + ict_dgov_gain * dgov_eff)
    return ict_growth * ict_share * (1 - ict_share / ceiling) * adopt_factor


@aux(unit="1", vi="Tỷ trọng công nghiệp điện tử trong GDP", source="value added content of high-tech exports")
def elec_share(
    hightech_va_content, fdi_link_va_gain, fdi_link_eff, hightech_share, electronics_shock, openness
):
    """Share of electronics manufacturing in GDP"""
    content = hightech_va_content * (1 + fdi_link_va_gain * fdi_link_eff)
    return content * max(0, hightech_share + electronics_shock) * openness


@aux(
    unit="1",
    vi="Tỷ trọng kinh tế số lõi trong GDP",
    source="National Statistics Office: seven core industries",
)
def core_share(ict_share, elec_share):
    """Share of core digital industries in GDP"""
    return ict_share + elec_share


@aux(
    unit="1",
    vi="Tỷ trọng số hóa các ngành khác trong GDP",
    source="National Statistics Office: digitalised part",
)
def digitalised_share(
    digital_intensity,
    digital_maturity,
    core_share,
    digital_deepening,
    deepening_boost,
    t,
    deepening_start,
    projection_start,
    digitalised_dgov_gain,
    dgov_eff,
):
    """Share in GDP of value added from digitalisation of other industries"""
    deepening = digital_deepening * max(0, t - deepening_start) + deepening_boost * max(
        0, t - projection_start
    )
    others = max(0, 1 - core_share)
    return (
        digital_intensity
        * digital_maturity
        * others
        * (1 + deepening)
        * (1 + digitalised_dgov_gain * dgov_eff)
    )


@aux(unit="tn_VND2020/year", vi="Giá trị tăng thêm công nghiệp điện tử", source="definition")
def elec_va(elec_share, gdp):
    """Value added of electronics manufacturing"""
    return elec_share * gdp


@aux(unit="tn_VND2020/year", vi="Giá trị tăng thêm dịch vụ số lõi ngoài điện tử", source="definition")
def ict_va(ict_share, gdp):
    """Value added of core digital industries other than electronics"""
    return ict_share * gdp


@aux(unit="tn_VND2020/year", vi="Giá trị tăng thêm từ số hóa các ngành khác", source="definition")
def digitalised_va(digitalised_share, gdp):
    """Value added from digitalisation of other industries"""
    return digitalised_share * gdp


@aux(unit="tn_VND2020/year", vi="Giá trị tăng thêm kinh tế số", source="National Statistics Office")
def digital_va(elec_va, ict_va, digitalised_va):
    """Value added of the digital economy"""
    return elec_va + ict_va + digitalised_va


@annual(
    unit="1",
    initial="mic_bias_0",
    vi="Log tỷ số giữa ước tính của Bộ TT&TT và số liệu thống kê",
    source="ratio of the two published series, 2022-2024; afterwards a random walk",
)
def mic_bias(
    mic_bias, t, mic_bias_first_year, mic_bias_last_year, mic_bias_drift, mic_bias_sd, shock_mic_bias
):
    """Log ratio of the policy estimate of the digital economy to the statistical one"""
    if t <= mic_bias_first_year:
        return mic_bias
    if t <= mic_bias_last_year:
        return mic_bias + mic_bias_drift
    return mic_bias + mic_bias_sd * shock_mic_bias


@identity(vi="Kinh tế số bằng phần lõi cộng phần số hóa", source="National Statistics Office")
def digital_balance(digital_va, core_share, digitalised_share, gdp):
    """Value added of the digital economy equals core and digitalised parts"""
    return digital_va / ((core_share + digitalised_share) * gdp) - 1
