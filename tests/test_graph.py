"""Wiring errors: missing names and loops apart, units with their scale, literals, all at once."""

from __future__ import annotations

import pytest

from sim.engine.declare import annual, aux, delay1, flow, indicator, lagged, lookup, stock
from sim.engine.functions import exp, log, power
from sim.engine.graph import InputSpec, build
from sim.engine.units import ONE, parse_unit
from sim.errors import InputError

MONEY = InputSpec("money", "parameter", "tn_VND2020")
SMALL = InputSpec("small_money", "parameter", "bn_VND2020")
RATE = InputSpec("rate", "parameter", "1/year")
SHARE = InputSpec("share", "parameter", "1")
INPUTS = [MONEY, SMALL, RATE, SHARE]


def declared(*functions):
    return [e for f in functions for e in f.__elements__]


def problems_of(*functions, inputs=INPUTS, variants=None):
    with pytest.raises(InputError) as caught:
        build(declared(*functions), inputs, variants)
    return [str(p) for p in caught.value.problems]


def test_a_missing_name_is_missing_not_a_loop_and_its_neighbour_is_offered():
    @aux(unit="tn_VND2020")
    def spending(mony, share):
        """Spending"""
        return mony * share

    (problem,) = problems_of(spending)
    assert "nothing is called mony" in problem
    assert "did you mean money?" in problem
    assert "test_graph.py:" in problem


def test_a_loop_without_a_stock_prints_its_path():
    @aux(unit="1")
    def chicken(egg, share):
        """Chicken"""
        return egg * share

    @aux(unit="1")
    def egg(nest):
        """Egg"""
        return nest

    @aux(unit="1")
    def nest(chicken):
        """Nest"""
        return chicken

    (problem,) = problems_of(chicken, egg, nest)
    assert "loop without a stock" in problem
    path = problem.split(": ")[-1].split(" -> ")
    assert path[0] == path[-1]
    assert set(path) == {"chicken", "egg", "nest"}


def test_a_stock_or_last_year_cuts_a_loop():
    @stock(unit="1", initial="share", inflow="growth")
    def herd():
        """Herd"""

    @flow(unit="1/year")
    def growth(herd, rate, memory):
        """Growth"""
        return herd * rate * memory

    @aux(unit="1")
    def echo(growth, rate):
        """Echo"""
        return growth / rate

    memory = lagged("memory", of="echo", initial="share", unit="1", label="Memory")
    assert build(declared(herd, growth, echo, memory), INPUTS).order


def test_all_problems_are_reported_at_once():
    @aux(unit="tn_VND2020")
    def first(nothing_like_it):
        """First"""
        return nothing_like_it

    @aux(unit="tn_VND2020")
    def second(shar):
        """Second"""
        return shar

    assert len(problems_of(first, second)) == 2


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("money + small_money", "joins"),
        ("money + share", "joins"),
        ("max(money, share)", "joins"),
        ("money if share > rate else money", "joins"),
        ("exp(money)", "exp of a quantity in"),
        ("log(rate)", "log of a quantity in"),
        ("power(money, share)", "power of a quantity in"),
        ("small_money", "the equation gives"),
        ("money * rate", "the equation gives"),
        ("money * 3", "numbers belong in the parameters, found 3"),
        ("money ** 2", "not part of the language"),
        ("sum([money])", "not part of the language"),
    ],
)
def test_faults_of_an_equation(body, complaint):
    @aux(unit="tn_VND2020")
    def wrong(money, small_money, rate, share):
        """Wrong"""
        return money

    element = wrong.__elements__[0]
    code = f"def wrong(money, small_money, rate, share):\n    return {body}\n"
    with pytest.raises(InputError) as caught:
        build([type(element)(**{**vars(element), "code": code})], INPUTS)
    assert complaint in str(caught.value)


def test_units_that_go_together_are_let_through():
    @aux(unit="tn_VND2020")
    def fine(money, share, rate, t):
        """Fine: zeros take any unit, ratios and exponents are pure numbers"""
        ratio = money / max(money, 0)
        if t > 0 and not share < 0:
            return max(0, money * exp(share) * power(ratio, share) * (1 - share))
        return -money * log(1 + share) * (rate / rate)

    assert build(declared(fine), INPUTS).unit("fine") == "tn_VND2020"


def test_flows_must_have_the_unit_of_their_stock_per_year():
    @stock(unit="tn_VND2020", initial="share", inflow="income")
    def purse():
        """Purse"""

    @flow(unit="tn_VND2020")
    def income(money):
        """Income"""
        return money

    found = problems_of(purse, income)
    assert any("income is in" in p for p in found)
    assert any("share is in" in p for p in found)


def test_only_reports_may_depend_on_reports():
    @indicator(unit="1")
    def headline(share):
        """Headline"""
        return share

    @aux(unit="1")
    def reaction(headline):
        """Reaction"""
        return headline

    assert "only reported quantities may depend on it" in problems_of(headline, reaction)[0]


def test_an_unknown_variant_offers_the_known_ones():
    @aux(unit="1", name="form", variant="round")
    def form_round(share):
        """Round"""
        return share

    @aux(unit="1", name="form", variant="square")
    def form_square(share):
        """Square"""
        return share * share

    (problem,) = problems_of(form_round, form_square, variants={"form": "squre"})
    assert "did you mean square?" in problem
    assert build(declared(form_round, form_square), INPUTS).sampled == {"form": ("round", "square")}


def test_currency_carries_its_base_year_and_scale():
    assert not parse_unit("tn_VND2020").matches(parse_unit("tn_VND"))
    assert not parse_unit("tn_VND2020").matches(parse_unit("bn_VND2020"))
    assert (parse_unit("bn_VND2020/FTE/year") * parse_unit("thousand_FTE")).matches(
        parse_unit("tn_VND2020/year")
    )
    assert parse_unit("percent").scale == pytest.approx(0.01)
    assert parse_unit("1") == ONE
    with pytest.raises(ValueError, match="not a unit"):
        parse_unit("furlong_of_dong")


def test_annual_states_may_use_their_own_past_only():
    @annual(unit="1", initial="share")
    def habit(habit, share):
        """Habit"""
        return habit * share

    assert build(declared(habit), INPUTS).dependencies("habit") == ("share",)


def test_delays_and_lookups_check_their_units():
    wrong = delay1(
        "out",
        input="money",
        delay="rate",
        initial="money",
        unit="tn_VND2020/year",
        stock_unit="tn_VND2020",
        label="Out",
    )
    table = InputSpec("steps", "parameter", "1", points=((0.0, 1.0), (1.0, 2.0)), of_unit="1/year")
    graph = lookup("read", of="share", table="steps", unit="1", label="Read")
    found = problems_of(wrong, graph, inputs=[*INPUTS, table])
    assert any("out_stage_1" in p for p in found)
    assert any("read" in p and "share is in" in p for p in found)
