"""One size class of representative firms: templates that ``representative_firm`` declares for every class.

In names ``cls`` stands for the class, in labels ``[class]`` (``[nhóm]`` in Vietnamese). The mean field of
the rules that single firms follow: shares of firms and class means take the place of firms, probabilities
the place of random draws. Traits that vary within a class enter through their mean and, where a rule is
steep (the start of R&D), through the mean of the exponential, which is exact while the event is rare.
"""

from __future__ import annotations

from sim.engine.declare import annual, aux, initial, lagged
from sim.engine.functions import clip, exp

maturity_cls_prev = lagged(
    "maturity_cls_prev",
    of="maturity_cls",
    initial="maturity_cls_0",
    unit="1",
    label="Digital maturity of [class] firms, last year",
    vi="Mức trưởng thành số của doanh nghiệp [nhóm], năm trước",
)
link_cls_prev = lagged(
    "link_cls_prev",
    of="link_cls",
    initial="link_cls_0",
    unit="1",
    label="Domestic [class] firms linked to foreign supply chains, last year",
    vi="Tỷ lệ doanh nghiệp [nhóm] trong nước liên kết FDI, năm trước",
)


@initial(unit="1", vi="Mức trưởng thành số của doanh nghiệp [nhóm], năm đầu", source="judgement")
def maturity_cls_0(maturity_scale, maturity_class_cls):
    """Digital maturity of [class] firms at the start"""
    return maturity_scale * maturity_class_cls


@aux(unit="1", vi="Khả năng doanh nghiệp [nhóm] nâng mức số hóa", source="Bass (1969)")
def adoption_cls(
    adoption_own,
    peer_adoption,
    peer_class_weight,
    maturity_cls_prev,
    digital_maturity_prev,
    link_adoption_gain,
    link_cls_prev,
    owner_fdi_cls,
    adopt_factor,
    adoption_jump,
    adoption_max,
    annual_step,
):
    """Yearly chance that a [class] firm moves up in digital maturity"""
    peers = peer_class_weight * maturity_cls_prev + (1 - peer_class_weight) * digital_maturity_prev
    contact = 1 + link_adoption_gain * link_cls_prev * (1 - owner_fdi_cls)
    return clip(
        (adoption_own + peer_adoption * peers * contact) * adopt_factor * annual_step / adoption_jump,
        0,
        adoption_max,
    )


@annual(
    unit="1", initial="maturity_cls_0", vi="Mức trưởng thành số của doanh nghiệp [nhóm]", source="Bass (1969)"
)
def maturity_cls(
    maturity_cls,
    adoption_cls,
    adoption_jump,
    adoption_scale,
    maturity_ceiling_cls,
    ceiling_gap_factor,
    firm_exit_cls,
    entrant_maturity,
    digital_maturity_prev,
):
    """Digital maturity of [class] firms"""
    ceiling = 1 - (1 - maturity_ceiling_cls) * ceiling_gap_factor
    raised = maturity_cls + adoption_cls * adoption_jump * max(0, ceiling - maturity_cls) / adoption_scale
    return raised + firm_exit_cls * (entrant_maturity * digital_maturity_prev - raised)


@aux(unit="1", vi="Khả năng doanh nghiệp [nhóm] có liên kết FDI mới", source="Newman et al. (2015)")
def link_chance_cls(new_link_rate, link_ability_base, absorptive_idle_cls_prev):
    """Yearly chance that a domestic [class] firm becomes a supplier of foreign firms"""
    return min(1, new_link_rate * (link_ability_base + absorptive_idle_cls_prev))


@annual(
    unit="1",
    initial="link_cls_0",
    vi="Tỷ lệ doanh nghiệp [nhóm] trong nước liên kết FDI",
    source="Newman et al. (2015)",
)
def link_cls(link_cls, link_chance_cls, firm_exit_cls):
    """Domestic [class] firms linked to foreign supply chains"""
    return (link_cls + (1 - link_cls) * link_chance_cls) * (1 - firm_exit_cls)


@annual(
    unit="1",
    initial="va_index_0",
    vi="Chỉ số tăng trưởng của doanh nghiệp [nhóm]",
    source="growth of innovators",
)
def va_index_cls(va_index_cls, success_growth, success_rate, rd_active_cls, adoption_growth, adoption_cls):
    """Growth of [class] firms relative to firms that do not innovate"""
    return va_index_cls * exp(success_growth * success_rate * rd_active_cls + adoption_growth * adoption_cls)


@aux(unit="1", vi="Tỷ trọng giá trị tăng thêm của doanh nghiệp [nhóm]", source="definition")
def va_share_cls(va_share_cls_0, va_index_cls, va_index_total):
    """Share of [class] firms in enterprise value added"""
    return va_share_cls_0 * va_index_cls / va_index_total


@initial(unit="1", vi="Tỷ lệ doanh nghiệp [nhóm] có R&D, năm đầu", source="R&D surveys of 2011 and 2013")
def rd_active_cls_0(rd_active_scale, rd_active_class_cls):
    """R&D performers among [class] firms at the start"""
    return min(1, rd_active_scale * rd_active_class_cls)


rd_active_cls_prev = lagged(
    "rd_active_cls_prev",
    of="rd_active_cls",
    initial="rd_active_cls_0",
    unit="1",
    label="R&D performers among [class] firms, last year",
    vi="Tỷ lệ doanh nghiệp [nhóm] có R&D, năm trước",
)
absorptive_idle_cls_prev = lagged(
    "absorptive_idle_cls_prev",
    of="absorptive_idle_cls",
    initial="ability_fresh",
    unit="1",
    label="Absorptive capacity of [class] firms without R&D, last year",
    vi="Năng lực hấp thụ của doanh nghiệp [nhóm] không có R&D, năm trước",
)
absorptive_active_cls_prev = lagged(
    "absorptive_active_cls_prev",
    of="absorptive_active_cls",
    initial="ability_fresh",
    unit="1",
    label="Absorptive capacity of [class] firms with R&D, last year",
    vi="Năng lực hấp thụ của doanh nghiệp [nhóm] có R&D, năm trước",
)


@aux(unit="1", vi="Cơ cấu sở hữu của doanh nghiệp [nhóm]", source="mean of the exponential over owners")
def entry_owner_cls(
    owner_state_cls,
    entry_state,
    entry_soe,
    soe_rd_eff,
    owner_private_cls,
    entry_private,
    owner_fdi_cls,
    entry_fdi,
):
    """Effect of the mix of owners of [class] firms on the odds of starting R&D"""
    state = owner_state_cls * exp(entry_state + entry_soe * soe_rd_eff)
    return state + owner_private_cls * exp(entry_private) + owner_fdi_cls * exp(entry_fdi)


@aux(
    unit="1",
    vi="Mục tiêu R&D theo sở hữu, doanh nghiệp [nhóm]",
    source="mean over owners of firms that do R&D",
)
def target_owner_cls(
    entry_owner_cls,
    owner_state_cls,
    entry_state,
    entry_soe,
    target_state,
    target_soe,
    soe_rd_eff,
    owner_private_cls,
    entry_private,
    target_private,
    owner_fdi_cls,
    entry_fdi,
    target_fdi,
):
    """Effect of the mix of owners of [class] firms on the R&D target"""
    state = owner_state_cls * exp(entry_state + target_state + (entry_soe + target_soe) * soe_rd_eff)
    private = owner_private_cls * exp(entry_private + target_private)
    return (state + private + owner_fdi_cls * exp(entry_fdi + target_fdi)) / entry_owner_cls


@aux(unit="1", vi="Khả năng doanh nghiệp [nhóm] bắt đầu R&D", source="logit of entry")
def rd_entry_cls(
    entry_index,
    entry_class_gradient,
    class_score_cls,
    entry_owner_cls,
    entry_ability,
    absorptive_idle_cls_prev,
    ability_ref,
    entry_maturity,
    maturity_cls,
    maturity_ref,
):
    """Yearly chance that a [class] firm starts R&D"""
    own = entry_ability * (absorptive_idle_cls_prev - ability_ref) + entry_maturity * (
        maturity_cls - maturity_ref
    )
    odds = entry_owner_cls * exp(entry_index + entry_class_gradient * class_score_cls + own)
    return odds / (1 + odds)


@aux(unit="1", vi="Khả năng doanh nghiệp [nhóm] dừng R&D", source="persistence of R&D")
def rd_stop_cls(stop_factor, stop_ability_ref, absorptive_active_cls_prev, stop_low, stop_high):
    """Yearly chance that a [class] firm stops R&D"""
    return min(1, stop_factor * clip(stop_ability_ref - absorptive_active_cls_prev, stop_low, stop_high))


@aux(unit="1", vi="Tỷ lệ mới bắt đầu trong doanh nghiệp [nhóm] có R&D", source="definition")
def rd_new_cls(rd_active_cls_prev, rd_entry_cls, tiny):
    """Starters among [class] firms with R&D"""
    starters = (1 - rd_active_cls_prev) * rd_entry_cls
    return starters / max(tiny, rd_active_cls_prev + starters)


@annual(unit="1", initial="rd_active_cls_0", vi="Tỷ lệ doanh nghiệp [nhóm] có R&D", source="entry and exit")
def rd_active_cls(rd_active_cls, rd_entry_cls, rd_stop_cls, firm_exit_cls, success_growth, success_rate):
    """R&D performers among [class] firms, weighted by value added"""
    staying = (rd_active_cls + (1 - rd_active_cls) * rd_entry_cls) * (1 - rd_stop_cls)
    grown = staying * (1 + success_growth * success_rate * (1 - staying))
    return grown * (1 - firm_exit_cls)


@annual(
    unit="1",
    initial="rd_learning_0",
    vi="Mức học hỏi về R&D của doanh nghiệp [nhóm]",
    source="learning from success and failure",
)
def rd_learning_cls(rd_learning_cls, rd_new_cls, target_growth):
    """Mean R&D target of [class] firms relative to that of starters"""
    return (1 - rd_new_cls) * rd_learning_cls * target_growth + rd_new_cls


@aux(unit="1", vi="Mục tiêu cường độ R&D của doanh nghiệp [nhóm]", source="routine intensity")
def rd_target_cls(
    rd_intensity_median,
    rd_learning_cls,
    target_owner_cls,
    target_index,
    target_maturity,
    maturity_cls,
    maturity_ref,
):
    """R&D that [class] firms aim at, per value added"""
    incentive = exp(target_index + target_maturity * (maturity_cls - maturity_ref))
    return rd_intensity_median * rd_learning_cls * target_owner_cls * incentive


@initial(unit="1", vi="Cường độ R&D của doanh nghiệp [nhóm], năm đầu", source="judgement")
def rd_intensity_cls_0(rd_intensity_start, rd_target_cls):
    """R&D per value added of [class] firms with R&D at the start"""
    return rd_intensity_start * rd_target_cls


@annual(
    unit="1",
    initial="rd_intensity_cls_0",
    vi="Cường độ R&D của doanh nghiệp [nhóm]",
    source="adjustment to target",
)
def rd_intensity_cls(
    rd_intensity_cls,
    rd_new_cls,
    starter_intensity,
    rd_target_cls,
    annual_step,
    rd_adjust_time,
    rd_intensity_max,
):
    """R&D per value added of [class] firms with R&D"""
    present = (1 - rd_new_cls) * rd_intensity_cls + rd_new_cls * starter_intensity * rd_target_cls
    return min(rd_intensity_max, present + (rd_target_cls - present) * annual_step / rd_adjust_time)


@annual(
    unit="1",
    initial="ability_fresh",
    vi="Năng lực hấp thụ của doanh nghiệp [nhóm] không có R&D",
    source="Cohen and Levinthal (1990)",
)
def absorptive_idle_cls(
    absorptive_idle_cls,
    absorptive_active_cls_prev,
    rd_active_cls_prev,
    rd_entry_cls,
    rd_stop_cls,
    learning_link,
    link_cls,
    owner_fdi_cls,
    ability_decay,
    ability_low,
    ability_high,
    firm_exit_cls,
    ability_fresh,
    tiny,
):
    """Absorptive capacity of [class] firms without R&D"""
    staying = (1 - rd_active_cls_prev) * (1 - rd_entry_cls)
    stopped = (rd_active_cls_prev + (1 - rd_active_cls_prev) * rd_entry_cls) * rd_stop_cls
    mixed = (staying * absorptive_idle_cls + stopped * absorptive_active_cls_prev) / max(
        tiny, staying + stopped
    )
    learnt = clip(
        mixed + learning_link * link_cls * (1 - owner_fdi_cls) - ability_decay, ability_low, ability_high
    )
    return learnt + firm_exit_cls * (ability_fresh - learnt)


@annual(
    unit="1",
    initial="ability_fresh",
    vi="Năng lực hấp thụ của doanh nghiệp [nhóm] có R&D",
    source="Cohen and Levinthal (1990)",
)
def absorptive_active_cls(
    absorptive_active_cls,
    absorptive_idle_cls_prev,
    rd_new_cls,
    entry_ability,
    ability_variance,
    learning_rd,
    learning_link,
    link_cls,
    owner_fdi_cls,
    ability_decay,
    ability_low,
    ability_high,
):
    """Absorptive capacity of [class] firms with R&D"""
    starters = absorptive_idle_cls_prev + entry_ability * ability_variance
    mixed = (1 - rd_new_cls) * absorptive_active_cls + rd_new_cls * starters
    learnt = learning_rd + learning_link * link_cls * (1 - owner_fdi_cls) - ability_decay
    return clip(mixed + learnt, ability_low, ability_high)


@aux(unit="1", vi="Doanh nghiệp [nhóm] đổi mới trong ba năm", source="Oslo manual")
def innovative_cls(rd_active_cls, adoption_cls, link_chance_cls, link_cls_prev, owner_fdi_cls):
    """Firms of the [class] class with R&D, adoption or a new link within three years"""
    idle = (1 - adoption_cls) * (1 - link_chance_cls * (1 - link_cls_prev) * (1 - owner_fdi_cls))
    return 1 - (1 - rd_active_cls) * idle * idle * idle
