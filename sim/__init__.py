"""nq57: odds that Viet Nam reaches the targets of Resolution 57-NQ/TW, and what would change them.

    import sim

    results = sim.run("budget_3pct", draws=1000, seed=57)
    results.probability("rd_2pct_2030")

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.country import load_country as load_country
    from sim.errors import InputError as InputError
    from sim.results import Results as Results
    from sim.scenario import load_scenario as load_scenario
    from sim.simulation import run as run

_HOMES = {
    "InputError": "sim.errors",
    "Results": "sim.results",
    "load_country": "sim.country",
    "load_scenario": "sim.scenario",
    "run": "sim.simulation",
}

__all__ = ["InputError", "Results", "load_country", "load_scenario", "run"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
