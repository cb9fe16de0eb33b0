"""The representative firm: firms of each size class as means and shares, and what they add up to.

The rules of one class stand in ``size_class``; here they are declared for micro, small, medium and large
enterprises, with the environment that all firms share before them and the sums over classes after them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sim.engine.declare import Declared, Element, annual, aux, elements_of, lagged, noise
from sim.engine.functions import clip, exp, log, power
from sim.model import size_class

SIZE_CLASSES = {"micro": "siêu nhỏ", "small": "nhỏ", "medium": "vừa", "large": "lớn"}


def _for_class(template: Element, name: str, vi: str) -> Element:
    """``template`` for the size class ``name``, called ``vi`` in Vietnamese."""

    def named(text: str) -> str:
        return text.replace("cls", name).replace("[class]", name).replace("[nhóm]", vi)

    return replace(
        template,
        name=named(template.name),
        label=named(template.label),
        label_vi=named(template.label_vi),
        arguments=tuple(named(a) for a in template.arguments),
        code=named(template.code),
        initial=template.initial and named(template.initial),
        of=template.of and named(template.of),
    )


def _all_classes() -> Iterator[Element]:
    for name, vi in SIZE_CLASSES.items():
        for template in elements_of(size_class):
            yield _for_class(template, name, vi)


size_classes = Declared(_all_classes())

digital_maturity_prev = lagged(
    "digital_maturity_prev",
    of="digital_maturity",
    initial="digital_maturity",
    unit="1",
    label="Digital maturity of firms, last year",
    vi="Mức trưởng thành số của doanh nghiệp, năm trước",
)


@aux(unit="1/year", vi="Thay đổi mức trưởng thành số", source="definition")
def digital_maturity_change(digital_maturity, digital_maturity_prev, annual_step):
    """Change of firms' digital maturity"""
    return (digital_maturity - digital_maturity_prev) / annual_step


@annual(
    unit="year", initial="no_exposure", vi="Thời gian công nghệ nâng trần số hóa", source="technology trend"
)
def ceiling_exposure(ceiling_exposure, t, ceiling_start, annual_step, ceiling_dgov_gain, dgov_eff):
    """Years of technical progress that raise the ceiling of digital maturity"""
    if t > ceiling_start:
        return ceiling_exposure + annual_step * (1 + ceiling_dgov_gain * dgov_eff)
    return ceiling_exposure


@aux(unit="1", vi="Phần còn lại dưới trần số hóa", source="technology trend")
def ceiling_gap_factor(ceiling_speed, ceiling_exposure):
    """Part of the initial distance between ceiling and full maturity that is left"""
    return exp(-ceiling_speed * ceiling_exposure)


@aux(unit="1/year", vi="Cường độ bắt chước trong số hóa", source="Bass (1969)")
def peer_adoption(adoption_peer, adoption_boost, projection_phase):
    """Strength of imitation in digital adoption"""
    return adoption_peer * (1 + projection_phase * adoption_boost)


@aux(unit="1", vi="Khả năng cơ sở có liên kết FDI mới", source="Newman et al. (2015)")
def new_link_rate(link_chance, fdi_hightech, gdp, link_fdi_gdp_ref, fdi_link_gain, fdi_link_eff):
    """Yearly chance of a new supply link, before the firm's own ability"""
    return link_chance * fdi_hightech / gdp / link_fdi_gdp_ref * (1 + fdi_link_gain * fdi_link_eff)


shock_project = noise(
    "shock_project",
    label="Luck of the research projects of the few firms that do most R&D",
    vi="May rủi của các dự án nghiên cứu ở số ít doanh nghiệp chiếm phần lớn R&D",
    source="granularity; Gabaix (2011)",
)
peer_rd = lagged(
    "peer_rd",
    of="rd_participation_va",
    initial="rd_participation_va",
    unit="1",
    label="Value-added share of firms that performed R&D last year",
    vi="Tỷ trọng giá trị tăng thêm của doanh nghiệp có R&D năm trước",
)


@aux(unit="1", vi="Chi phí sử dụng vốn R&D", source="Hall and Van Reenen (2000)")
def user_cost(
    corporate_tax_rate, tax_ded_eff, claim_eff, wage_premium, cost_wage_low, cost_wage_high, rd_wage_share
):
    """User cost of R&D after tax and at present wages, one without deduction at wages of 2010"""
    tax = (1 - corporate_tax_rate * (1 + tax_ded_eff * claim_eff)) / (1 - corporate_tax_rate)
    return tax * power(clip(wage_premium, cost_wage_low, cost_wage_high), rd_wage_share)


@aux(unit="1", vi="Tri thức công so với GDP, năm 2010 bằng một", source="definition")
def public_knowledge_index(pub_knowledge, gdp, pub_knowledge_gdp_0, public_knowledge_floor):
    """Public knowledge relative to output, one at the start"""
    return max(public_knowledge_floor, pub_knowledge / gdp / pub_knowledge_gdp_0)


@aux(unit="1", vi="Ảnh hưởng của cơ cấu ngành tới bắt đầu R&D", source="log of mean exponential over sectors")
def entry_sector_mix(
    sector_electronics,
    entry_electronics,
    sector_manufacturing,
    entry_manufacturing,
    sector_ict,
    entry_ict,
    sector_services,
    entry_services,
    sector_industry,
    entry_industry,
):
    """Effect of the mix of sectors on the start of R&D"""
    return log(
        sector_electronics * exp(entry_electronics)
        + sector_manufacturing * exp(entry_manufacturing)
        + sector_ict * exp(entry_ict)
        + sector_services * exp(entry_services)
        + sector_industry * exp(entry_industry)
    )


@aux(
    unit="1",
    vi="Tác động của khác biệt trong nhóm tới bắt đầu R&D",
    source="second cumulant of the logit index",
)
def entry_dispersion(entry_ability, ability_variance, entry_maturity, maturity_variance, cumulant_weight):
    """Effect of differences within a size class on the start of R&D"""
    spread = (
        entry_ability * entry_ability * ability_variance + entry_maturity * entry_maturity * maturity_variance
    )
    return cumulant_weight * spread


@aux(unit="1", vi="Động lực chung để bắt đầu R&D", source="logit of entry")
def entry_index(
    entry_constant,
    entry_sector_mix,
    entry_dispersion,
    entry_peer,
    peer_rd,
    entry_cost_elasticity,
    user_cost,
    entry_knowledge,
    knowledge_elasticity,
    public_knowledge_index,
    entry_institutions,
    institutions,
    institutions_0,
    entry_venture,
    venture_eff,
):
    """Part of the entry logit that all firms share"""
    environment = entry_institutions * (institutions - institutions_0) + entry_venture * venture_eff
    knowledge = entry_knowledge * knowledge_elasticity * log(public_knowledge_index)
    peers = entry_peer * peer_rd - entry_cost_elasticity * log(user_cost)
    return entry_constant + entry_sector_mix + entry_dispersion + peers + knowledge + environment


@aux(unit="1", vi="Động lực chung của cường độ R&D", source="Hall and Van Reenen (2000)")
def target_index(
    intensity_cost_elasticity,
    user_cost,
    knowledge_elasticity,
    public_knowledge_index,
    target_institutions,
    institutions,
    institutions_0,
):
    """Part of the log R&D target that all firms share"""
    return (
        knowledge_elasticity * log(public_knowledge_index)
        - intensity_cost_elasticity * log(user_cost)
        + target_institutions * (institutions - institutions_0)
    )


@aux(unit="1", vi="Tỷ lệ dự án thành công", source="survey success rates; Gabaix (2011)")
def success_rate(
    project_success, coop_success_gain, coop_eff, project_success_sd, shock_project, focus_eff, square_root
):
    """Share of research projects that succeed, weighted by spending"""
    spread = project_success_sd * power(max(0, 1 + focus_eff), square_root)
    return clip(project_success * (1 + coop_success_gain * coop_eff) + spread * shock_project, 0, 1)


@aux(unit="1", vi="Tăng trưởng kỳ vọng của mục tiêu R&D", source="learning from success and failure")
def target_growth(success_rate, success_step, failure_step):
    """Mean growth factor of R&D targets after success and failure"""
    return success_rate * exp(success_step) + (1 - success_rate) * exp(failure_step)


@aux(unit="1", vi="Xác suất cơ sở dừng R&D", source="persistence of R&D; fear of failure")
def stop_factor(rd_stop, reform_stop_cut, reform_eff, success_rate, failure_aversion, risk_tolerance_eff):
    """Yearly chance of stopping R&D before ability is considered"""
    failure = 1 - success_rate
    intolerance = failure * failure * failure * failure_aversion * max(0, 1 - risk_tolerance_eff)
    return rd_stop * max(0, 1 - reform_stop_cut * reform_eff) * (1 + intolerance)


@aux(unit="1", vi="Chỉ số tăng trưởng chung của doanh nghiệp", source="definition")
def va_index_total(
    va_share_micro_0,
    va_index_micro,
    va_share_small_0,
    va_index_small,
    va_share_medium_0,
    va_index_medium,
    va_share_large_0,
    va_index_large,
):
    """Weighted growth index of all firms"""
    return (
        va_share_micro_0 * va_index_micro
        + va_share_small_0 * va_index_small
        + va_share_medium_0 * va_index_medium
        + va_share_large_0 * va_index_large
    )


@aux(
    variant="representative",
    unit="1",
    vi="Mức trưởng thành số của doanh nghiệp",
    source="weighted mean over size classes",
)
def digital_maturity(
    va_share_micro,
    maturity_micro,
    va_share_small,
    maturity_small,
    va_share_medium,
    maturity_medium,
    va_share_large,
    maturity_large,
):
    """Digital maturity of firms, weighted by value added"""
    return (
        va_share_micro * maturity_micro
        + va_share_small * maturity_small
        + va_share_medium * maturity_medium
        + va_share_large * maturity_large
    )


@aux(
    variant="representative",
    unit="1",
    vi="Tỷ trọng doanh nghiệp liên kết FDI",
    source="weighted mean over size classes",
)
def linked_share(
    va_share_micro,
    link_micro,
    owner_fdi_micro,
    va_share_small,
    link_small,
    owner_fdi_small,
    va_share_medium,
    link_medium,
    owner_fdi_medium,
    va_share_large,
    link_large,
    owner_fdi_large,
):
    """Value-added share of domestic firms linked to foreign supply chains"""
    return (
        va_share_micro * link_micro * (1 - owner_fdi_micro)
        + va_share_small * link_small * (1 - owner_fdi_small)
        + va_share_medium * link_medium * (1 - owner_fdi_medium)
        + va_share_large * link_large * (1 - owner_fdi_large)
    )


@aux(variant="representative", unit="1", vi="Tỷ lệ doanh nghiệp có R&D", source="mean over size classes")
def rd_participation(
    firm_share_micro,
    rd_active_micro,
    firm_share_small,
    rd_active_small,
    firm_share_medium,
    rd_active_medium,
    firm_share_large,
    rd_active_large,
):
    """Share of enterprises that perform R&D"""
    return (
        firm_share_micro * rd_active_micro
        + firm_share_small * rd_active_small
        + firm_share_medium * rd_active_medium
        + firm_share_large * rd_active_large
    )


@aux(
    variant="representative",
    unit="1",
    vi="Tỷ trọng giá trị tăng thêm của doanh nghiệp có R&D",
    source="weighted mean over size classes",
)
def rd_participation_va(
    va_share_micro,
    rd_active_micro,
    va_share_small,
    rd_active_small,
    va_share_medium,
    rd_active_medium,
    va_share_large,
    rd_active_large,
):
    """Value-added share of enterprises that perform R&D"""
    return (
        va_share_micro * rd_active_micro
        + va_share_small * rd_active_small
        + va_share_medium * rd_active_medium
        + va_share_large * rd_active_large
    )


@aux(
    variant="representative",
    unit="1",
    vi="R&D trên giá trị tăng thêm doanh nghiệp",
    source="sum over size classes",
)
def business_rd_intensity(
    va_share_micro,
    rd_active_micro,
    rd_intensity_micro,
    va_share_small,
    rd_active_small,
    rd_intensity_small,
    va_share_medium,
    rd_active_medium,
    rd_intensity_medium,
    va_share_large,
    rd_active_large,
    rd_intensity_large,
):
    """R&D that enterprises want to fund, per enterprise value added"""
    return (
        va_share_micro * rd_active_micro * rd_intensity_micro
        + va_share_small * rd_active_small * rd_intensity_small
        + va_share_medium * rd_active_medium * rd_intensity_medium
        + va_share_large * rd_active_large * rd_intensity_large
    )


@aux(
    variant="representative",
    unit="1",
    vi="Tỷ lệ doanh nghiệp đổi mới sáng tạo",
    source="mean over size classes",
)
def innovative_share(
    firm_share_micro,
    innovative_micro,
    firm_share_small,
    innovative_small,
    firm_share_medium,
    innovative_medium,
    firm_share_large,
    innovative_large,
):
    """Share of enterprises with an innovation event within three years"""
    return (
        firm_share_micro * innovative_micro
        + firm_share_small * innovative_small
        + firm_share_medium * innovative_medium
        + firm_share_large * innovative_large
    )


@aux(
    variant="representative",
    unit="1",
    vi="Năng lực hấp thụ của doanh nghiệp có R&D",
    source="mean over size classes",
)
def absorptive_active_mean(
    rd_participation,
    firm_share_micro,
    rd_active_micro,
    absorptive_active_micro,
    firm_share_small,
    rd_active_small,
    absorptive_active_small,
    firm_share_medium,
    rd_active_medium,
    absorptive_active_medium,
    firm_share_large,
    rd_active_large,
    absorptive_active_large,
    tiny,
):
    """Mean absorptive capacity of enterprises that perform R&D"""
    total = (
        firm_share_micro * rd_active_micro * absorptive_active_micro
        + firm_share_small * rd_active_small * absorptive_active_small
        + firm_share_medium * rd_active_medium * absorptive_active_medium
        + firm_share_large * rd_active_large * absorptive_active_large
    )
    return total / max(tiny, rd_participation)
