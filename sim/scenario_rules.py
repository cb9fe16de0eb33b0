"""What must hold of a whole scenario: composition of the budget, ranges, fixed parameters and structures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from sim.country_tables import COMPOSITION, COMPOSITION_TOLERANCE
from sim.errors import nearest
from sim.scenario_file import Draft
from sim.scenario_paths import Frame, Step, range_text
from sim.timepath import Side, TimePath

if TYPE_CHECKING:
    from sim.country import Country, Lever, Parameter

Fixed = dict[str, tuple[Draft, float | str]]


def check_composition(paths: Mapping[str, TimePath], steps: Mapping[str, list[Step]], frame: Frame) -> None:
    """Note when the parts of the budget do not sum to one at every projected time."""
    parts = [code for code in paths if code.startswith(COMPOSITION)]
    setting = [step for code in parts for step in steps.get(code, ())]
    if not setting or any(_has_faults(step.draft, parts, steps) for step in setting):
        return
    total = reduce(add, (paths[code] for code in parts))
    time, side, value = max(_moments(total, frame), key=lambda moment: abs(moment[2] - 1))
    if abs(value - 1) > COMPOSITION_TOLERANCE:
        shares = {code: paths[code].value(time, side) for code in parts}
        when = f"{'just before' if side == 'left' else 'in'} {time:g}"
        shown = " + ".join(f"{code} {share:.6g}" for code, share in shares.items())
        last = setting[-1]
        needed = shares[last.code] + 1 - value
        last.draft.add(
            f"the parts of the budget do not sum to 1 {when}",
            last.place,
            value=f"{shown} = {value:.6g}",
            bound="a sum of 1; parts are never rescaled",
            suggestion=f"{last.code}: {needed:.6g}" if 0 <= needed <= 1 else None,
        )
        return
    for code in parts:
        negative = [time for time, _, value in _moments(paths[code], frame) if value < 0]
        if negative and steps.get(code):
            step = steps[code][-1]
            step.draft.add(
                f"a part of the budget is negative in {negative[0]:g}", step.place, bound="0 or more"
            )


def _has_faults(draft: Draft, parts: list[str], steps: Mapping[str, list[Step]]) -> bool:
    """Whether ``draft`` sets a part of the budget to something that could not be used."""
    given = draft.top("levers", dict) or {}
    used = {code for code in parts for step in steps.get(code, ()) if step.draft is draft}
    return any(code in given and code not in used for code in parts)


def _moments(path: TimePath, frame: Frame) -> Iterator[tuple[float, Side, float]]:
    """Time, side and value at the beginning of the projection and at every later knot."""
    yield float(frame.first), "right", path.value(frame.first)
    for time, before, after in path.knots:
        if time > frame.first:
            if before != after:
                yield time, "left", before
            yield time, "right", after


def check_range(lever: Lever, path: TimePath, steps: list[Step], frame: Frame) -> None:
    """Note, or warn, when what the settings of ``lever`` add up to leaves its range."""
    for time, _, value in _moments(path, frame):
        if time < frame.end and not lever.low <= value <= lever.high:
            step = steps[-1]
            message = f"out of range in {time:g}"
            if frame.strict_range:
                step.draft.add(message, step.place, value=float(f"{value:.6g}"), bound=range_text(lever))
            else:
                step.draft.warn(f"{message}: {value:.6g}, feasible is {range_text(lever)}", step.place)
            return


def check_fixed(drafts: Iterable[Draft], country: Country) -> tuple[Fixed, Fixed]:
    """Parameters and structures fixed by ``drafts``, the last one winning; what is wrong is noted.

    Only what is uncertain can be fixed: a unit conversion or a date of the model is no assumption.
    """
    parameters: Fixed = {}
    structures: Fixed = {}
    uncertain = [name for name, parameter in country.parameters.items() if parameter.prior is not None]
    for draft in drafts:
        for name, value in _entries(draft, "parameters"):
            known = country.parameters.get(name)
            if known is None:
                draft.add("unknown parameter", ("parameters", name), suggestion=nearest(name, uncertain))
            elif known.prior is None:
                what = "a table" if known.points is not None else "a constant"
                draft.add(
                    f"{what} of the model, not an assumption",
                    ("parameters", name),
                    value=value,
                    bound="a parameter that has a prior",
                    suggestion=nearest(name, uncertain),
                )
            elif (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and _parameter_fits(draft, name, value, known)
            ):
                parameters[name] = (draft, float(value))
        for name, value in _entries(draft, "structures"):
            structure = country.structures.get(name)
            if structure is None:
                draft.add(
                    "unknown structure", ("structures", name), suggestion=nearest(name, country.structures)
                )
            elif isinstance(value, str) and value not in structure.alternatives:
                options = structure.alternatives
                bound, suggestion = f"one of {', '.join(options)}", nearest(str(value), options)
                draft.add(
                    "unknown alternative",
                    ("structures", name),
                    value=value,
                    bound=bound,
                    suggestion=suggestion,
                )
            elif isinstance(value, str):
                structures[name] = (draft, value)
    return parameters, structures


def _entries(draft: Draft, section: str) -> Iterator[tuple[str, Any]]:
    for name, value in (draft.top(section, dict) or {}).items():
        if isinstance(name, str):
            yield name, value


def _parameter_fits(draft: Draft, name: str, value: float, parameter: Parameter) -> bool:
    low, high = parameter.support
    if not low <= value <= high:
        unit = "" if parameter.unit == "1" else f" {parameter.unit}"
        bound = f"{low:g} to {high:g}{unit}"
        draft.add("value out of bounds", ("parameters", name), value=value, bound=bound)
        return False
    return True
