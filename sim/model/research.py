"""Public research: execution, quality, gestation and the stock of public knowledge."""

from __future__ import annotations

from sim.engine.declare import aux, delay3, flow, initial, stock
from sim.engine.functions import power


@aux(unit="tn_VND2020/year", vi="Chi R&D công theo kế hoạch", source="definition")
def pub_rd_planned(comp_rd_eff, disbursement):
    """Public R&D planned out of money actually disbursed"""
    return comp_rd_eff * disbursement


@aux(unit="1", vi="Hệ số thực hiện R&D công", source="Goolsbee (1998): researchers are a real constraint")
def pub_exec_factor(researchers_pub, desired_pub, execution_exponent, researchers_floor, tiny):
    """Part of planned public R&D for which there are researchers"""
    if researchers_pub <= 0:
        return 0
    return power(max(tiny, min(1, researchers_pub / max(researchers_floor, desired_pub))), execution_exponent)


@aux(unit="tn_VND2020/year", vi="Chi R&D công thực hiện", source="definition")
def pub_rd_exec(pub_rd_planned, pub_exec_factor):
    """Public R&D executed"""
    return pub_rd_planned * pub_exec_factor


@aux(unit="1", vi="Chất lượng nghiên cứu công", source="judgement; Azoulay et al. (2019)")
def pub_quality(
    pub_quality_0,
    focus_quality_gain,
    focus_eff,
    pay_quality_gain,
    pay_eff,
    quality_institution_base,
    quality_institution_slope,
    institutions,
):
    """Productivity of public knowledge relative to business knowledge"""
    environment = quality_institution_base + quality_institution_slope * institutions
    return (
        pub_quality_0 * (1 + focus_quality_gain * focus_eff) * (1 + pay_quality_gain * pay_eff) * environment
    )


@initial(
    unit="tn_VND2020",
    vi="Tri thức công đang hình thành, mỗi bậc",
    source="steady state of public R&D in 2010",
)
def pub_pipeline_0(pub_rd_gdp_0, gdp_0, pub_gestation, pipeline_stages):
    """Public R&D in each stage of gestation at the start"""
    return pub_rd_gdp_0 * gdp_0 * pub_gestation / pipeline_stages


pub_knowledge_inflow = delay3(
    "pub_knowledge_inflow",
    input="pub_rd_exec",
    delay="pub_gestation",
    initial="pub_pipeline_0",
    unit="tn_VND2020/year",
    stock_unit="tn_VND2020",
    label="Public R&D that becomes usable knowledge",
    vi="R&D công trở thành tri thức dùng được",
    source="gestation of public research",
)


@initial(unit="tn_VND2020", vi="Tri thức công năm đầu", source="perpetual inventory")
def pub_knowledge_0(pub_knowledge_gdp_0, gdp_0):
    """Stock of public knowledge at the start"""
    return pub_knowledge_gdp_0 * gdp_0


@stock(
    unit="tn_VND2020",
    initial="pub_knowledge_0",
    inflow="pub_knowledge_inflow",
    outflow="pub_knowledge_decay",
    vi="Tri thức công",
    source="perpetual inventory",
)
def pub_knowledge():
    """Stock of public knowledge"""


@flow(unit="tn_VND2020/year", vi="Lạc hậu tri thức công", source="Li and Hall (2020)")
def pub_knowledge_decay(pub_knowledge_depreciation, pub_knowledge):
    """Obsolescence of public knowledge"""
    return pub_knowledge_depreciation * pub_knowledge


@aux(unit="tn_VND2020/year", vi="Hỗ trợ R&D doanh nghiệp theo kế hoạch", source="definition")
def subsidy_planned(comp_ent_eff, disbursement):
    """Support to business R&D planned"""
    return comp_ent_eff * disbursement


@aux(unit="tn_VND2020/year", vi="Hỗ trợ R&D doanh nghiệp thực hiện", source="definition")
def subsidy(subsidy_planned, bus_exec_factor):
    """Support to business R&D executed"""
    return subsidy_planned * bus_exec_factor


@aux(unit="tn_VND2020/year", vi="R&D từ ngân sách nhà nước", source="Frascati manual, source of funds")
def gov_funded_rd(pub_rd_exec, subsidy):
    """R&D funded by the state budget"""
    return pub_rd_exec + subsidy
