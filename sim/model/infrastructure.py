"""Digital infrastructure, digital government and electricity."""

from __future__ import annotations

from sim.engine.declare import aux, flow, initial, noise, stock
from sim.engine.functions import clip, exp, power

shock_hydrology = noise(
    "shock_hydrology",
    label="Hydrology: inflow to hydropower reservoirs",
    vi="Thủy văn: nước về hồ thủy điện",
    source="judgement",
)


@initial(unit="tn_VND2020", vi="Hạ tầng số năm đầu", source="judgement")
def digital_infra_0(digital_infra_gdp_ref, gdp_0):
    """Digital infrastructure at the start"""
    return digital_infra_gdp_ref * gdp_0


@stock(
    unit="tn_VND2020",
    initial="digital_infra_0",
    inflow="digital_capex",
    outflow="digital_infra_decay",
    vi="Hạ tầng số",
    source="perpetual inventory",
)
def digital_infra():
    """Digital infrastructure"""


@flow(unit="tn_VND2020/year", vi="Đầu tư hạ tầng số", source="judgement")
def digital_capex(gdp, digital_capex_share, dig_capex_eff, percent_per_one, capex_shortage_effect, shortage):
    """Investment in digital infrastructure"""
    share = digital_capex_share + dig_capex_eff / percent_per_one
    return gdp * share * max(0, 1 - capex_shortage_effect * shortage)


@flow(unit="tn_VND2020/year", vi="Khấu hao hạ tầng số", source="perpetual inventory")
def digital_infra_decay(digital_infra_depreciation, digital_infra):
    """Depreciation of digital infrastructure"""
    return digital_infra_depreciation * digital_infra


@aux(unit="1", vi="Hạ tầng số so với GDP, năm 2010 bằng một", source="definition")
def digital_infra_ratio(digital_infra, gdp, digital_infra_gdp_ref, infra_ratio_low, infra_ratio_high):
    """Digital infrastructure relative to output, one at the start, within bounds"""
    return clip(digital_infra / gdp / digital_infra_gdp_ref, infra_ratio_low, infra_ratio_high)


@aux(unit="1", vi="Hệ số hạ tầng số", source="judgement")
def infra_factor(digital_infra_ratio, infra_exponent):
    """Effect of digital infrastructure on adoption"""
    return power(digital_infra_ratio, infra_exponent)


@aux(unit="1", vi="Hiệu lực chi cho chuyển đổi số", source="judgement")
def dgov_eff(
    comp_dig_eff, disbursement, gdp, dgov_spend_ref, dgov_spend_unit, index_low, index_high, projection_phase
):
    """Index of digital-transformation spending above its historical share of GDP"""
    index = (comp_dig_eff * disbursement / gdp - dgov_spend_ref) / dgov_spend_unit
    return projection_phase * clip(index, index_low, index_high)


@aux(unit="1", vi="Chính phủ số mục tiêu", source="UN E-Government Survey; judgement")
def gov_digital_target(
    gov_digital_0, gov_digital_rise, t, gov_digital_start, gov_digital_span, dgov_gain, dgov_eff
):
    """Digital-government maturity that present effort leads to"""
    trend = clip((t - gov_digital_start) / gov_digital_span, 0, 1)
    return clip(gov_digital_0 + gov_digital_rise * trend + dgov_gain * dgov_eff, 0, 1)


@stock(
    unit="1",
    initial="gov_digital_0",
    inflow="gov_digital_change",
    vi="Mức trưởng thành chính phủ số",
    source="first-order adjustment",
)
def gov_digital():
    """Digital-government maturity"""


@flow(unit="1/year", vi="Thay đổi chính phủ số", source="first-order adjustment")
def gov_digital_change(gov_digital_target, gov_digital, gov_digital_time):
    """Change of digital-government maturity"""
    return (gov_digital_target - gov_digital) / gov_digital_time


@stock(
    unit="tn_VND2020/year",
    initial="gdp_0",
    inflow="elec_output_change",
    vi="Sản lượng quyết định nhu cầu điện",
    source="first-order adjustment",
)
def elec_output():
    """Output to which electricity demand has adjusted"""


@flow(
    unit="tn_VND2020/year/year", vi="Điều chỉnh nhu cầu điện theo sản lượng", source="first-order adjustment"
)
def elec_output_change(gdp, elec_output, elec_adjust_time):
    """Adjustment of electricity demand to output"""
    return (gdp - elec_output) / elec_adjust_time


@aux(unit="TWh/year", vi="Nhu cầu điện", source="electricity generation statistics")
def elec_demand(
    elec_demand_0,
    elec_output,
    gdp_0,
    elec_output_elasticity,
    elec_saving_trend,
    elec_saving_policy,
    efficiency_eff,
    t,
    start_year,
    projection_start,
    elec_saving_recent,
    elec_saving_recent_start,
    data_centre_load,
    digital_infra,
    digital_infra_gdp_ref,
):
    """Demand for electricity"""
    saving = (
        elec_saving_trend * (t - start_year)
        + elec_saving_policy * efficiency_eff * max(0, t - projection_start)
        + elec_saving_recent * max(0, t - elec_saving_recent_start)
    )
    industry = elec_demand_0 * power(elec_output / gdp_0, elec_output_elasticity) * exp(-saving)
    return industry + data_centre_load * max(0, digital_infra - digital_infra_gdp_ref * elec_output)


@initial(unit="TWh/year", vi="Khả năng cung cấp điện năm đầu", source="electricity generation statistics")
def elec_supply_0(elec_reserve_0, elec_demand_0):
    """Supply capability at the start"""
    return elec_reserve_0 * elec_demand_0


@stock(
    unit="TWh/year",
    initial="elec_supply_0",
    inflow="elec_supply_growth",
    vi="Khả năng cung cấp điện",
    source="power development plan",
)
def elec_supply():
    """Electricity supply capability in a normal year"""


@flow(unit="TWh/year/year", vi="Tăng khả năng cung cấp điện", source="power development plan")
def elec_supply_growth(
    projection_phase,
    power_growth_eff,
    percent_per_one,
    elec_supply,
    elec_planning_margin,
    elec_demand,
    elec_planning_time,
):
    """Growth of supply capability: planned for demand in the past, set by policy in the projection"""
    if projection_phase > 0:
        return power_growth_eff / percent_per_one * elec_supply
    return (elec_planning_margin * elec_demand - elec_supply) / elec_planning_time


@aux(unit="TWh/year", vi="Điện khả dụng", source="judgement")
def elec_available(elec_supply, hydrology_sd, shock_hydrology):
    """Electricity available given this year's hydrology"""
    return elec_supply * max(0, 1 + hydrology_sd * shock_hydrology)


@aux(unit="1", vi="Tỷ lệ thiếu điện", source="definition")
def shortage(elec_available, elec_demand):
    """Share of electricity demand that is not served"""
    return max(0, 1 - elec_available / elec_demand)


@aux(unit="1", vi="Tỷ lệ GDP mất do thiếu điện", source="World Bank estimate of the power cuts of 2023")
def energy_loss(outage_cost, shortage, energy_loss_max):
    """Share of output lost to power shortage"""
    return min(energy_loss_max, outage_cost * shortage)
