"""What a run was made from: enough to run it again years later and to tell whether it came out the same."""

from __future__ import annotations

import hashlib
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.errors import InputError, Problem

LIBRARIES = ("nq57", "numpy", "scipy", "llvmlite")


def new_run_id(created: datetime, *made_from: object) -> str:
    """A name for a run: its UTC time to the millisecond, so that names sort by time, and a short hash.

    The hash is over ``made_from`` (hashes of scenario, model and country, seed, number of draws ...) and
    the time, so that two runs started in the same millisecond for different things differ.
    """
    moment = created.astimezone(UTC)
    stamp = f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z"
    digest = hashlib.sha256("\n".join([moment.isoformat(), *map(str, made_from)]).encode()).hexdigest()
    return f"{stamp}-{digest[:8]}"


def installed_versions() -> dict[str, str]:
    """Versions of the language, of the platform and of the libraries that decide the numbers."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


class RunRecord(BaseModel):
    """Everything that decided a run's numbers, and the run's own account of itself.

    ``structures`` are the alternatives fixed for the run, ``years`` the span reported where it is not the
    whole horizon. ``draws_id`` names the set of parameter draws (``prior-matched:<hash>``), ``residuals``
    holds the worst relative residual of every accounting identity, ``timings`` seconds by phase and
    ``array_hashes`` the sha256 of every variable's values, by which two runs are compared bit for bit
    without storing them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=True, ser_json_inf_nan="strings")

    run_id: str
    created: datetime
    command: str = ""
    scenario_id: str
    scenario_hash: str
    model_hash: str
    kernel_hash: str = ""
    country_id: str
    country_hash: str
    engine: str
    method: str
    dt: float = Field(gt=0)
    seed: int
    structures: dict[str, str] = Field(default_factory=dict)
    years: tuple[int, int] | None = None
    draws: int = Field(ge=1)
    failed_draws: int = Field(default=0, ge=0)
    candidates_tried: int = Field(default=0, ge=0)
    draws_id: str
    versions: dict[str, str] = Field(default_factory=installed_versions)
    timings: dict[str, float] = Field(default_factory=dict)
    residuals: dict[str, float] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    array_hashes: dict[str, str] = Field(default_factory=dict)

    def to_json(self) -> str:
        """The record as indented JSON, ending with a newline."""
        return self.model_dump_json(indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, file: str | None = None) -> RunRecord:
        """Read what :meth:`to_json` wrote. Raises :class:`~sim.errors.InputError` with every fault found."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise InputError(
                Problem(
                    fault["msg"],
                    file=file,
                    where=".".join(str(part) for part in fault["loc"]) or None,
                    value=fault["input"] if isinstance(fault["input"], str | int | float) else None,
                )
                for fault in error.errors()
            ) from None

    @classmethod
    def read(cls, path: Path) -> RunRecord:
        """Read a record from ``path``; what cannot be read is an :class:`~sim.errors.InputError`."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(Problem(f"cannot read the run record: {reason}", file=str(path))) from None
        return cls.from_json(text, str(path))
