"""Finding scenario files, and the chain of files one scenario is made from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sim.errors import InputError, Problem, nearest
from sim.scenario_file import Draft, read_draft
from sim.yamlfile import display_path, inspect_yaml

SUFFIXES = (".yaml", ".yml")
FRAGMENTS = "assumptions"
MAX_FILES = 64


def scenario_folder() -> Path:
    """The scenarios of the product: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parent
    places = (package.parent / "scenarios", package / "_data" / "scenarios")
    return next((place for place in places if (place / "schema.json").is_file()), places[0])


def find_scenario(path_or_id: str | Path) -> Path:
    """The file of a scenario given by its path, or by the id of one that comes with the product.

    Raises :class:`~sim.errors.InputError` when there is none, with the nearest id.
    """
    text = str(path_or_id)
    if isinstance(path_or_id, Path) or _is_path(text):
        file = Path(path_or_id)
        known = _known([scenario_folder()])
        if not file.exists() and file.suffix in SUFFIXES:
            problem = Problem(
                "there is no such file", file=display_path(file), suggestion=nearest(file.stem, known)
            )
            raise InputError(problem)
        return file
    found = _lookup(text, [scenario_folder()])
    if found is None:
        suggestion = nearest(text, _known([scenario_folder()]))
        bound = "a file, or the id of a scenario"
        raise InputError(Problem("unknown scenario", value=text, bound=bound, suggestion=suggestion))
    return found


def _is_path(text: str) -> bool:
    return text.endswith(SUFFIXES) or "/" in text or "\\" in text


def _known(folders: list[Path]) -> dict[str, Path]:
    """Scenarios and fragments in ``folders`` by file name, the first folder first."""
    found: dict[str, Path] = {}
    for folder in folders:
        for place in (folder, folder / FRAGMENTS):
            for file in sorted(place.glob("*.yaml")) if place.is_dir() else ():
                found.setdefault(file.stem, file)
    return found


def _lookup(name: str, folders: list[Path]) -> Path | None:
    return _known(folders).get(name)


class Chain:
    """The files of one scenario in the order in which they apply: parents, then layers, then the file.

    ``applied`` pairs each with the layer it came with, if any; a file that comes twice applies twice.
    ``drafts`` has every file once. Problems of files that cannot be read are in ``problems``, others
    in their drafts.
    """

    def __init__(self, root: Draft, file: Path | None, folder: Path):
        self.root = root
        self.problems: list[Problem] = []
        self.applied: list[tuple[Draft, str | None]] = []
        self._read: dict[Path, Draft | None] = {}
        self._full = False
        trail = [] if file is None else [file.resolve()]
        if file is not None:
            self._read[file.resolve()] = root
        self._add(root, folder, trail, None)

    @property
    def applied_drafts(self) -> list[Draft]:
        """The files as they apply, parents first."""
        return [draft for draft, _ in self.applied]

    @property
    def drafts(self) -> list[Draft]:
        """Every file once."""
        return list({id(draft): draft for draft in self.applied_drafts}.values())

    def _add(self, draft: Draft, folder: Path, trail: list[Path], layer: str | None) -> None:
        for place, name in _references(draft):
            file = self._find(draft, place, name, folder)
            if file is None or self._full:
                continue
            inner = name if place[0] == "layers" and layer is None else layer
            if file in trail:
                names = [display_path(step) for step in [*trail[trail.index(file) :], file]]
                draft.add(f"the files run in a circle: {' -> '.join(names)}", place)
            elif (parent := self._draft(file)) is not None:
                self._add(parent, file.parent, [*trail, file], inner)
        if len(self.applied) >= MAX_FILES and not self._full:
            self._full = True
            self.root.add("the scenario is made from too many files", (), bound=f"at most {MAX_FILES}")
        self.applied.append((draft, layer))

    def _find(self, draft: Draft, place: tuple[Any, ...], name: str, folder: Path) -> Path | None:
        folders = [folder, scenario_folder()]
        try:
            file = folder / name if _is_path(name) else _lookup(name, folders)
            if file is not None and file.is_file():
                return file.resolve()
        except (OSError, ValueError):
            file = None  # not a possible file name
        suggestion = nearest(Path(name).stem if _is_path(name) else name, _known(folders))
        what = "file" if _is_path(name) else "scenario"
        draft.add(f"there is no such {what}", place, value=name, suggestion=suggestion)
        return None

    def _draft(self, file: Path) -> Draft | None:
        if file not in self._read:
            try:
                self._read[file] = read_draft(*inspect_yaml(file))
            except InputError as error:
                self._read[file] = None
                self.problems += error.problems
        return self._read[file]


def _references(draft: Draft) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Where a file names others, and their names: its parent first, then its layers in order."""
    parent = draft.top("extends", str)
    if parent:
        yield ("extends",), parent
    seen = set()
    for number, layer in enumerate(draft.top("layers", list) or ()):
        if not isinstance(layer, str) or not layer:
            continue
        if layer in seen:
            draft.add("the same layer twice", ("layers", number), value=layer)
        else:
            seen.add(layer)
            yield ("layers", number), layer
