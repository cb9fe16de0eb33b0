"""A toy model with closed-form answers, for the tests of the engine."""

from sim.engine.declare import (
    annual,
    aux,
    delay3,
    flow,
    identity,
    indicator,
    initial,
    lagged,
    lookup,
    noise,
    stock,
)
from sim.engine.functions import clip, exp, power


@stock(unit="tn_VND2020", initial="wealth_0", inflow="interest", vi="Của cải", source="exponential growth")
def wealth():
    """Wealth that grows at a constant rate"""


@flow(unit="tn_VND2020/year")
def interest(wealth, interest_rate):
    """Interest"""
    return wealth * interest_rate


@stock(unit="person", initial="informed_0", inflow="adoption")
def informed():
    """People who have heard"""


@flow(unit="person/year")
def adoption(informed, contact_rate, population):
    """Logistic spread"""
    return contact_rate * informed * (1 - informed / population)


@stock(unit="1", initial="position_0", inflow="velocity_in")
def position():
    """Position of an oscillator"""


@stock(unit="1/year", initial="zero_velocity", outflow="pull")
def velocity():
    """Velocity of an oscillator"""


@flow(unit="1/year")
def velocity_in(velocity):
    """Velocity as a flow"""
    return velocity


@flow(unit="1/year/year")
def pull(position, frequency):
    """Restoring pull"""
    return frequency * frequency * position


@initial(unit="1/year")
def zero_velocity(frequency):
    """At rest"""
    return 0 * frequency


arrivals = delay3(
    "arrivals",
    input="departures",
    delay="travel_time",
    initial="nobody",
    unit="person/year",
    stock_unit="person",
    label="Arrivals",
)


@initial(unit="person")
def nobody(informed_0):
    """Nobody on the way"""
    return 0 * informed_0


@flow(unit="person/year")
def departures(lever_departures):
    """Departures"""
    return lever_departures


shock = noise("shock", label="Shock")


@initial(unit="1")
def mood_0(persistence):
    """Mood at the start"""
    return 0 * persistence


@annual(unit="1", initial="mood_0")
def mood(mood, shock, persistence):
    """First-order autoregression"""
    return persistence * mood + shock


mood_before = lagged("mood_before", of="mood", initial="mood_0", unit="1", label="Mood of the year before")
staircase = lookup("staircase", of="position", table="stairs", unit="1", label="A table")


@aux(unit="1", name="shape", variant="square")
def shape_square(position):
    """Square"""
    return position * position


@aux(unit="1", name="shape", variant="bell")
def shape_bell(position):
    """Bell"""
    x = exp(-position * position)
    return clip(x, 0, 1)


@indicator(unit="tn_VND2020", headline=True)
def wealth_report(wealth, shape):
    """Wealth, seen through a shape"""
    if shape > 1:
        return wealth * power(1 + shape * shape, shape)
    return wealth + 0 * min(shape, 1) * wealth


@initial(unit="person/year")
def departures_0(departures):
    """Departures at the start, which later departures leave alone"""
    return departures


@aux(unit="1")
def departures_index(departures, departures_0):
    """Departures relative to the start"""
    return departures / departures_0


@identity()
def wealth_identity(wealth, interest, interest_rate):
    """Interest over wealth is the rate"""
    return interest / (wealth * interest_rate) - 1
