"""What is run: the model of the country under one scenario, with parameters drawn from the priors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.assemble import model_of
from sim.country import load_country
from sim.draws import sample
from sim.engine.ensemble import PathFunction, input_table, noise_table
from sim.engine.graph import Model
from sim.scenario import load_scenario
from sim.simulation import kept_variables, paths_of

SEED, STEPS = 57, 4

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One experiment, ready for any engine; ``parameters`` and ``noise`` hold one column a draw."""

    model: Model
    paths: dict[str, PathFunction]
    start_year: int
    years: int
    inputs: Array
    parameters: dict[str, Array]
    noise: Array
    outputs: list[str]

    @classmethod
    def load(cls, scenario: str, draws: int) -> Case:
        """``draws`` prior draws of the scenario ``scenario``, keeping what an ordinary run keeps."""
        country = load_country("vietnam")
        resolved = load_scenario(scenario, country)
        model = model_of(country)
        ids = np.arange(draws)
        years = country.horizon - country.start_year + 1
        paths = paths_of(resolved, country, model)
        return cls(
            model,
            paths,
            country.start_year,
            years,
            input_table(model, paths, country.start_year, years, STEPS),
            sample(country, model, SEED, ids, {})[0],
            noise_table(model, SEED, ids, country.start_year, years, country.last_observed + 1),
            [n for n in kept_variables(model, country) if n in model.elements],
        )

    def options(self, draws: int, method: str) -> dict[str, object]:
        """The arguments that the kernel and the numpy peer share, for the first ``draws`` draws."""
        return {
            "inputs": self.inputs,
            "parameters": {n: v[:draws] for n, v in self.parameters.items()},
            "noise": self.noise[:, :, :draws],
            "outputs": self.outputs,
            "draws": draws,
            "method": method,
        }
