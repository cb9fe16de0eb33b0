"""Output, capital and total factor productivity."""

from __future__ import annotations

from sim.engine.declare import annual, aux, flow, identity, initial, noise, stock
from sim.engine.functions import exp, log, power

shock_output_gap = noise(
    "shock_output_gap",
    label="Innovation of the output gap",
    vi="Cú sốc chênh lệch sản lượng",
    source="autoregressive process",
)
shock_recession = noise(
    "shock_recession",
    label="Draw that decides whether a world recession begins this year",
    vi="Biến ngẫu nhiên quyết định suy thoái thế giới có bắt đầu trong năm hay không",
    source="judgement",
    distribution="uniform",
    neutral=1.0,
)
shock_recession_depth = noise(
    "shock_recession_depth",
    label="Draw of the depth of a world recession",
    vi="Biến ngẫu nhiên về độ sâu suy thoái thế giới",
    source="judgement",
    distribution="uniform",
    neutral=1.0,
)
shock_tfp = noise(
    "shock_tfp", label="Innovation of TFP growth", vi="Cú sốc tăng trưởng TFP", source="white noise"
)


@initial(unit="million_person", vi="Lao động năm đầu", source="labour force survey")
def labour_0(labour):
    """Labour at the start"""
    return labour


@initial(unit="tn_VND2020", vi="Vốn sản xuất năm đầu", source="capital-output ratio")
def capital_0(capital_output_0, gdp_0):
    """Capital at the start"""
    return capital_output_0 * gdp_0


@initial(unit="tn_VND2020/year/million_person", vi="Năng suất lao động năm đầu", source="definition")
def labour_prod_0(gdp_0, labour_0):
    """Labour productivity at the start"""
    return gdp_0 / labour_0


@stock(
    unit="tn_VND2020",
    initial="capital_0",
    inflow="investment",
    outflow="depreciation",
    vi="Vốn sản xuất",
    source="perpetual inventory",
)
def capital():
    """Productive capital"""


@aux(unit="1", vi="Đóng góp của FDI công nghệ cao vào tỷ lệ đầu tư", source="judgement")
def fdi_investment_effect(fdi_additionality, fdi_inflow_rate, attract, fdi_inflow_ref):
    """Change of the investment rate due to high-tech FDI above or below its reference"""
    return fdi_additionality * (fdi_inflow_rate * attract - fdi_inflow_ref)


@flow(unit="tn_VND2020/year", vi="Đầu tư", source="national accounts")
def investment(investment_rate, fdi_investment_effect, gdp):
    """Investment"""
    return max(0, investment_rate + fdi_investment_effect) * gdp


@flow(unit="tn_VND2020/year", vi="Khấu hao", source="perpetual inventory")
def depreciation(capital_depreciation, capital):
    """Depreciation of capital"""
    return capital_depreciation * capital


@stock(
    unit="1",
    initial="tfp_0",
    inflow="tfp_change",
    vi="Năng suất các nhân tố tổng hợp",
    source="growth accounting",
)
def tfp():
    """Total factor productivity, one at the start"""


@flow(unit="1/year", vi="Thay đổi TFP", source="growth accounting")
def tfp_change(tfp_growth, tfp):
    """Change of total factor productivity"""
    return tfp_growth * tfp


@aux(unit="1", vi="Khoảng cách TFP tới biên công nghệ", source="Griffith, Redding, Van Reenen (2004)")
def tfp_gap(tfp_gap_0, frontier_growth, t, start_year, tfp, tfp_0):
    """Log distance of TFP from the technological frontier"""
    return max(0, tfp_gap_0 + frontier_growth * (t - start_year) - log(tfp / tfp_0))


@annual(unit="1", initial="no_shock", vi="Nhiễu chênh lệch sản lượng", source="autoregressive process")
def output_gap_noise(output_gap_noise, shock_output_gap, output_gap_persistence, output_gap_sd):
    """Random part of the output gap"""
    return output_gap_persistence * output_gap_noise + output_gap_sd * shock_output_gap


@annual(unit="1", initial="no_shock", vi="Mất sản lượng do suy thoái thế giới", source="judgement")
def recession_loss(
    recession_loss,
    shock_recession,
    shock_recession_depth,
    recession_hazard,
    recession_depth_low,
    recession_depth_high,
    recession_recovery,
    annual_step,
):
    """Output lost to a rare world recession, decaying over its recovery time"""
    carried = recession_loss * exp(-annual_step / recession_recovery)
    if shock_recession < recession_hazard:
        return (
            carried
            + recession_depth_low
            + (recession_depth_high - recession_depth_low) * shock_recession_depth
        )
    return carried


@aux(unit="1", vi="Tổng chênh lệch sản lượng", source="definition")
def output_gap_total(output_gap, world_demand, output_gap_noise, recession_loss):
    """Log gap of output from what its factors can produce"""
    return output_gap + world_demand + output_gap_noise - recession_loss


@aux(unit="tn_VND2020/year", vi="GDP khi đủ điện", source="Cobb-Douglas production function")
def gdp_unconstrained(gdp_0, tfp, capital, capital_0, capital_share, labour, labour_0, output_gap_total):
    """Output if electricity were sufficient"""
    factors = power(capital / capital_0, capital_share) * power(labour / labour_0, 1 - capital_share)
    return gdp_0 * tfp * factors * exp(output_gap_total)


@aux(unit="tn_VND2020/year", vi="GDP thực, giá 2020", source="Cobb-Douglas production function")
def gdp(gdp_unconstrained, energy_loss):
    """Real GDP at 2020 prices"""
    return gdp_unconstrained * (1 - energy_loss)


@aux(unit="tn_VND2020/year/million_person", vi="Năng suất lao động", source="definition")
def labour_prod(gdp, labour):
    """Labour productivity"""
    return gdp / labour


@aux(unit="1", vi="Năng suất lao động so với năm 2010", source="definition")
def labour_prod_index(labour_prod, labour_prod_0):
    """Labour productivity relative to the start"""
    return labour_prod / labour_prod_0


@aux(unit="1", vi="Chỉ số kỹ năng STEM của lao động", source="definition")
def skill_ratio(stem_workforce, labour, stem_workforce_0, labour_0):
    """STEM share of labour relative to the start"""
    return stem_workforce / stem_workforce_0 * labour_0 / labour


@aux(unit="1", vi="Hệ số thể chế của hiệu quả R&D", source="Goñi and Maloney (2017)")
def institution_factor(institution_factor_base, institution_factor_slope, institutions):
    """Factor by which institutions scale absorption and the return to R&D"""
    return institution_factor_base + institution_factor_slope * institutions


@aux(unit="year", vi="Cường độ tri thức R&D", source="Hall, Mairesse, Mohnen (2010)")
def rd_intensity_stock(bus_knowledge, pub_quality, pub_knowledge, gdp):
    """Knowledge stock relative to output"""
    return (bus_knowledge + pub_quality * pub_knowledge) / gdp


@aux(
    unit="1",
    vi="Năng lực hấp thụ công nghệ",
    source="Griffith, Redding, Van Reenen (2004); Goñi and Maloney (2017)",
)
def absorb(
    institution_factor,
    linkage_factor_base,
    linkage_factor_slope,
    intl_linkage,
    skill_ratio,
    skill_exponent,
    absorb_floor,
    absorb_rd_effect,
    rd_intensity_stock,
    rd_intensity_ref,
    tiny,
):
    """Capacity to absorb foreign technology"""
    learning = 1 + absorb_rd_effect * log(max(tiny, rd_intensity_stock / rd_intensity_ref))
    openness_factor = linkage_factor_base + linkage_factor_slope * intl_linkage
    skills = power(max(tiny, skill_ratio), skill_exponent)
    return institution_factor * openness_factor * skills * max(absorb_floor, learning)


@aux(
    name="rd_return",
    variant="bounded",
    unit="1/year",
    vi="Suất sinh lợi xã hội của R&D",
    source="bounded rate of return; Hall, Mairesse, Mohnen (2010)",
)
def rd_return_bounded(rd_return_max, rd_return_half, rd_intensity_stock, institution_factor):
    """Rate of return to knowledge, falling as knowledge becomes abundant"""
    return rd_return_max / (rd_return_half + rd_intensity_stock) * institution_factor


@aux(
    name="rd_return",
    variant="elastic",
    unit="1/year",
    vi="Suất sinh lợi xã hội của R&D",
    source="constant elasticity; Hall, Mairesse, Mohnen (2010), Ugur et al. (2016)",
)
def rd_return_elastic(rd_elasticity, rd_intensity_stock, rd_intensity_floor):
    """Rate of return to knowledge under a constant elasticity of output"""
    return rd_elasticity / max(rd_intensity_floor, rd_intensity_stock)


@aux(
    name="rd_return",
    variant="fishing_out",
    unit="1/year",
    vi="Suất sinh lợi xã hội của R&D",
    source="ideas get harder to find; Bloom, Jones, Van Reenen, Webb (2020)",
)
def rd_return_fishing_out(
    rd_return_max, rd_return_half, rd_intensity_stock, institution_factor, tfp, tfp_0, fishing_out_exponent
):
    """Rate of return to knowledge, falling also with the level of productivity"""
    bounded = rd_return_max / (rd_return_half + rd_intensity_stock) * institution_factor
    return bounded * power(tfp / tfp_0, -fishing_out_exponent)


@aux(unit="1/year", vi="Đóng góp của R&D vào tăng TFP", source="Hall, Mairesse, Mohnen (2010)")
def rd_tfp_term(
    rd_return,
    bus_knowledge_inflow,
    bus_knowledge_decay,
    pub_quality,
    pub_knowledge_inflow,
    pub_knowledge_decay,
    gdp,
):
    """TFP growth from net additions to knowledge"""
    net = (
        bus_knowledge_inflow
        - bus_knowledge_decay
        + pub_quality * (pub_knowledge_inflow - pub_knowledge_decay)
    )
    return rd_return * net / gdp


@aux(
    name="convergence_rate",
    variant="linear",
    unit="1/year",
    vi="Tốc độ hội tụ công nghệ",
    source="technology convergence linear in the gap",
)
def convergence_rate_linear(convergence_speed):
    """Speed of technological convergence"""
    return convergence_speed


@aux(
    name="convergence_rate",
    variant="trap",
    unit="1/year",
    vi="Tốc độ hội tụ công nghệ",
    source="middle-income slowdown; Eichengreen, Park, Shin (2013)",
)
def convergence_rate_trap(
    convergence_speed, tfp_gap, trap_gap, rd_intensity_stock, trap_rd_intensity, trap_slowdown
):
    """Speed of technological convergence, lower at middle income while knowledge is scarce"""
    if tfp_gap < trap_gap and rd_intensity_stock < trap_rd_intensity:
        return convergence_speed * (1 - trap_slowdown)
    return convergence_speed


@aux(unit="1/year", vi="Đóng góp của hội tụ vào tăng TFP", source="Griffith, Redding, Van Reenen (2004)")
def convergence_term(convergence_rate, absorb, tfp_gap):
    """TFP growth from catching up with the frontier"""
    return convergence_rate * absorb * tfp_gap


@aux(unit="1/year", vi="Đóng góp của số hóa vào tăng TFP", source="firm-level adoption premia")
def digital_tfp_term(digital_tfp_effect, digital_maturity_change):
    """TFP growth from rising digital maturity of firms"""
    return digital_tfp_effect * digital_maturity_change


@aux(
    unit="1/year",
    vi="Đóng góp của liên kết FDI vào tăng TFP",
    source="Havranek and Irsova (2011); Newman et al. (2015)",
)
def link_tfp_term(link_tfp_effect, link_spillover_rate, linked_share):
    """TFP growth from links of domestic firms with foreign supply chains"""
    return link_tfp_effect * link_spillover_rate * linked_share


@aux(unit="1/year", vi="Tăng trưởng TFP", source="Coe and Helpman (1995)")
def tfp_growth(
    frontier_growth, convergence_term, rd_tfp_term, digital_tfp_term, link_tfp_term, tfp_shock_sd, shock_tfp
):
    """Growth of total factor productivity"""
    systematic = frontier_growth + convergence_term + rd_tfp_term + digital_tfp_term + link_tfp_term
    return systematic + tfp_shock_sd * shock_tfp


@identity(vi="GDP bằng hàm sản xuất", source="growth accounting in logarithms")
def gdp_accounting(
    gdp, gdp_0, tfp, capital, capital_0, capital_share, labour, labour_0, output_gap_total, energy_loss
):
    """GDP equals what growth accounting gives"""
    factors = capital_share * log(capital / capital_0) + (1 - capital_share) * log(labour / labour_0)
    return exp(log(tfp) + factors + output_gap_total + log(1 - energy_loss) - log(gdp / gdp_0)) - 1
