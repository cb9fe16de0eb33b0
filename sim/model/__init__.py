"""What the world is: one module of equations per sector, no loops, no input or output, no numbers.

``SECTORS`` lists the modules in the order in which the documentation presents them.
"""

from __future__ import annotations

from sim.model import (
    budget,
    business,
    digital,
    economy,
    infrastructure,
    institutions,
    policy,
    reporting,
    representative_firm,
    research,
    talent,
    trade,
)

SECTORS = [
    policy,
    economy,
    budget,
    research,
    business,
    talent,
    infrastructure,
    digital,
    trade,
    institutions,
    representative_firm,
    reporting,
]
