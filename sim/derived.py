"""Quantities worked out after a run, because they need several years, other economies or a dividing line.

Each is one function, wired by argument name like the model's equations: an argument is an annual
quantity of the run (array of shape (year, draw)), another derived quantity, a parameter of the draws or of
``reporting.yaml`` (array of shape (draw,)), or :class:`Run` itself under the name ``run``. The first line
of the docstring is the label. :data:`DERIVED` is the table of all of them.
"""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim import ranks
from sim.engine import rng
from sim.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    from sim.country import Country, Parameter

Array = NDArray[np.float64]

WINDOW = 5  # years of a plan period: averages and growth accounting look back this far
REPORTING_FILE = "reporting.yaml"


@dataclass(frozen=True)
class Derived:
    """One derived quantity: ``inputs`` are its arguments, ``code`` its formula, ``function`` computes it.

    ``looks_back`` is the number of years up to each year that its value covers.
    """

    name: str
    unit: str
    label: str
    label_vi: str
    source: str
    kind: str
    inputs: tuple[str, ...]
    headline: bool
    looks_back: int
    function: Callable[..., Array] = field(compare=False)

    @property
    def code(self) -> str:
        """Source text of the formula."""
        text = textwrap.dedent(inspect.getsource(self.function))
        return text[text.index("def ") :]


DERIVED: dict[str, Derived] = {}


def _derived(
    *,
    unit: str,
    vi: str,
    source: str,
    kind: str = "mean over the year",
    headline: bool = False,
    looks_back: int = 1,
) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    def register(function: Callable[..., Array]) -> Callable[..., Array]:
        label = (inspect.getdoc(function) or "").split("\n")[0].strip().rstrip(".")
        inputs = tuple(a for a in inspect.signature(function).parameters if a != "run")
        DERIVED[function.__name__] = Derived(
            function.__name__, unit, label, vi, source, kind, inputs, headline, looks_back, function
        )
        return function

    return register


@functools.lru_cache(maxsize=4)
def _reporting_parameters(file: str, stamp: int) -> dict[str, Parameter]:
    from pathlib import Path

    from sim.country import read_parameters

    return read_parameters(Path(file))


def reporting_parameters(country: Country) -> dict[str, Parameter]:
    """Parameters of derived quantities of ``country`` (its ``reporting.yaml``), by name."""
    file = country.folder / REPORTING_FILE
    try:
        stamp = file.stat().st_mtime_ns
    except OSError as error:
        raise InputError(Problem(f"cannot read: {error.strerror}", file=str(file))) from None
    return _reporting_parameters(str(file), stamp)


@dataclass
class Run:
    """What a finished run offers to derived quantities.

    ``values`` holds the run's annual quantities, each of shape (year, draw), ``years`` their calendar
    years without gaps, ``draw_ids`` the address of each draw, ``parameters`` values by draw.
    """

    values: Mapping[str, Array]
    years: NDArray[np.int64]
    draw_ids: NDArray[np.int64]
    seed: int
    parameters: Mapping[str, Array]
    country: Country
    _known: dict[str, Array] = field(default_factory=dict, repr=False)

    @property
    def last_observed(self) -> int:
        """The last year with observations; what is reported follows the record up to it."""
        return self.country.last_observed

    def annual(self, name: str) -> Array:
        """The annual quantity ``name``, shape (year, draw). Raises InputError when it cannot be had."""
        if name in self.values:
            return self.values[name]
        if name not in self._known:
            if name not in DERIVED:
                known = [*self.values, *DERIVED]
                raise InputError(
                    Problem("no such quantity in this run", value=name, suggestion=nearest(name, known))
                )
            function = DERIVED[name].function
            arguments = {a: self._argument(a) for a in inspect.signature(function).parameters}
            with np.errstate(divide="ignore", invalid="ignore"):
                self._known[name] = function(**arguments)
        return self._known[name]

    def _argument(self, name: str) -> object:
        if name == "run":
            return self
        if name in self.values or name in DERIVED:
            return self.annual(name)
        return self.parameter(name)

    def parameter(self, name: str) -> Array:
        """Values of the parameter ``name``, shape (draw,)."""
        if name in self.parameters:
            return np.broadcast_to(np.asarray(self.parameters[name], dtype=float), self.draw_ids.shape)
        own = reporting_parameters(self.country)
        if name not in own:
            known = [*self.values, *self.parameters, *own]
            raise InputError(
                Problem(
                    "this run holds no such quantity or parameter",
                    value=name,
                    suggestion=nearest(name, known),
                )
            )
        parameter = own[name]
        if parameter.prior is None:
            return np.full(self.draw_ids.shape, parameter.value, dtype=float)
        return parameter.quantile(rng.uniform(self.seed, self.draw_ids, f"parameter:{name}"))

    def has(self, name: str) -> bool:
        """Whether :meth:`annual` can give ``name``."""
        parameters = {**self.parameters, **reporting_parameters(self.country)}
        return all(n in self.values for n in model_inputs([name], parameters))

    def row(self, year: int) -> int:
        """Position of ``year`` among the years. Raises InputError when the run does not hold it."""
        if not self.years[0] <= year <= self.years[-1]:
            span = f"{self.years[0]} to {self.years[-1]}"
            raise InputError(Problem("the run does not hold this year", where="year", value=year, bound=span))
        return int(year - self.years[0])


def required_variables(country: Country) -> list[str]:
    """The model's quantities a run of ``country`` must keep for its targets and derived headlines."""
    wanted = [t.variable for t in country.targets if t.variable]
    wanted += [d.name for d in DERIVED.values() if d.headline]
    parameters = {**country.parameters, **reporting_parameters(country)}
    return model_inputs(wanted, parameters)


def model_inputs(names: Iterable[str], parameters: Container[str]) -> list[str]:
    """What of the model has to be known for ``names`` to be computed, directly or not.

    Every argument that is neither derived nor among ``parameters`` is a quantity of the model.
    """
    found: dict[str, None] = {}
    queue = list(names)[::-1]
    seen: set[str] = set()
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in DERIVED:
            queue += DERIVED[name].inputs[::-1]
        elif name not in parameters:
            found[name] = None
    return list(found)


def average_growth(values: Array, span: int, per_one: float = 1.0) -> Array:
    """Compound growth a year over the ``span`` years up to each year; NaN for the first ``span`` years."""
    growth = np.full(values.shape, np.nan)
    if span < values.shape[0]:
        growth[span:] = per_one * ((values[span:] / values[:-span]) ** (1 / span) - 1)
    return growth


@_derived(
    unit="percent/year",
    vi="Tốc độ tăng GDP thực",
    source="national accounts: change over the year before",
    headline=True,
)
def gdp_growth(gdp: Array, percent_per_one: Array) -> Array:
    """Growth of real GDP."""
    return average_growth(gdp, 1) * percent_per_one


@_derived(
    unit="percent/year",
    vi="Tăng trưởng GDP bình quân 5 năm",
    source="compound growth over the five years up to each year",
    looks_back=WINDOW,
)
def gdp_growth_5y(gdp: Array, percent_per_one: Array) -> Array:
    """Average growth of real GDP over five years."""
    return average_growth(gdp, WINDOW) * percent_per_one


@_derived(
    unit="percent/year",
    vi="Tốc độ tăng đơn đăng ký sáng chế bình quân 5 năm",
    source="compound growth over the five years up to each year",
    looks_back=WINDOW,
)
def patent_growth_5y(patent_apps: Array, patent_growth_error: Array, percent_per_one: Array) -> Array:
    """Average growth of patent applications over five years."""
    return average_growth(patent_apps, WINDOW) * percent_per_one + patent_growth_error


@_derived(
    unit="percent/year",
    vi="Tốc độ tăng công bố khoa học bình quân 5 năm",
    source="compound growth over the five years up to each year",
    looks_back=WINDOW,
)
def publication_growth_5y(
    publications: Array, publication_growth_error: Array, percent_per_one: Array
) -> Array:
    """Average growth of scientific publications over five years."""
    return average_growth(publications, WINDOW) * percent_per_one + publication_growth_error


# variable -> its average growth over WINDOW years, with what else moves it
GROWTH_OF = {
    "gdp": "gdp_growth_5y",
    "patent_apps": "patent_growth_5y",
    "publications": "publication_growth_5y",
}


@_derived(
    unit="percent",
    vi="Đóng góp của TFP vào tăng trưởng 5 năm, chưa hiệu chỉnh",
    source="growth accounting over five years (Solow 1957) with the capital share of the draw",
    looks_back=WINDOW,
)
def tfp_contribution_uncorrected(
    gdp: Array,
    capital: Array,
    labour: Array,
    capital_share: Array,
    tfp_least_growth: Array,
    percent_per_one: Array,
) -> Array:
    """Contribution of TFP to growth over five years, as modelled.

    Output and labour are yearly means, capital the stock at year end. Undefined (NaN) where output hardly
    grew: a share of next to nothing says nothing.
    """

    def change(values: Array) -> Array:
        logs = np.log(values)
        return np.concatenate(
            [np.full((min(WINDOW, len(logs)), logs.shape[1]), np.nan), logs[WINDOW:] - logs[:-WINDOW]]
        )

    growth = change(gdp)
    unexplained = growth - capital_share * change(capital) - (1 - capital_share) * change(labour)
    return np.where(growth >= tfp_least_growth, percent_per_one * unexplained / growth, np.nan)


@_derived(
    unit="percent",
    vi="Đóng góp của TFP vào tăng trưởng 5 năm",
    source="growth accounting over five years, plus the bias against the official figures",
    looks_back=WINDOW,
    headline=True,
)
def tfp_contribution(tfp_contribution_uncorrected: Array, tfp_bias: Array) -> Array:
    """Contribution of TFP to growth over five years, on the official yardstick."""
    return tfp_contribution_uncorrected + tfp_bias


@_derived(
    unit="1",
    vi="Điểm Chỉ số đổi mới sáng tạo toàn cầu",
    source="WIPO Global Innovation Index 2025, moved by what changes after the last observed year",
    headline=True,
)
def gii_score(
    gerd_gdp: Array,
    gni_pc_usd: Array,
    researchers_per_10k: Array,
    digital_maturity: Array,
    institutions: Array,
    gii_base_score: Array,
    gii_rd: Array,
    gii_income: Array,
    gii_peer_growth: Array,
    gii_researchers: Array,
    gii_digital: Array,
    gii_institutions: Array,
    gii_noise_sd: Array,
    gii_noise_persistence: Array,
    run: Run,
) -> Array:
    """Score in the Global Innovation Index.

    Scores are relative to the other economies of an edition: income earns points by what it grows more
    than theirs.
    """
    base = run.row(run.last_observed)
    since = np.maximum(0, run.years - run.last_observed)[:, None]

    def log_change(values: Array) -> Array:
        return np.log(values / values[base])

    return (
        gii_base_score
        + gii_rd * log_change(gerd_gdp)
        + gii_income * (log_change(gni_pc_usd) - gii_peer_growth * since)
        + gii_researchers * log_change(researchers_per_10k)
        + gii_digital * (digital_maturity - digital_maturity[base])
        + gii_institutions * (institutions - institutions[base])
        + persistent_noise(run, "gii_score", gii_noise_sd, gii_noise_persistence)
    )


def persistent_noise(run: Run, process: str, sd: Array, persistence: Array) -> Array:
    """First-order autoregression that starts from 0 in the last observed year, shape (year, draw).

    ``sd`` is its standard deviation in the long run; zero up to the last observed year.
    """
    noise = np.zeros((run.years.size, run.draw_ids.size))
    step = sd * np.sqrt(1 - persistence**2)
    for k in range(1, run.years.size):
        if run.years[k] > run.last_observed:
            shock = rng.normal(run.seed, run.draw_ids, f"reporting:{process}", int(run.years[k]))
            noise[k] = persistence * noise[k - 1] + step * shock
    return noise


@_derived(
    unit="1",
    vi="Thứ hạng Chỉ số đổi mới sáng tạo toàn cầu",
    source="one more than the number of simulated economies with a higher score",
    kind="rank",
)
def gii_rank(gii_score: Array, run: Run) -> Array:
    """Rank in the Global Innovation Index."""
    return rank_in_index(run, "gii_score")


@_derived(
    unit="1",
    vi="Thứ hạng Chỉ số phát triển chính phủ điện tử",
    source="one more than the number of simulated economies with a higher index",
    kind="rank",
)
def egdi_rank(egdi: Array, run: Run) -> Array:
    """Rank in the UN e-government development index."""
    return rank_in_index(run, "egdi")


def rank_in_index(run: Run, variable: str, among: Container[str] | None = None) -> Array:
    """Rank of the country's score ``variable`` among simulated peers, shape (year, draw), from 1.

    ``among`` limits the peers to these ISO codes. Raises InputError for a variable nobody is ranked by.
    """
    if variable not in RANKED:
        raise InputError(
            Problem(
                "no ranking is made of this quantity", value=variable, suggestion=nearest(variable, RANKED)
            )
        )
    index, simulate, parameters = RANKED[variable]
    peers = ranks.Peers.of(run.country, index, among)
    settings = [run.parameter(p) for p in parameters]
    score = run.annual(variable)
    if variable in NOISY:
        score = score + persistent_noise(run, variable, *(run.parameter(p) for p in NOISY[variable]))
    return simulate(score, run.years, peers, run.seed, run.draw_ids, *settings)


# score -> (file of peers, how they move, parameters of how they move)
RANKED: dict[str, tuple[str, Callable[..., Array], tuple[str, ...]]] = {
    "gii_score": ("gii", ranks.wandering_rank, ("gii_peer_sd", "gii_peer_reversion", "gii_edition_sd")),
    "egdi": ("egdi", ranks.drifting_rank, ("egdi_peer_drift", "egdi_peer_drift_sd")),
}

# scores that the model gives without what else moves them -> its standard deviation and persistence
NOISY = {"egdi": ("egdi_noise_sd", "egdi_noise_persistence")}
