"""Talent: STEM students and workforce, public and business researchers, wages, diaspora."""

from __future__ import annotations

from sim.engine.declare import aux, flow, identity, stock
from sim.engine.functions import clip, exp, log, power


@aux(unit="1", vi="Hiệu lực chi cho nhân lực", source="judgement")
def talent_eff(
    comp_tal_eff,
    disbursement,
    gdp,
    talent_spend_ref,
    talent_spend_unit,
    index_low,
    index_high,
    projection_phase,
):
    """Index of talent spending above its historical share of GDP"""
    index = (comp_tal_eff * disbursement / gdp - talent_spend_ref) / talent_spend_unit
    return projection_phase * clip(index, index_low, index_high)


@stock(
    unit="thousand_person",
    initial="stem_students_0",
    inflow="stem_intake",
    outflow=("stem_graduates", "stem_dropouts"),
    vi="Sinh viên STEM",
    source="ageing chain",
)
def stem_students():
    """Students in science, technology, engineering and mathematics"""


@flow(unit="thousand_person/year", vi="Tuyển sinh STEM", source="enrolment statistics")
def stem_intake(stem_intake_0, stem_intake_growth, t, start_year, talent_intake_gain, talent_eff):
    """New STEM students"""
    return stem_intake_0 * exp(stem_intake_growth * (t - start_year)) * (1 + talent_intake_gain * talent_eff)


@flow(unit="thousand_person/year", vi="Tốt nghiệp STEM", source="ageing chain")
def stem_graduates(completion_share, stem_students, study_time):
    """STEM graduates"""
    return completion_share * stem_students / study_time


@flow(unit="thousand_person/year", vi="Bỏ học STEM", source="ageing chain")
def stem_dropouts(completion_share, stem_students, study_time):
    """STEM students who leave without a degree"""
    return (1 - completion_share) * stem_students / study_time


@stock(
    unit="thousand_person",
    initial="stem_workforce_0",
    inflow="stem_graduates",
    outflow="stem_leavers",
    vi="Lao động STEM",
    source="ageing chain",
)
def stem_workforce():
    """People of working age with a STEM degree"""


@flow(unit="thousand_person/year", vi="Lao động STEM rời đi", source="ageing chain")
def stem_leavers(stem_retirement, stem_emigration, stem_workforce):
    """STEM workforce that retires or leaves the country"""
    return (stem_retirement + stem_emigration) * stem_workforce


@stock(
    unit="1",
    initial="wage_premium_0",
    inflow="wage_premium_change",
    vi="Mức lương nhà nghiên cứu doanh nghiệp so với năng suất",
    source="Goolsbee (1998)",
)
def wage_premium():
    """Business researchers' wage relative to its productivity-indexed level of 2010"""


@aux(unit="1", vi="Khan hiếm nhà nghiên cứu doanh nghiệp", source="Goolsbee (1998)")
def scarcity(desired_bus, researchers_bus, researchers_floor, scarcity_low, scarcity_high, tiny):
    """Log shortage of business researchers"""
    return clip(
        log(max(tiny, desired_bus / max(researchers_floor, researchers_bus))), scarcity_low, scarcity_high
    )


@flow(unit="1/year", vi="Thay đổi mức lương tương đối", source="Goolsbee (1998)")
def wage_premium_change(wage_premium, wage_response, scarcity, wage_reversion, prem_b):
    """Change of the relative wage of business researchers"""
    return wage_premium * (wage_response * scarcity - wage_reversion * log(prem_b))


@aux(unit="1", vi="Mức lương tương đối của nhà nghiên cứu doanh nghiệp", source="definition")
def prem_b(wage_premium, premium_low, premium_high):
    """Relative wage of business researchers, within bounds"""
    return clip(wage_premium, premium_low, premium_high)


@aux(
    unit="bn_VND2020/FTE/year",
    vi="Lương nhà nghiên cứu doanh nghiệp",
    source="indexed to labour productivity",
)
def wage_bus(wage_bus_0, wage_premium, labour_prod_index):
    """Cost of a business researcher"""
    return wage_bus_0 * wage_premium * labour_prod_index


@aux(unit="bn_VND2020/FTE/year", vi="Lương nhà nghiên cứu công", source="administered pay")
def wage_pub(wage_pub_0, labour_prod_index, wage_pub_indexation):
    """Cost of a public researcher before the pay lever"""
    return wage_pub_0 * power(labour_prod_index, wage_pub_indexation)


@aux(unit="1", vi="Mức lương tương đối của nhà nghiên cứu công", source="definition")
def prem_p(wage_pub, pay_eff, wage_pub_0, labour_prod_index, premium_low, premium_high):
    """Relative wage of public researchers, within bounds"""
    return clip(wage_pub * (1 + pay_eff) / (wage_pub_0 * labour_prod_index), premium_low, premium_high)


@aux(unit="thousand_FTE", vi="Nhu cầu nhà nghiên cứu doanh nghiệp", source="wage share of R&D cost")
def desired_bus(bus_rd_desired, rd_wage_share, wage_bus):
    """Business researchers that desired R&D calls for"""
    return bus_rd_desired * rd_wage_share / wage_bus


@aux(unit="thousand_FTE", vi="Nhu cầu nhà nghiên cứu công", source="wage share of R&D cost")
def desired_pub(pub_rd_planned, rd_wage_share, wage_pub, pay_eff):
    """Public researchers that planned R&D pays for"""
    return pub_rd_planned * rd_wage_share / (wage_pub * (1 + pay_eff))


@aux(unit="1", vi="Nguồn đào tạo nghiên cứu tăng thêm", source="judgement")
def training_factor(talent_pool_gain, talent_eff):
    """Factor by which talent spending widens the pool of new researchers"""
    return max(0, 1 + talent_pool_gain * talent_eff)


@aux(unit="thousand_FTE/year", vi="Nguồn nhà nghiên cứu mới cho doanh nghiệp", source="graduates and movers")
def pool_bus(
    pool_share_bus,
    stem_graduates,
    mover_rate,
    stem_workforce,
    prem_b,
    entry_wage_elasticity,
    training_factor,
    fte_per_person,
):
    """People who could become business researchers in a year"""
    candidates = stem_graduates + mover_rate * stem_workforce
    return (
        fte_per_person * pool_share_bus * candidates * power(prem_b, entry_wage_elasticity) * training_factor
    )


@aux(unit="thousand_FTE/year", vi="Nguồn nhà nghiên cứu mới cho khu vực công", source="graduates")
def pool_pub(
    pool_share_pub, stem_graduates, prem_p, entry_wage_elasticity_pub, training_factor, fte_per_person
):
    """People who could become public researchers in a year"""
    return (
        fte_per_person
        * pool_share_pub
        * stem_graduates
        * power(prem_p, entry_wage_elasticity_pub)
        * training_factor
    )


@flow(unit="thousand_FTE/year", vi="Tuyển nhà nghiên cứu doanh nghiệp", source="stock adjustment")
def hire_bus(
    desired_bus, researchers_bus, hiring_time, attrition_bus, pool_bus, returnee_share_bus, returnees
):
    """Business researchers hired"""
    wanted = max(0, (desired_bus - researchers_bus) / hiring_time + attrition_bus * researchers_bus)
    return min(wanted, pool_bus + returnee_share_bus * returnees)


@flow(unit="thousand_FTE/year", vi="Tuyển nhà nghiên cứu công", source="stock adjustment")
def hire_pub(
    desired_pub, researchers_pub, hiring_time, attrition_pub, pool_pub, returnee_share_bus, returnees
):
    """Public researchers hired"""
    wanted = max(0, (desired_pub - researchers_pub) / hiring_time + attrition_pub * researchers_pub)
    return min(wanted, pool_pub + (1 - returnee_share_bus) * returnees)


@flow(unit="thousand_FTE/year", vi="Nhà nghiên cứu doanh nghiệp thôi việc", source="judgement")
def attrition_bus_flow(attrition_bus, researchers_bus):
    """Business researchers who leave research"""
    return attrition_bus * researchers_bus


@flow(unit="thousand_FTE/year", vi="Nhà nghiên cứu công thôi việc", source="judgement")
def attrition_pub_flow(attrition_pub, researchers_pub):
    """Public researchers who leave research"""
    return attrition_pub * researchers_pub


@flow(unit="thousand_FTE/year", vi="Nhà nghiên cứu doanh nghiệp ra nước ngoài", source="judgement")
def em_b(emigration, researchers_bus, emigration_push, institutions, push_low, push_high):
    """Business researchers who emigrate"""
    return emigration * researchers_bus * clip(emigration_push - institutions, push_low, push_high)


@flow(unit="thousand_FTE/year", vi="Nhà nghiên cứu công ra nước ngoài", source="judgement")
def em_p(
    emigration,
    emigration_ratio_pub,
    researchers_pub,
    pay_push,
    prem_p,
    pay_push_exponent,
    pay_push_low,
    pay_push_high,
):
    """Public researchers who emigrate"""
    push = clip(pay_push / power(prem_p, pay_push_exponent), pay_push_low, pay_push_high)
    return emigration_ratio_pub * emigration * researchers_pub * push


@stock(
    unit="thousand_FTE",
    initial="researchers_bus_0",
    inflow="hire_bus",
    outflow=("attrition_bus_flow", "em_b"),
    vi="Nhà nghiên cứu doanh nghiệp",
    source="ageing chain",
)
def researchers_bus():
    """Business researchers"""


@stock(
    unit="thousand_FTE",
    initial="researchers_pub_0",
    inflow="hire_pub",
    outflow=("attrition_pub_flow", "em_p"),
    vi="Nhà nghiên cứu công",
    source="ageing chain",
)
def researchers_pub():
    """Public researchers"""


@stock(
    unit="thousand_FTE",
    initial="diaspora_0",
    inflow=("graduates_abroad", "em_b", "em_p"),
    outflow=("returnees", "diaspora_settled"),
    vi="Nhà nghiên cứu người Việt ở nước ngoài",
    source="ageing chain",
)
def diaspora_pool():
    """Vietnamese researchers abroad who might return"""


@flow(unit="thousand_FTE/year", vi="Tốt nghiệp STEM ra nước ngoài nghiên cứu", source="judgement")
def graduates_abroad(graduate_emigration, stem_graduates, fte_per_person):
    """STEM graduates who take up research abroad"""
    return fte_per_person * graduate_emigration * stem_graduates


@flow(unit="thousand_FTE/year", vi="Nhà nghiên cứu trở về", source="Shi, Liu, Wang (2023); judgement")
def returnees(
    diaspora_pool,
    return_rate,
    diaspora_return_gain,
    diaspora_eff,
    return_institution_base,
    return_institution_slope,
    institutions,
    prem_b,
    return_wage_exponent,
):
    """Researchers who return from abroad"""
    pull = (return_institution_base + return_institution_slope * institutions) * power(
        prem_b, return_wage_exponent
    )
    return diaspora_pool * return_rate * max(0, 1 + diaspora_return_gain * diaspora_eff) * pull


@flow(unit="thousand_FTE/year", vi="Kiều bào không còn khả năng trở về", source="judgement")
def diaspora_settled(diaspora_settlement, diaspora_pool):
    """Researchers abroad who will not return"""
    return diaspora_settlement * diaspora_pool


@stock(
    unit="thousand_person",
    initial="no_people",
    inflow="stem_intake",
    vi="Tuyển sinh STEM lũy kế",
    source="accounting",
)
def intake_total():
    """STEM students admitted since the start"""


@stock(
    unit="thousand_person",
    initial="no_people",
    inflow="stem_graduates",
    vi="Tốt nghiệp STEM lũy kế",
    source="accounting",
)
def graduates_total():
    """STEM graduates since the start"""


@stock(
    unit="thousand_person",
    initial="no_people",
    inflow="stem_dropouts",
    vi="Bỏ học STEM lũy kế",
    source="accounting",
)
def dropouts_total():
    """STEM students who left without a degree since the start"""


@stock(
    unit="thousand_FTE",
    initial="no_researchers",
    inflow=("hire_bus", "hire_pub"),
    vi="Nhà nghiên cứu tuyển mới lũy kế",
    source="accounting",
)
def hired_total():
    """Researchers hired since the start"""


@stock(
    unit="thousand_FTE",
    initial="no_researchers",
    inflow=("attrition_bus_flow", "attrition_pub_flow"),
    vi="Nhà nghiên cứu thôi việc lũy kế",
    source="accounting",
)
def attrition_total():
    """Researchers who left research since the start"""


@stock(
    unit="thousand_FTE",
    initial="no_researchers",
    inflow=("em_b", "em_p"),
    vi="Nhà nghiên cứu ra nước ngoài lũy kế",
    source="accounting",
)
def emigrated_total():
    """Researchers who emigrated since the start"""


@stock(
    unit="thousand_FTE",
    initial="no_researchers",
    inflow="graduates_abroad",
    outflow=("returnees", "diaspora_settled"),
    vi="Biến động kiều bào lũy kế ngoài di cư của nhà nghiên cứu",
    source="accounting",
)
def diaspora_net_total():
    """Net change of researchers abroad since the start, apart from emigrating researchers"""


@identity(vi="Cân đối sinh viên", source="accounting")
def student_balance(intake_total, stem_students_0, graduates_total, dropouts_total, stem_students):
    """Students admitted equal graduates, drop-outs and students"""
    admitted = intake_total + stem_students_0
    return (admitted - graduates_total - dropouts_total - stem_students) / admitted


@identity(vi="Cân đối nhà nghiên cứu", source="accounting")
def researcher_balance(
    hired_total,
    attrition_total,
    emigrated_total,
    researchers_bus,
    researchers_pub,
    researchers_bus_0,
    researchers_pub_0,
    researchers_floor,
):
    """Researchers hired equal leavers, emigrants and researchers at work"""
    ever = researchers_bus_0 + researchers_pub_0 + hired_total
    gone = attrition_total + emigrated_total
    return (ever - gone - researchers_bus - researchers_pub) / max(researchers_floor, ever)


@identity(vi="Cân đối kiều bào", source="accounting")
def diaspora_balance(diaspora_pool, diaspora_0, emigrated_total, diaspora_net_total, researchers_floor):
    """Researchers abroad equal those at the start and net movements"""
    expected = diaspora_0 + emigrated_total + diaspora_net_total
    return (diaspora_pool - expected) / max(researchers_floor, diaspora_0 + emigrated_total)
