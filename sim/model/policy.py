"""Policy: what a lever setting becomes in practice, and what it costs above the hold scenario.

A lever moves only as far as leadership commitment carries it: the effective value is the value of
the hold scenario plus commitment times the distance to the scenario's value.
"""

from __future__ import annotations

from sim.engine.declare import annual, aux, identity, indicator, noise

shock_reversal = noise(
    "shock_reversal",
    label="Draw that decides whether institutional reform suffers a reversal this year",
    vi="Biến ngẫu nhiên quyết định cải cách thể chế có bị đảo chiều trong năm hay không",
    source="judgement",
    distribution="uniform",
    neutral=1.0,
)


@annual(unit="1", initial="before_projection", vi="Giai đoạn dự phóng", source="definition")
def projection_phase(t, projection_start):
    """One from the first projected year on, else zero"""
    if t >= projection_start:
        return 1
    return 0


@annual(unit="1", initial="reform_standing_0", vi="Phần cải cách thể chế còn giữ được", source="judgement")
def reform_standing(reform_standing, shock_reversal, reversal_hazard, reversal_loss):
    """Part of institutional reform that has survived reversals"""
    if shock_reversal < reversal_hazard:
        return reform_standing * (1 - reversal_loss)
    return reform_standing


@aux(unit="1", vi="Cải cách thủ tục có hiệu lực", source="definition: base + commitment * (lever - base)")
def reform_eff(reform, reform_base, commitment, reform_standing):
    """Effective procedural reform"""
    return reform_base + commitment * (reform - reform_base) * reform_standing


@aux(unit="1", vi="Chấp nhận rủi ro có hiệu lực", source="definition: base + commitment * (lever - base)")
def risk_tolerance_eff(risk_tolerance, risk_tolerance_base, commitment):
    """Effective tolerance of honest failure"""
    return risk_tolerance_base + commitment * (risk_tolerance - risk_tolerance_base)


@aux(unit="1", vi="Mức cam kết đối với cơ cấu chi", source="definition")
def composition_commitment(commitment):
    """Commitment as far as it moves budget shares, which cannot overshoot their target"""
    return min(1, commitment)


@aux(unit="1", vi="Tỷ trọng R&D trong chi KH&CN", source="definition: base + commitment * (lever - base)")
def comp_rd_eff(comp_rd, comp_rd_base, composition_commitment):
    """Effective share of research in S&T money"""
    return comp_rd_base + composition_commitment * (comp_rd - comp_rd_base)


@aux(
    unit="1",
    vi="Tỷ trọng hỗ trợ doanh nghiệp trong chi KH&CN",
    source="definition: base + commitment * (lever - base)",
)
def comp_ent_eff(comp_ent, comp_ent_base, composition_commitment):
    """Effective share of support to enterprises in S&T money"""
    return comp_ent_base + composition_commitment * (comp_ent - comp_ent_base)


@aux(
    unit="1", vi="Tỷ trọng nhân lực trong chi KH&CN", source="definition: base + commitment * (lever - base)"
)
def comp_tal_eff(comp_tal, comp_tal_base, composition_commitment):
    """Effective share of talent in S&T money"""
    return comp_tal_base + composition_commitment * (comp_tal - comp_tal_base)


@aux(
    unit="1",
    vi="Tỷ trọng chuyển đổi số trong chi KH&CN",
    source="definition: base + commitment * (lever - base)",
)
def comp_dig_eff(comp_dig, comp_dig_base, composition_commitment):
    """Effective share of digital transformation in S&T money"""
    return comp_dig_base + composition_commitment * (comp_dig - comp_dig_base)


@aux(unit="1", vi="Tỷ trọng quản lý trong chi KH&CN", source="definition: base + commitment * (lever - base)")
def comp_adm_eff(comp_adm, comp_adm_base, composition_commitment):
    """Effective share of administration and other uses in S&T money"""
    return comp_adm_base + composition_commitment * (comp_adm - comp_adm_base)


@aux(unit="1", vi="Mức tập trung đầu tư có hiệu lực", source="definition: base + commitment * (lever - base)")
def focus_eff(focus, focus_base, commitment):
    """Effective concentration of funding on few priorities"""
    return focus_base + commitment * (focus - focus_base)


@aux(
    unit="percent",
    vi="Đầu tư hạ tầng số tăng thêm có hiệu lực",
    source="definition: base + commitment * (lever - base)",
)
def dig_capex_eff(dig_capex, dig_capex_base, commitment):
    """Effective extra investment in digital infrastructure, percent of GDP"""
    return dig_capex_base + commitment * (dig_capex - dig_capex_base)


@aux(
    unit="percent/year",
    vi="Tăng trưởng nguồn điện có hiệu lực",
    source="definition: base + commitment * (lever - base)",
)
def power_growth_eff(power_growth, power_growth_base, commitment):
    """Effective growth of power supply capability"""
    return power_growth_base + commitment * (power_growth - power_growth_base)


@aux(unit="1", vi="Tiết kiệm điện có hiệu lực", source="definition: base + commitment * (lever - base)")
def efficiency_eff(efficiency, efficiency_base, commitment):
    """Effective electricity-saving effort"""
    return efficiency_base + commitment * (efficiency - efficiency_base)


@aux(unit="1", vi="Thu hút kiều bào có hiệu lực", source="definition: base + commitment * (lever - base)")
def diaspora_eff(diaspora, diaspora_base, commitment):
    """Effective diaspora programme"""
    return diaspora_base + commitment * (diaspora - diaspora_base)


@aux(
    unit="1",
    vi="Tăng lương nhà khoa học công có hiệu lực",
    source="definition: base + commitment * (lever - base)",
)
def pay_eff(pay, pay_base, commitment):
    """Effective rise of public researchers' pay"""
    return pay_base + commitment * (pay - pay_base)


@aux(
    unit="1",
    vi="Khấu trừ thuế thêm cho R&D có hiệu lực",
    source="definition: base + commitment * (lever - base)",
)
def tax_ded_eff(tax_ded, tax_ded_base, commitment):
    """Effective extra tax deduction of R&D expense"""
    return tax_ded_base + commitment * (tax_ded - tax_ded_base)


@aux(
    unit="1",
    vi="Tỷ lệ R&D được kê khai ưu đãi có hiệu lực",
    source="definition: base + commitment * (lever - base)",
)
def claim_eff(claim, claim_base, commitment):
    """Effective share of business R&D for which the deduction is claimed"""
    return max(0, min(1, claim_base + commitment * (claim - claim_base)))


@aux(
    unit="1",
    vi="Đầu tư mạo hiểm nhà nước có hiệu lực",
    source="definition: base + commitment * (lever - base)",
)
def venture_eff(venture, venture_base, commitment):
    """Effective venture co-investment"""
    return venture_base + commitment * (venture - venture_base)


@aux(unit="1", vi="R&D của DNNN có hiệu lực", source="definition: base + commitment * (lever - base)")
def soe_rd_eff(soe_rd, soe_rd_base, commitment):
    """Effective mandate for R&D in state firms"""
    return soe_rd_base + commitment * (soe_rd - soe_rd_base)


@aux(unit="1", vi="Liên kết FDI có hiệu lực", source="definition: base + commitment * (lever - base)")
def fdi_link_eff(fdi_link, fdi_link_base, commitment):
    """Effective supplier-development programme"""
    return fdi_link_base + commitment * (fdi_link - fdi_link_base)


@aux(unit="1", vi="Hợp tác quốc tế có hiệu lực", source="definition: base + commitment * (lever - base)")
def coop_eff(coop, coop_base, commitment):
    """Effective international cooperation"""
    return coop_base + commitment * (coop - coop_base)


@aux(unit="tn_VND2020/year", vi="Chi ngân sách KH&CN vượt mức giữ nguyên", source="definition")
def cost_budget(st_budget_share, st_budget_share_base, percent_per_one, budget_total):
    """Cost: state budget for S&T above the hold share"""
    return (st_budget_share - st_budget_share_base) / percent_per_one * budget_total


@aux(
    unit="tn_VND2020/year",
    vi="Chi phí thuế của ưu đãi R&D",
    source="rate of corporate income tax, Law 67/2025/QH15",
)
def tax_expenditure(corporate_tax_rate, tax_ded_eff, claim_eff, own_bus_rd):
    """Tax revenue given up through the R&D deduction"""
    return corporate_tax_rate * tax_ded_eff * claim_eff * own_bus_rd


@aux(unit="tn_VND2020/year", vi="Chi phí thuế vượt mức giữ nguyên", source="definition")
def cost_tax(tax_expenditure, corporate_tax_rate, tax_ded_base, claim_base, own_bus_rd):
    """Cost: tax expenditure above the hold scenario"""
    return tax_expenditure - corporate_tax_rate * tax_ded_base * claim_base * own_bus_rd


@aux(unit="tn_VND2020/year", vi="Chi phí hạ tầng số tăng thêm", source="definition")
def cost_digital_capex(dig_capex_eff, dig_capex_base, percent_per_one, gdp):
    """Cost: public investment in digital infrastructure above the hold scenario"""
    return (dig_capex_eff - dig_capex_base) / percent_per_one * gdp


@aux(unit="tn_VND2020/year", vi="Chi phí nguồn điện tăng thêm", source="judgement")
def cost_power(power_growth_eff, power_growth_base, power_cost_share, gdp):
    """Cost: investment in power supply growth above the hold scenario"""
    return power_cost_share * (power_growth_eff - power_growth_base) * gdp


@aux(unit="tn_VND2020/year", vi="Chi phí các chương trình riêng", source="judgement")
def cost_programmes(
    reform_eff,
    reform_base,
    reform_cost,
    diaspora_eff,
    diaspora_base,
    diaspora_cost,
    venture_eff,
    venture_base,
    venture_cost,
    fdi_link_eff,
    fdi_link_base,
    fdi_link_cost,
    coop_eff,
    coop_base,
    coop_cost,
    gdp,
):
    """Cost: separately funded programmes above the hold scenario"""
    per_gdp = (
        reform_cost * (reform_eff - reform_base)
        + diaspora_cost * (diaspora_eff - diaspora_base)
        + venture_cost * (venture_eff - venture_base)
        + fdi_link_cost * (fdi_link_eff - fdi_link_base)
        + coop_cost * (coop_eff - coop_base)
    )
    return per_gdp * gdp


@indicator(
    unit="tn_VND2020/year", vi="Tổng chi phí so với kịch bản giữ nguyên", source="definition", headline=True
)
def cost_total(cost_budget, cost_tax, cost_digital_capex, cost_power, cost_programmes):
    """Total cost above the hold scenario"""
    return cost_budget + cost_tax + cost_digital_capex + cost_power + cost_programmes


@indicator(unit="percent", vi="Tổng chi phí so với GDP", source="definition", headline=True)
def cost_gdp(cost_total, gdp, percent_per_one):
    """Total cost above the hold scenario, percent of GDP"""
    return percent_per_one * cost_total / gdp


@identity(vi="Cơ cấu chi cộng bằng một", source="accounting")
def composition_balance(comp_rd_eff, comp_ent_eff, comp_tal_eff, comp_dig_eff, comp_adm_eff):
    """Shares of S&T money by use sum to one"""
    return comp_rd_eff + comp_ent_eff + comp_tal_eff + comp_dig_eff + comp_adm_eff - 1
