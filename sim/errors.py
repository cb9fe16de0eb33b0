"""Errors a user can act on: every problem found, each with place, value, bound and nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one input.

    ``file`` and ``line`` say where it was read (``line`` counts from 1), ``where`` is the dotted
    path inside the file, ``value`` what was received, ``bound`` what would have been accepted and
    ``suggestion`` the nearest valid name or the corrected text.
    """

    message: str
    file: str | None = None
    line: int | None = None
    where: str | None = None
    value: object = None
    bound: str | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}"
        head = ": ".join(part for part in (place, self.where, self.message) if part)
        tail = []
        if self.value is not None:
            tail.append(f"got {_short(repr(self.value))}")
        if self.bound:
            tail.append(f"expected {self.bound}")
        if self.suggestion:
            tail.append(f"did you mean {self.suggestion}?")
        return head + (f" ({'; '.join(tail)})" if tail else "")


def _short(text: str) -> str:
    """``text``, its middle left out when it is too long to be read."""
    return text if len(text) <= 120 else f"{text[:80]} ... {text[-20:]}"


class InputError(Exception):
    """Invalid input: carries every :class:`Problem` found, not only the first. Exit code 2."""

    def __init__(self, problems: Iterable[Problem] | Problem | str):
        if isinstance(problems, str):
            problems = [Problem(problems)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The valid name closest to ``name``, or None when nothing is close."""
    found = difflib.get_close_matches(str(name), list(valid), n=1, cutoff=0.6)
    return found[0] if found else None
