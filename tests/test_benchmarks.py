"""What the kernel is measured against computes the same thing."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.numpy_peer import NumpyPeer
from sim.engine.declare import elements_of
from sim.engine.ensemble import input_table, noise_table, simulate
from sim.engine.graph import build
from tests import toy
from tests.test_engine import INPUTS, VALUES


@pytest.mark.parametrize("method", ["euler", "rk4"])
@pytest.mark.parametrize("block", [3, 1024])
def test_generated_numpy_code_agrees_with_the_kernel(method, block):
    model = build(elements_of(toy), INPUTS)
    ids = np.arange(7)
    common = {
        "inputs": input_table(model, {"lever_departures": lambda t, side: 2.0 + t - 2010}, 2010, 12, 4),
        "parameters": dict(VALUES, interest_rate=0.05 + 0.01 * ids, variant_of_shape=ids % 2),
        "noise": noise_table(model, 1, ids, 2010, 12, 2012),
        "outputs": [n for n, e in model.elements.items() if e.kind != "noise"],
        "draws": ids.size,
        "method": method,
    }
    peer = NumpyPeer(model).run(**common, block=block)
    ours = simulate(model, **common, start_year=2010, engine="interpreted").values
    for name, values in ours.items():
        assert peer[name] == pytest.approx(values, rel=1e-9, abs=1e-14)
