"""Indicators: what is compared with official statistics and with targets."""

from __future__ import annotations

from sim.engine.declare import annual, aux, indicator
from sim.engine.functions import clip, exp, log, power


@indicator(unit="percent", vi="Chi R&D trên GDP", source="UNESCO UIS / WDI GB.XPD.RSDV.GD.ZS", headline=True)
def gerd_gdp(percent_per_one, gerd, gdp):
    """R&D expenditure, percent of GDP"""
    return percent_per_one * gerd / gdp


@indicator(unit="percent", vi="R&D công trên GDP", source="definition")
def pub_rd_gdp(percent_per_one, pub_rd_exec, gdp):
    """Public R&D performed, percent of GDP"""
    return percent_per_one * pub_rd_exec / gdp


@indicator(unit="percent", vi="R&D doanh nghiệp trên GDP", source="definition")
def bus_rd_gdp(percent_per_one, bus_rd_exec, gdp):
    """Business R&D performed, percent of GDP"""
    return percent_per_one * bus_rd_exec / gdp


@indicator(
    unit="percent",
    vi="Tỷ trọng R&D ngoài ngân sách",
    source="Frascati manual, source of funds",
    headline=True,
)
def nonstate_rd_share(percent_per_one, gov_funded_rd, gerd, rd_money_floor):
    """Share of R&D not funded by the state budget"""
    return percent_per_one * (1 - gov_funded_rd / max(rd_money_floor, gerd))


@indicator(
    unit="percent", vi="Kinh phí KH&CN thực giải ngân trên chi ngân sách", source="definition", headline=True
)
def st_disbursed_share(percent_per_one, disbursement, budget_total, st_share, st_effective_share):
    """S&T, innovation and digital money disbursed, percent of state budget expenditure"""
    relabelled = st_share - st_effective_share
    return percent_per_one * (disbursement / budget_total + relabelled)


@indicator(
    unit="per_10k*FTE/person",
    vi="Nhà nghiên cứu quy đổi toàn thời gian trên một vạn dân",
    source="R&D survey, full-time equivalent",
    headline=True,
)
def researchers_per_10k(researchers_pub, researchers_bus, population, per_10k_per_thousandth):
    """Researchers per 10 000 inhabitants, full-time equivalent"""
    return per_10k_per_thousandth * (researchers_pub + researchers_bus) / population


@indicator(
    unit="per_10k",
    vi="Nhà nghiên cứu trên một vạn dân, theo đầu người",
    source="R&D survey, headcount",
    headline=True,
)
def researchers_headcount_per_10k(researchers_per_10k, headcount_per_fte):
    """Researchers per 10 000 inhabitants, headcount"""
    return researchers_per_10k * headcount_per_fte


@indicator(
    unit="percent",
    vi="Tỷ trọng kinh tế số trong GDP (thống kê)",
    source="National Statistics Office",
    headline=True,
)
def digital_share_nso(percent_per_one, digital_va, gdp):
    """Digital economy, percent of GDP, statistical measure"""
    return percent_per_one * digital_va / gdp


@indicator(unit="percent", vi="Tỷ trọng kinh tế số lõi trong GDP", source="National Statistics Office")
def digital_core_share(percent_per_one, core_share):
    """Core digital industries, percent of GDP"""
    return percent_per_one * core_share


@indicator(unit="percent", vi="Tỷ trọng số hóa các ngành khác trong GDP", source="National Statistics Office")
def digital_digitalised_share(percent_per_one, digitalised_share):
    """Digitalised part of other industries, percent of GDP"""
    return percent_per_one * digitalised_share


@indicator(
    unit="percent",
    vi="Tỷ trọng kinh tế số trong GDP (ước tính của Bộ TT&TT)",
    source="former Ministry of Information",
    headline=True,
)
def digital_share_mic(digital_share_nso, mic_bias):
    """Digital economy, percent of GDP, policy estimate"""
    return digital_share_nso * exp(mic_bias)


@indicator(
    unit="percent",
    vi="Tỷ trọng công nghệ cao trong xuất khẩu hàng hóa",
    source="WDI high-technology exports",
    headline=True,
)
def hightech_export_share(percent_per_one, hightech_share):
    """High-tech share of goods exports"""
    return percent_per_one * hightech_share


@indicator(
    unit="percent",
    vi="Tỷ lệ doanh nghiệp đổi mới sáng tạo",
    source="Oslo manual; scale is judgement",
    headline=True,
)
def innovative_firms_share(percent_per_one, innovative_share, innovation_scale):
    """Enterprises with innovation activity in the last three years"""
    return percent_per_one * min(1, innovation_scale * innovative_share)


@aux(unit="tn_VND2020/year/million_person", vi="GDP thực bình quân đầu người", source="definition")
def gdp_per_capita(gdp, population):
    """Real GDP per head"""
    return gdp / population


@annual(
    unit="tn_VND2020/year/million_person",
    initial="gdp_per_capita_2024",
    vi="GDP thực bình quân đầu người, đầu năm gốc",
    source="definition",
)
def gdp_per_capita_base(gdp_per_capita_base, gdp_per_capita, t, gni_base_year):
    """Real GDP per head at the start of the base year of the income indicator"""
    if t == gni_base_year:
        return gdp_per_capita
    return gdp_per_capita_base


@indicator(
    unit="USD2024", vi="GNI bình quân đầu người, USD 2024", source="World Bank Atlas method", headline=True
)
def gni_pc_usd(gni_pc_base, gdp_per_capita, gdp_per_capita_base, rer_trend, t, gni_base_year, annual_step):
    """GNI per head at constant 2024 US dollars, Atlas method"""
    appreciation = rer_trend * max(0, t - gni_base_year - annual_step)
    return gni_pc_base * gdp_per_capita / gdp_per_capita_base * exp(appreciation)


@indicator(unit="TWh/year", vi="Điện sử dụng", source="Ministry of Industry and Trade", headline=True)
def electricity_use(elec_demand, elec_available):
    """Electricity use"""
    return min(elec_demand, elec_available)


@indicator(
    unit="patent/year",
    vi="Đơn đăng ký sáng chế của người Việt Nam",
    source="knowledge production function",
    headline=True,
)
def patent_apps(
    patents_ref,
    bus_knowledge,
    bus_knowledge_ref,
    patent_knowledge_exponent,
    researchers_bus,
    researchers_pub,
    researchers_ref,
    quality_institution_base,
    quality_institution_slope,
    institutions,
):
    """Patent applications of residents"""
    knowledge = power(bus_knowledge / bus_knowledge_ref, patent_knowledge_exponent)
    people = power((researchers_bus + researchers_pub) / researchers_ref, 1 - patent_knowledge_exponent)
    return (
        patents_ref
        * knowledge
        * people
        * (quality_institution_base + quality_institution_slope * institutions)
    )


@indicator(
    unit="publication/year",
    vi="Công bố quốc tế (Scopus)",
    source="knowledge production function",
    headline=True,
)
def publications(
    publications_ref,
    pub_quality,
    pub_knowledge,
    pub_knowledge_ref,
    publication_knowledge_exponent,
    researchers_pub,
    researchers_pub_ref,
    coop_publication_gain,
    coop_eff,
):
    """International publications"""
    knowledge = power(pub_quality * pub_knowledge / pub_knowledge_ref, publication_knowledge_exponent)
    people = power(researchers_pub / researchers_pub_ref, 1 - publication_knowledge_exponent)
    return publications_ref * knowledge * people * (1 + coop_publication_gain * coop_eff)


@indicator(unit="percent", vi="Tỷ lệ sáng chế được thương mại hóa", source="judgement", headline=True)
def commercial_rate(
    percent_per_one,
    commercial_base,
    commercial_slope,
    absorptive_active_mean,
    commercial_threshold,
    commercial_span,
    reform_commercial_gain,
    reform_eff,
):
    """Share of inventions exploited commercially"""
    capability = clip(absorptive_active_mean - commercial_threshold, 0, commercial_span)
    return percent_per_one * (
        commercial_base + commercial_slope * capability * (1 + reform_commercial_gain * reform_eff)
    )


@indicator(unit="1", vi="Chỉ số phát triển chính phủ điện tử", source="UN E-Government Survey", headline=True)
def egdi(
    egdi_2024,
    egdi_gov_effect,
    gov_digital,
    gov_digital_ref,
    egdi_infra_effect,
    digital_infra_ratio,
    egdi_trend,
    t,
    egdi_base_year,
):
    """E-government development index"""
    gain = (
        egdi_gov_effect * (gov_digital - gov_digital_ref)
        + egdi_infra_effect * log(digital_infra_ratio)
        + egdi_trend * (t - egdi_base_year)
    )
    if gain > 0:
        # the nearer to one, the limit of the index, the slower
        return 1 - (1 - egdi_2024) * exp(-gain / (1 - egdi_2024))
    return max(0, egdi_2024 + gain)


@indicator(unit="percent", vi="Tỷ lệ giải ngân KH&CN", source="definition")
def disbursed_percent(percent_per_one, disbursement_rate):
    """Share of available S&T money that is disbursed"""
    return percent_per_one * disbursement_rate


@indicator(unit="percent", vi="Tỷ lệ doanh nghiệp có R&D", source="definition")
def rd_firms_share(percent_per_one, rd_participation):
    """Enterprises that perform R&D"""
    return percent_per_one * rd_participation
