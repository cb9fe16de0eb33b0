"""State budget for science, technology, innovation and digital transformation: appropriation,
disbursement, carry-over and the capacity to absorb money."""

from __future__ import annotations

from sim.engine.declare import annual, aux, flow, identity, initial, noise, stock
from sim.engine.functions import exp, power

shock_appropriation = noise(
    "shock_appropriation",
    label="Slippage of the S&T appropriation",
    vi="Sai lệch dự toán KH&CN",
    source="judgement",
)


@aux(unit="tn_VND2020/year", vi="Tổng chi ngân sách nhà nước", source="Ministry of Finance")
def budget_total(budget_ratio, budget_ratio_error, projection_phase, gdp):
    """State budget expenditure"""
    return (budget_ratio + projection_phase * budget_ratio_error) * gdp


@aux(unit="1", vi="Tỷ trọng KH&CN trong chi ngân sách", source="Ministry of Finance, broad definition")
def st_share(st_budget_share, percent_per_one):
    """S&T share of state budget expenditure"""
    return st_budget_share / percent_per_one


@annual(unit="1", initial="before_projection", vi="Giai đoạn gộp nội dung chi", source="definition")
def relabel_phase(t, relabel_start):
    """One from the year in which digital transformation joined the S&T heading, else zero"""
    if t >= relabel_start:
        return 1
    return 0


@aux(unit="1", vi="Tỷ trọng KH&CN thực chất", source="broad against narrow series of the Ministry of Finance")
def st_effective_share(st_share, relabel, relabel_phase, st_share_hist):
    """S&T share without existing spending that was brought under the heading"""
    return st_share - relabel_phase * relabel * max(0, st_share - st_share_hist)


@flow(unit="tn_VND2020/year", vi="Dự toán KH&CN", source="Ministry of Finance")
def appropriation(st_effective_share, budget_total, appropriation_sd, shock_appropriation):
    """Money appropriated for S&T"""
    return st_effective_share * budget_total * exp(appropriation_sd * shock_appropriation)


@flow(unit="tn_VND2020/year", vi="Kinh phí chuyển nguồn được dùng lại", source="state budget law")
def carryover_use(carryover, carryover_time):
    """Carried-over money that becomes available"""
    return carryover / carryover_time


@aux(unit="tn_VND2020/year", vi="Kinh phí KH&CN sẵn có", source="definition")
def st_available(appropriation, carryover_use):
    """S&T money available to spend"""
    return appropriation + carryover_use


@aux(unit="tn_VND2020/year", vi="Năng lực giải ngân", source="judgement")
def disbursement_capacity(absorb_capacity, reform_capacity_gain, reform_eff):
    """Money that can be prepared, procured, supervised and settled in a year"""
    return absorb_capacity * (1 + reform_capacity_gain * reform_eff)


@aux(unit="tn_VND2020/year", vi="Giải ngân KH&CN", source="saturating disbursement")
def disbursement(
    st_available,
    friction,
    reform_friction_cut,
    reform_eff,
    disbursement_capacity,
    disbursement_curvature,
    st_money_floor,
    tiny,
):
    """S&T money disbursed"""
    load = max(tiny, st_available / max(st_money_floor, disbursement_capacity))
    saturation = power(1 + power(load, disbursement_curvature), -1 / disbursement_curvature)
    return st_available * (1 - friction * max(0, 1 - reform_friction_cut * reform_eff)) * saturation


@aux(unit="1", vi="Tỷ lệ giải ngân", source="definition")
def disbursement_rate(disbursement, st_available, st_money_floor):
    """Share of available S&T money that is disbursed"""
    return disbursement / max(st_money_floor, st_available)


@aux(unit="tn_VND2020/year", vi="Kinh phí không thực hiện được, hoàn trả", source="definition")
def returned_money(pub_rd_planned, pub_rd_exec, subsidy_planned, subsidy):
    """Disbursed money that finds no researchers and is returned"""
    return pub_rd_planned - pub_rd_exec + subsidy_planned - subsidy


@aux(unit="tn_VND2020/year", vi="Kinh phí chưa chi", source="definition")
def st_unspent(st_available, disbursement, returned_money):
    """S&T money left over"""
    return st_available - disbursement + returned_money


@stock(
    unit="tn_VND2020",
    initial="carryover_0",
    inflow="carryover_inflow",
    outflow="carryover_use",
    vi="Kinh phí chuyển nguồn",
    source="state budget law",
)
def carryover():
    """S&T money carried over"""


@flow(unit="tn_VND2020/year", vi="Chuyển nguồn", source="state budget law")
def carryover_inflow(carry, st_unspent):
    """Unspent money carried over to the next year"""
    return carry * st_unspent


@initial(unit="tn_VND2020/year", vi="Năng lực hấp thụ vốn năm đầu", source="history of disbursement")
def absorb_capacity_0(absorb_capacity_gdp_0, gdp_0):
    """Absorption capacity at the start"""
    return absorb_capacity_gdp_0 * gdp_0


@stock(
    unit="tn_VND2020/year",
    initial="absorb_capacity_0",
    inflow="absorb_capacity_growth",
    vi="Năng lực hấp thụ vốn KH&CN",
    source="capability grows by use",
)
def absorb_capacity():
    """Capacity to absorb S&T money"""


@aux(unit="tn_VND2020/year", vi="Năng lực hấp thụ mục tiêu", source="capability grows by use")
def absorb_capacity_target(
    disbursement,
    st_available,
    capacity_learning,
    reform_learning_gain,
    reform_eff,
    pressure_max,
    pressure_ref,
    st_money_floor,
):
    """Capacity that the present pressure of money calls for"""
    pressure = max(0, min(pressure_max, st_available / max(st_money_floor, disbursement) - 1))
    return disbursement * (
        1 + capacity_learning * (1 + reform_learning_gain * reform_eff) * pressure / pressure_ref
    )


@flow(unit="tn_VND2020/year/year", vi="Tăng năng lực hấp thụ", source="capability grows by use")
def absorb_capacity_growth(absorb_capacity_target, absorb_capacity, capacity_time, capacity_trend):
    """Growth of absorption capacity"""
    return (absorb_capacity_target - absorb_capacity) / capacity_time + capacity_trend * absorb_capacity


@flow(unit="tn_VND2020/year", vi="Kinh phí đã chi", source="accounting")
def st_spent(disbursement, returned_money):
    """S&T money finally spent"""
    return disbursement - returned_money


@flow(unit="tn_VND2020/year", vi="Kinh phí hủy dự toán", source="accounting")
def st_lapsed(carry, st_unspent):
    """S&T money that lapses"""
    return (1 - carry) * st_unspent


@stock(
    unit="tn_VND2020", initial="no_money", inflow="appropriation", vi="Dự toán lũy kế", source="accounting"
)
def appropriated_total():
    """S&T money appropriated since the start"""


@stock(unit="tn_VND2020", initial="no_money", inflow="st_spent", vi="Chi lũy kế", source="accounting")
def spent_total():
    """S&T money spent since the start"""


@stock(
    unit="tn_VND2020", initial="no_money", inflow="st_lapsed", vi="Hủy dự toán lũy kế", source="accounting"
)
def lapsed_total():
    """S&T money lapsed since the start"""


@identity(vi="Cân đối tiền KH&CN", source="accounting")
def money_balance(appropriated_total, carryover_0, spent_total, lapsed_total, carryover, money_scale):
    """Money appropriated equals money spent, lapsed and carried over"""
    return (appropriated_total + carryover_0 - spent_total - lapsed_total - carryover) / max(
        money_scale, appropriated_total
    )
