"""Business R&D in the aggregate: own money, additionality of support, execution, knowledge."""

from __future__ import annotations

from sim.engine.declare import aux, delay3, flow, identity, initial, stock
from sim.engine.functions import power


@aux(unit="tn_VND2020/year", vi="R&D doanh nghiệp tự bỏ vốn", source="sum over firms")
def own_bus_rd(enterprise_gdp_share, gdp, business_rd_intensity):
    """Business R&D that firms want to fund themselves"""
    return enterprise_gdp_share * gdp * business_rd_intensity


@aux(unit="1", vi="Mức hỗ trợ so với R&D doanh nghiệp", source="Guellec and van Pottelsberghe (2003)")
def subsidy_generosity(subsidy_planned, generosity_half, own_bus_rd, rd_money_floor):
    """Support relative to the level at which its additionality has halved"""
    return subsidy_planned / max(rd_money_floor, generosity_half * own_bus_rd)


@aux(
    unit="1",
    vi="Tính bổ sung của hỗ trợ",
    source="Guellec and van Pottelsberghe (2003); Dimos and Pugh (2016)",
)
def subsidy_additionality(additionality, focus_additionality_gain, focus_eff, subsidy_generosity):
    """Own R&D added by each unit of support, falling with generosity"""
    return (
        additionality
        * (1 + focus_additionality_gain * focus_eff)
        / (1 + subsidy_generosity * subsidy_generosity)
    )


@aux(unit="tn_VND2020/year", vi="R&D doanh nghiệp mong muốn", source="definition")
def bus_rd_desired(own_bus_rd, subsidy_planned, subsidy_additionality):
    """Business R&D that firms want to perform"""
    return max(0, own_bus_rd + subsidy_planned * (1 + subsidy_additionality))


@aux(
    unit="1",
    vi="Hệ số thực hiện R&D doanh nghiệp",
    source="Goolsbee (1998): researchers are a real constraint",
)
def bus_exec_factor(researchers_bus, desired_bus, execution_exponent, researchers_floor, tiny):
    """Part of desired business R&D for which there are researchers"""
    if researchers_bus <= 0:
        return 0
    return power(max(tiny, min(1, researchers_bus / max(researchers_floor, desired_bus))), execution_exponent)


@aux(unit="tn_VND2020/year", vi="R&D doanh nghiệp thực hiện", source="definition")
def bus_rd_exec(bus_rd_desired, bus_exec_factor):
    """Business R&D performed"""
    return bus_rd_desired * bus_exec_factor


@aux(unit="1", vi="Giá R&D doanh nghiệp", source="Goolsbee (1998)")
def rd_price_bus(prem_b, rd_wage_share):
    """Price of business R&D relative to productivity-indexed wages"""
    return power(prem_b, rd_wage_share)


@aux(unit="tn_VND2020/year", vi="Khối lượng R&D doanh nghiệp", source="Goolsbee (1998)")
def bus_rd_volume(bus_rd_exec, rd_price_bus):
    """Business R&D at constant price of researchers"""
    return bus_rd_exec / rd_price_bus


@initial(
    unit="tn_VND2020", vi="Tri thức doanh nghiệp đang hình thành, mỗi bậc", source="steady state in 2010"
)
def bus_pipeline_0(bus_rd_gdp_0, gdp_0, bus_gestation, pipeline_stages):
    """Business R&D in each stage of gestation at the start"""
    return bus_rd_gdp_0 * gdp_0 * bus_gestation / pipeline_stages


bus_knowledge_inflow = delay3(
    "bus_knowledge_inflow",
    input="bus_rd_volume",
    delay="bus_gestation",
    initial="bus_pipeline_0",
    unit="tn_VND2020/year",
    stock_unit="tn_VND2020",
    label="Business R&D that becomes usable knowledge",
    vi="R&D doanh nghiệp trở thành tri thức dùng được",
    source="gestation of business R&D",
)


@initial(unit="tn_VND2020", vi="Tri thức doanh nghiệp năm đầu", source="perpetual inventory")
def bus_knowledge_0(bus_knowledge_gdp_0, gdp_0):
    """Stock of business knowledge at the start"""
    return bus_knowledge_gdp_0 * gdp_0


@stock(
    unit="tn_VND2020",
    initial="bus_knowledge_0",
    inflow="bus_knowledge_inflow",
    outflow="bus_knowledge_decay",
    vi="Tri thức doanh nghiệp",
    source="perpetual inventory",
)
def bus_knowledge():
    """Stock of business knowledge"""


@flow(unit="tn_VND2020/year", vi="Lạc hậu tri thức doanh nghiệp", source="Li and Hall (2020)")
def bus_knowledge_decay(bus_knowledge_depreciation, bus_knowledge):
    """Obsolescence of business knowledge"""
    return bus_knowledge_depreciation * bus_knowledge


@aux(unit="tn_VND2020/year", vi="Tổng chi R&D trong nước", source="Frascati manual")
def gerd(pub_rd_exec, bus_rd_exec):
    """Gross domestic expenditure on R&D"""
    return pub_rd_exec + bus_rd_exec


@aux(unit="tn_VND2020/year", vi="R&D do xã hội bỏ vốn", source="Frascati manual, source of funds")
def society_funded_rd(own_bus_rd, subsidy_planned, subsidy_additionality, bus_exec_factor):
    """R&D funded by business and other sources outside the state budget"""
    return max(-subsidy_planned, own_bus_rd + subsidy_planned * subsidy_additionality) * bus_exec_factor


@identity(vi="R&D theo nguồn vốn bằng R&D theo nơi thực hiện", source="Frascati manual")
def gerd_balance(gerd, gov_funded_rd, society_funded_rd, rd_money_floor):
    """R&D by source of funds equals R&D by performer"""
    return (gov_funded_rd + society_funded_rd - gerd) / max(rd_money_floor, gerd)
