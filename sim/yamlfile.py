"""Strict reading of YAML files, with the line of every value.

Only plain data comes through: mappings, lists, text, numbers, true/false and null (the YAML 1.2
core schema, so ``yes`` and ``2026-01-01`` stay text). Everything that makes YAML surprising or
dangerous is refused: anchors, aliases and merge keys (a few lines can expand to gigabytes), tags
and directives, several documents, duplicate keys, tabs, NaN and infinity, and files that are
empty, binary, not UTF-8, too long, too deep or not a mapping. All the problems that can be found
are reported in one :class:`~sim.errors.InputError`.

Some faults leave the rest of the file readable: a value that cannot be used, a key given twice.
:func:`inspect_yaml` hands them over beside the data, so that a caller can add what else is wrong.

The events come from libyaml through PyYAML; the tree is built here because no loader reports
duplicate keys with both lines, bounds the depth, or keeps the position of every value.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sim.errors import InputError, Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
MAX_VALUES = 100_000
MAX_DIGITS = 15
MAX_PROBLEMS = 100

Key = str | int | float
Place = tuple[Key | int, ...]
Spot = tuple[int, int]  # line from 1, column from 0

_EventLoader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.?(inf|infinity|nan)", re.IGNORECASE)
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
_HINTS = {
    "mapping values are not allowed": "put text that contains a colon in quotes, and check the indentation",
    "could not find expected ':'": "write 'key: value', with a space after the colon",
    "did not find expected key": "check the indentation, and that every quote and bracket is closed",
    "cannot start any token": "put text that begins with %, @ or ` in quotes",
    "did not find expected ',' or": "check that every bracket is closed and entries are separated by commas",
    "found unexpected end of stream": "close the quote or bracket",
}


@dataclass(frozen=True)
class YamlFile:
    """One YAML file: plain ``data``, the display name ``file`` and where every value stands.

    ``unread`` has the places of values that could not be used, with what is wrong; their data are None.
    """

    data: dict[Any, Any]
    file: str
    lines: tuple[str, ...] = field(repr=False)
    _spans: dict[Place, tuple[Spot, Spot]] = field(repr=False)
    unread: Mapping[Place, Problem] = field(default_factory=dict, repr=False)

    def position(self, place: Sequence[Any] = ()) -> int:
        """Line (from 1) of the key or list entry at ``place``, such as ``("levers", "reform")``.

        When nothing stands at ``place``, the line of the nearest enclosing key.
        """
        return self._span(place)[0][0]

    def text(self, place: Sequence[Any] = ()) -> str:
        """The source text of the key and value at ``place``, without comments and line breaks."""
        (first, start), (last, end) = self._span(place)
        lines = list(self.lines[first - 1 : last])
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][start:]
        parts = (_without_comment(line).strip() for line in lines)
        return " ".join(part for part in parts if part)

    def _span(self, place: Sequence[Any]) -> tuple[Spot, Spot]:
        found = tuple(place)
        while found not in self._spans:
            found = found[:-1]
        return self._spans[found]


def display_path(path: str | os.PathLike[str]) -> str:
    """``path`` relative to the current directory when inside it, else as it is."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd().resolve()))
    except (OSError, ValueError):
        return str(path)


def read_yaml(path: str | os.PathLike[str]) -> YamlFile:
    """Read one YAML file.

    Raises :class:`InputError` with every problem found, each with file and line.
    """
    return _sound(*inspect_yaml(path))


def inspect_yaml(path: str | os.PathLike[str]) -> tuple[YamlFile, list[Problem]]:
    """Read one YAML file that may hold unusable values and duplicate keys, and the problems of these.

    An unusable value is None in the data and listed in ``unread``; of duplicate keys the first counts;
    an entry whose key cannot be used is left out. Raises :class:`InputError` when the file as a whole
    cannot be read.
    """
    shown = display_path(path)
    try:
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise InputError(Problem(f"cannot be read: it is {kind}", file=shown))
        with Path(path).open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(Problem("there is no such file", file=shown)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Problem(f"cannot be read: {reason}", file=shown)) from None
    if len(raw) > MAX_BYTES:
        raise InputError(Problem("the file is too long", file=shown, bound=f"at most {MAX_BYTES:,} bytes"))
    return inspect_text(_decode(raw, shown), shown)


def parse_yaml(text: str, file: str = "<text>") -> YamlFile:
    """Read YAML from a string; ``file`` is the name shown in errors. Raises :class:`InputError`."""
    return _sound(*inspect_text(text, file))


def inspect_text(text: str, file: str = "<text>") -> tuple[YamlFile, list[Problem]]:
    """As :func:`inspect_yaml`, from a string; ``file`` is the name shown in errors."""
    lines = _LINE_BREAK.split(text)
    for number, line in enumerate(lines, 1):
        unprintable = _UNPRINTABLE.search(line)
        if unprintable:
            message = "control character: this is not a text file"
            code = f"U+{ord(unprintable.group()):04X}"
            raise InputError(Problem(message, file=file, line=number, value=code))
    reader = _Reader(text, file, tabs={number for number, line in enumerate(lines, 1) if "\t" in line})
    data = reader.read()
    if reader.broken or (reader.problems and not isinstance(data, dict)):
        raise InputError(in_order(reader.problems))
    if not isinstance(data, dict):
        kind = "is empty" if data is None else "holds a list" if isinstance(data, list) else "holds one value"
        message, bound = f"the file {kind}", "a mapping of 'key: value'"
        raise InputError(Problem(message, file=file, line=reader.spans[()][0][0], bound=bound))
    return YamlFile(data, file, tuple(lines), reader.spans, reader.unread), reader.problems


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """The problems of one file line by line, each once; of very many only the first, and their number."""
    found = sorted(dict.fromkeys(problems), key=lambda problem: problem.line or 0)
    more = len(found) - MAX_PROBLEMS
    if more > 0:
        noun = "problem" if more == 1 else "problems"
        found[MAX_PROBLEMS:] = [Problem(f"{more} more {noun} in this file, not shown", file=found[0].file)]
    return found


def _sound(yaml: YamlFile, problems: list[Problem]) -> YamlFile:
    if problems:
        raise InputError(in_order(problems))
    return yaml


def _decode(raw: bytes, file: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(Problem("the file is in UTF-16: save it as UTF-8", file=file))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message, byte = "not UTF-8 text: save it as UTF-8", f"byte 0x{raw[error.start]:02x}"
        raise InputError(Problem(message, file=file, line=line, value=byte)) from None


def _without_comment(line: str) -> str:
    """``line`` up to a comment, that is a ``#`` at its start or after a space and outside quotes."""
    quote = ""
    for index, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and (index == 0 or line[index - 1] in " [{," + character):
            quote = character
        elif character == "#" and (index == 0 or line[index - 1] == " "):
            return line[:index]
    return line


def _line(mark: Any) -> int:
    """Line of a parser's mark, counted from 1."""
    return int(mark.line) + 1


def _spot(mark: Any) -> Spot:
    return _line(mark), int(mark.column)


def _closing(event: Any) -> Spot:
    """Where a closing bracket ends; a block has none, and its end event stands at what follows."""
    bracket = event.end_mark.index > event.start_mark.index
    return _spot(event.end_mark) if bracket else (0, 0)


class _TooMuch(Exception):
    """The document passes a bound, so reading stops."""


class _Reader:
    """Builds plain data from the parser's events, collecting problems on the way.

    ``broken`` says that some problem concerns the file as a whole, not single values (``unread``) or keys.
    """

    def __init__(self, text: str, file: str, tabs: set[int]):
        self.file = file
        self.tabs = tabs
        self.problems: list[Problem] = []
        self.unread: dict[Place, Problem] = {}
        self.broken = False
        for line in sorted(tabs):
            self.add("tab character: YAML files are indented and aligned with spaces", line, ())
        self.spans: dict[Place, tuple[Spot, Spot]] = {(): ((1, 0), (1, 0))}
        self.count = 0
        self.events = self._events(text)

    @staticmethod
    def _events(text: str) -> Iterator[Any]:
        loader = _EventLoader(text)
        try:
            while loader.check_event():
                yield loader.get_event()
        finally:
            loader.dispose()

    def read(self) -> Any:
        """The single document's data; None when the file holds none or a problem stopped the reading."""
        data = None
        documents = 0
        try:
            for event in self.events:
                if not isinstance(event, yaml.DocumentStartEvent):
                    continue
                documents += 1
                line = _line(event.start_mark)
                if event.version or event.tags:
                    self.add("directive (%YAML, %TAG): not allowed", line, ())
                if documents > 1:
                    self.add("a second document (---) in one file: only one is allowed", line, ())
                    break
                data, last = self.value(next(self.events), (), 0)
                self.spans[()] = (self.spans[()][0], last)
        except _TooMuch:
            pass
        except yaml.MarkedYAMLError as error:
            self.add_syntax(error)
        except yaml.YAMLError as error:
            self.add(f"not valid YAML: {error}", None, ())
        return data

    def add(self, message: str, line: int | None, place: Place, **details: Any) -> None:
        """Note a problem of the file as a whole."""
        self.broken = True
        self.note(message, line, place, **details)

    def note(self, message: str, line: int | None, place: Place, **details: Any) -> Problem:
        """Note a problem beside which the rest of the file can be used."""
        where = ".".join(str(part)[:60] for part in place) or None
        problem = Problem(message, file=self.file, line=line, where=where, **details)
        self.problems.append(problem)
        return problem

    def refuse(self, message: str, line: int, place: Place, **details: Any) -> None:
        """Note a value that cannot be used."""
        self.unread[place] = self.note(message, line, place, **details)

    def add_syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        line = _line(mark) if mark else None
        if line in self.tabs:
            return  # the tab is the cause, and is reported already
        text = " ".join(part for part in (error.context, error.problem) if part)
        hint = next((advice for part, advice in _HINTS.items() if part in text), None)
        self.add(f"not valid YAML: {text}" + (f"; {hint}" if hint else ""), line, ())

    def value(self, event: Any, place: Place, depth: int) -> tuple[Any, Spot]:
        """The data that begins with ``event``, and where it ends."""
        line = _line(event.start_mark)
        data: Any = None
        last = _spot(event.end_mark)
        if place not in self.spans or not place:
            self.spans[place] = (_spot(event.start_mark), last)
        self.count += 1
        if self.count > MAX_VALUES:
            self.add("too many values in one file", line, (), bound=f"at most {MAX_VALUES:,}")
            raise _TooMuch
        if depth > MAX_DEPTH:
            self.add("nested too deeply", line, place[:3], bound=f"at most {MAX_DEPTH} levels")
            raise _TooMuch
        self.refuse_marks(event, line, place)
        if isinstance(event, yaml.MappingStartEvent):
            data, last = self.mapping(place, depth, last)
        elif isinstance(event, yaml.SequenceStartEvent):
            data, last = self.sequence(place, depth, last)
        elif isinstance(event, yaml.ScalarEvent):
            data = self.scalar(event, place)
        self.spans[place] = (self.spans[place][0], last)
        return None if place in self.unread else data, last

    def refuse_marks(self, event: Any, line: int, place: Place) -> None:
        if isinstance(event, yaml.AliasEvent):
            message = "alias (*name): not allowed, write the value out"
            self.refuse(message, line, place, value=f"*{event.anchor}")
            return
        if event.anchor is not None:
            message = "anchor (&name): not allowed, write the value out"
            self.note(message, line, place, value=f"&{event.anchor}")
        if event.tag is not None:
            self.refuse("tag (!name): not allowed", line, place, value=event.tag)

    def mapping(self, place: Place, depth: int, last: Spot) -> tuple[dict[Key, Any], Spot]:
        data: dict[Key, Any] = {}
        lines: dict[Key, int] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                last = max(last, _closing(event))
                break
            line = _line(event.start_mark)
            key = self.key(event, place, line)
            inside: Place = (*place, f"{event.value} (line {line})" if key is None else key)
            if key in lines:
                self.note(f"duplicate key, first given on line {lines[key]}", line, inside)
                inside = (*inside, f"(line {line})")  # keeps the first value's position
            elif key is not None:
                lines[key] = line
            self.spans[inside] = (_spot(event.start_mark), _spot(event.end_mark))
            value, last = self.value(next(self.events), inside, depth + 1)
            if key is not None:
                data.setdefault(key, value)
        return data, last

    def key(self, event: Any, place: Place, line: int) -> Key | None:
        """A mapping key: text or a number. None for one that cannot be used."""
        if not isinstance(event, yaml.ScalarEvent):
            self.add("a key must be text or a number", line, place)
            raise _TooMuch
        inside = (*place, f"{event.value} (line {line})")
        self.refuse_marks(event, line, inside)
        key = self.scalar(event, inside)
        refused = self.unread.pop(inside, None)
        if refused is None and (key is None or isinstance(key, bool)):
            quoted = f'"{event.value}"'
            self.note("a key must be text or a number", line, place, value=event.value, suggestion=quoted)
            return None
        return None if refused else key

    def sequence(self, place: Place, depth: int, last: Spot) -> tuple[list[Any], Spot]:
        data: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                last = max(last, _closing(event))
                break
            value, last = self.value(event, (*place, len(data)), depth + 1)
            data.append(value)
        return data, last

    def scalar(self, event: Any, place: Place) -> Any:
        """A plain scalar by the YAML 1.2 core schema; a quoted one is text."""
        text = event.value
        if not event.implicit[0]:
            return text
        if text in ("", "~", "null", "Null", "NULL"):
            return None
        if text in ("true", "True", "TRUE"):
            return True
        if text in ("false", "False", "FALSE"):
            return False
        line = _line(event.start_mark)
        if _NOT_FINITE.fullmatch(text):
            bound = "a finite number, or text in quotes"
            self.refuse("not a finite number", line, place, value=text, bound=bound)
            return None
        if _INTEGER.fullmatch(text):
            if len(text.lstrip("+-")) > MAX_DIGITS:
                bound = f"at most {MAX_DIGITS} digits, or text in quotes"
                self.refuse("number with too many digits", line, place, value=text[:40], bound=bound)
                return None
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if abs(number) == float("inf"):
                self.refuse("number too large", line, place, value=text[:40], bound="a finite number")
                return None
            return number
        return text
