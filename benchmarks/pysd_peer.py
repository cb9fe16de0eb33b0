"""The exported model in PySD: one run after another, Euler integration, the only method it has."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.case import STEPS, Case
from sim.xmile import identifiers, to_xmile


class PysdPeer:
    """The first draw of ``case`` as an XMILE file, read by PySD."""

    def __init__(self, case: Case):
        import pysd

        self.case = case
        self.names = identifiers(case.model)
        text = to_xmile(
            case.model,
            paths=case.paths,
            parameters={n: float(v[0]) for n, v in case.parameters.items()},
            start_year=case.start_year,
            years=case.years,
            steps=STEPS,
            noise=case.noise[:, :, 0],
        )
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = Path(folder) / "model.xmile"
            file.write_text(text, encoding="utf-8")
            # PySD keeps as many digits of tabulated points as numpy prints
            with np.printoptions(precision=17):
                self.model = pysd.read_xmile(str(file))

    def run(self) -> dict[str, NDArray[np.float64]]:
        """One run: annual values of the outputs by name, shape (year,)."""
        columns = [self.names[n] for n in self.case.outputs]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = self.model.run(return_columns=columns)
        values = {}
        for name, column in zip(self.case.outputs, columns, strict=True):
            steps = frame[column].to_numpy(float)
            if self.case.model.elements[name].kind == "stock":
                values[name] = steps[STEPS::STEPS]
            else:
                values[name] = steps[:-1].reshape(self.case.years, STEPS).mean(axis=1)
        return values
