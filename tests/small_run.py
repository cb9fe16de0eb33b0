"""Small runs with made-up numbers, for tests of what happens after a run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from sim.country_targets import JointTarget, Target
from sim.derived import Run
from sim.engine.declare import Element
from sim.engine.graph import Model
from sim.record import RunRecord, new_run_id
from sim.results import Results

VIETNAM = Path(__file__).resolve().parent.parent / "calibration" / "vietnam"
YEARS = np.arange(2010, 2046)
UNITS = {"gerd_gdp": "percent", "gdp": "tn_VND2020/year", "capital": "tn_VND2020"}


def a_target(**changes) -> Target:
    """A target: spending of at least 2 % in 2030, unless changed."""
    fields = {
        "id": "rd",
        "code": "T1",
        "label": "Spending",
        "label_vi": "Chi tiêu",
        "kind": "threshold",
        "variable": "gerd_gdp",
        "op": ">=",
        "value": 2.0,
        "unit": "percent",
        "year": 2030,
        "window": None,
        "confidence": "modelled",
        "confidence_vi": "có mô phỏng",
        "definition": "",
        "outside_view": None,
        "source": "a resolution",
        "source_url": "",
        "note": "",
    }
    return Target(**{**fields, **changes})


def a_joint(*members: str) -> JointTarget:
    return JointTarget("all", "All", "Tất cả", members)


def a_country(targets=(), joint=(), folder=VIETNAM):
    return SimpleNamespace(
        id="vietnam",
        label="Viet Nam",
        iso3="VNM",
        start_year=2010,
        last_observed=2025,
        horizon=2045,
        folder=folder,
        parameters={},
        hash="c" * 64,
        targets=list(targets),
        joint_targets=list(joint),
    )


def a_run(values, country=None, *, ids=None, seed=57, parameters=None, years=YEARS) -> Run:
    """A finished run of ``values``, arrays of (year, draw) or numbers that hold in every year and draw."""
    draws = next((v.shape[1] for v in values.values() if np.ndim(v) == 2), 4)
    ids = np.arange(draws) if ids is None else ids
    full = {n: np.broadcast_to(np.asarray(v, float), (years.size, ids.size)) for n, v in values.items()}
    given = {"percent_per_one": np.full(ids.size, 100.0), **(parameters or {})}
    return Run(full, years, ids, seed, given, country or a_country())


def a_record(**changes) -> RunRecord:
    created = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    fields = {
        "run_id": new_run_id(created, "x"),
        "created": created,
        "scenario_id": "hold",
        "scenario_hash": "s" * 64,
        "model_hash": "m" * 64,
        "country_id": "vietnam",
        "country_hash": "c" * 64,
        "engine": "compiled",
        "method": "rk4",
        "dt": 0.25,
        "seed": 57,
        "draws": 1,
        "draws_id": "prior-matched:abc",
        "residuals": {"money": 1e-15},
    }
    return RunRecord(**{**fields, **changes})


def a_model(names) -> Model:
    elements = {
        n: Element(
            n,
            "stock" if n == "capital" else "indicator",
            UNITS.get(n, "1"),
            n.title(),
            f"{n} (vi)",
            "made up",
        )
        for n in names
    }
    return Model(elements, {}, (), ())


def some_results(values, targets=(), joint=(), *, reported_years=None, ids=None, **record) -> Results:
    """Results of ``values``, arrays of (year, draw)."""
    run = a_run(values, a_country(targets, joint), ids=ids)
    scenario = SimpleNamespace(
        id="hold", title={"en": "Hold", "vi": "Giữ nguyên"}, hash="s" * 64, resolved_yaml=lambda: "id: hold\n"
    )
    draws = SimpleNamespace(
        ids=run.draw_ids,
        seed=run.seed,
        parameters=run.parameters,
        structures={"crowding": run.draw_ids % 2},
        structure_labels={"crowding": ("in", "out", "never")},
    )
    return Results.from_arrays(
        run.values,
        run.years,
        scenario,
        run.country,
        a_model(values),
        draws,
        a_record(draws=int(run.draw_ids.size), **record),
        reported_years=reported_years,
    )
