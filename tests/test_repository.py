"""Facts about the repository: layers keep apart, pins are complete, nothing ties it to one machine."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sim.cli import cli
from sim.country import load_country
from sim.model import SECTORS
from sim.scenario import load_scenario

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 500
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SOURCES = sorted((ROOT / "sim").rglob("*.py"))
IMPORTING = ("__import__", "import_module", "importlib.import_module")
PINNED = ("requirements.txt", "requirements-dev.txt")


def own_files() -> list[Path]:
    """Files under version control, or, in an unpacked archive, all that would be."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        skipped = {".venv", "outputs", "__pycache__", "dist"}
        found = [path for path in ROOT.rglob("*") if not skipped & set(path.relative_to(ROOT).parts)]
    return [path for path in found if path.is_file()]


def text_of(path: Path) -> str | None:
    """The text of a file, or None for one that is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything a module imports, wherever in the file it does so."""
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "__import__",
            "importlib.import_module",
        ):
            yield node.lineno, ast.unparse(node.args[0]).strip("'\"") if node.args else ""


def breaches(folder: str, allowed: Callable[[str], bool]) -> list[str]:
    """Imports in a folder that a rule does not allow, as file:line: name."""
    return [
        f"{path.relative_to(ROOT)}:{line}: imports {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, name in imports(path)
        if not allowed(name)
    ]


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


# --- layers ---------------------------------------------------------------------------------------


def test_the_program_never_imports_the_code_that_fits_a_country():
    assert breaches("sim", lambda name: not within(name, "calibration", "tests", "benchmarks")) == []


def test_the_engine_knows_only_itself():
    def allowed(name: str) -> bool:
        return not within(name, "sim") or within(name, "sim.engine", "sim.errors")

    assert breaches("sim/engine", allowed) == []


def test_the_engine_speaks_of_no_country():
    spoken = re.compile(r"viet ?nam|\bvnd\b|calibration/|scenarios/", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "sim" / "engine").rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if spoken.search(line) and path.name not in ("units.py", "__init__.py")
    ]
    assert found == []


def test_equations_import_nothing_but_the_declaration_language():
    def allowed(name: str) -> bool:
        plain = within(name, "__future__", "collections.abc", "dataclasses", "typing")
        return plain or within(name, "sim.engine.declare", "sim.engine.functions", "sim.model")

    assert breaches("sim/model", allowed) == []


def test_sectors_do_not_import_one_another():
    """They meet by argument name only; the package's list of sectors is the one place that names them all."""
    sectors = [module.__name__ for module in SECTORS]
    found = breaches("sim/model", lambda name: not within(name, *sectors))
    assert [line for line in found if not line.startswith("sim/model/__init__.py")] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_idea(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_every_module_says_what_it_is_for():
    bare = [
        str(p.relative_to(ROOT)) for p in SOURCES if not ast.get_docstring(ast.parse(p.read_text("utf-8")))
    ]
    assert bare == []


# --- nothing ties the repository to one machine ---------------------------------------------------


def test_no_file_names_a_folder_of_one_machine():
    places = re.compile(
        r"(?<![\w./<{])/(?:home|Users|root|work|tmp|opt|mnt|private|var/folders)/\w|[A-Z]:\\\\?Users"
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in own_files()
        if path != Path(__file__).resolve() and (text := text_of(path)) is not None
        for number, line in enumerate(text.splitlines(), 1)
        if places.search(line)
    ]
    assert found == []


def test_the_pins_name_no_registry():
    for name in (*PINNED, "requirements-build.in", "pyproject.toml", "Makefile", ".ci/run"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert (
            re.findall(r"(?m)^\s*-(?:i|f|-index-url|-extra-index-url|-find-links|-trusted-host)\b.*", text)
            == []
        )
        assert re.findall(r"\w+://\S+", text) == [], f"{name} names an address"


def test_no_compiled_or_private_file_is_under_version_control():
    suffixes = {".pyc", ".pyo", ".so", ".pkl", ".pickle", ".nbi", ".nbc", ".key", ".pem"}
    assert [str(p.relative_to(ROOT)) for p in own_files() if p.suffix in suffixes or p.name == ".env"] == []


# --- requirements ---------------------------------------------------------------------------------


def pins(name: str) -> dict[str, tuple[str, list[str]]]:
    """Distribution -> (version, hashes) of a pinned list."""
    found: dict[str, tuple[str, list[str]]] = {}
    text = re.sub(r"(?m)^\s*#.*$", "", (ROOT / name).read_text(encoding="utf-8")).replace("\\\n", " ")
    for line in filter(None, map(str.strip, text.splitlines())):
        requirement, *hashes = line.split("--hash=")
        parsed = Requirement(requirement.strip())
        (specifier,) = parsed.specifier
        assert specifier.operator == "==", f"{name}: {parsed.name} is not pinned to one version"
        assert parsed.url is None, f"{name}: {parsed.name} comes from an address"
        assert parsed.name not in found, f"{name}: {parsed.name} is listed twice"
        found[canonicalize_name(parsed.name)] = (specifier.version, [h.strip() for h in hashes])
    return found


@pytest.mark.parametrize("name", PINNED)
def test_every_pin_has_hashes(name: str):
    listed = pins(name)
    assert len(listed) > 10
    for distribution, (_, hashes) in listed.items():
        assert hashes, f"{distribution} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in hashes), distribution


def test_binary_packages_are_pinned_for_every_platform():
    """One hash would be the wheel of the machine that wrote the list."""
    listed = pins("requirements.txt")
    for name in ("numpy", "scipy", "pandas", "llvmlite", "pyarrow", "matplotlib", "h5py"):
        assert len(listed[name][1]) > 5, name


def test_the_development_environment_contains_the_one_that_runs():
    run, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: version for name, (version, _) in run.items()} == {n: dev[n][0] for n in run if n in dev}


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("requirements.txt", PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]),
        ("requirements-dev.txt", PROJECT["project"]["optional-dependencies"]["dev"]),
    ],
)
def test_what_the_project_asks_for_is_pinned(name: str, required: list[str]):
    listed = pins(name)
    for text in required:
        requirement = Requirement(text)
        version = listed[canonicalize_name(requirement.name)][0]
        assert requirement.specifier.contains(version, prereleases=True), f"{text} is pinned to {version}"


def test_every_library_the_program_imports_is_declared():
    """By import name: what a distribution installs need not be called like it."""
    from importlib.metadata import packages_distributions

    provided = packages_distributions()
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["dependencies"]}
    used: dict[str, str] = {}
    for path in SOURCES:
        for line, name in imports(path):
            top = name.split(".")[0]
            if top and top not in sys.stdlib_module_names and top != "sim":
                used.setdefault(top, f"{path.relative_to(ROOT)}:{line}")
    undeclared = {
        top: place
        for top, place in used.items()
        if not {canonicalize_name(d) for d in provided.get(top, [top])} & declared
    }
    assert undeclared == {}


def test_every_declared_library_is_used():
    """Imported, or named where a reader or writer of files is chosen."""
    program = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    imported_as = {"pyyaml": "yaml", "pydantic-core": "pydantic_core"}
    for text in PROJECT["project"]["dependencies"]:
        name = Requirement(text).name
        name = imported_as.get(name, name)
        assert re.search(rf'(?m)^\s*(?:import|from) {name}\b|engine="{name}"', program), name


# --- commands and packaging -----------------------------------------------------------------------


def make_targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8")))


def test_the_promised_commands_exist():
    assert {"run", "test", "lint", "bench", "clean"} <= make_targets()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_documents_name_only_make_targets_that_exist(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?m)(?:^|`)make ([a-z][a-z-]*)", text))
    assert named
    assert named <= make_targets()


def test_the_commands_in_the_readme_are_understood():
    """Verbs and options exist; what they do is tested elsewhere."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"(?m)^\.venv/bin/nq57 (.*)$", text)
    assert len(lines) > 5
    for line in lines:
        verb, *arguments = shlex.split(line, comments=True)
        command = cli.get_command(click.Context(cli), verb)
        assert command is not None, line
        command.make_parser(click.Context(command)).parse_args(arguments)


def test_the_readme_begins_with_the_two_commands():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line.split("#")[0].strip() for line in lines[3:5]] == ["make run", "make test"]


def test_the_scenario_in_the_readme_is_valid(tmp_path: Path):
    (example,) = re.findall(r"(?s)```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"))
    (tmp_path / "my_scenario.yaml").write_text(example, encoding="utf-8")
    scenario = load_scenario(tmp_path / "my_scenario.yaml", load_country("vietnam"))
    assert scenario.warnings == ()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_documents_name_only_paths_that_exist(document: str):
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:sim|calibration|scenarios|tests|docs|tools|benchmarks)/[\w./-]*[\w/]", text))
    # Names of things a reader will write, and of what a wheel holds.
    named = {name for name in named if not name.startswith("sim/_data")}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_architecture_names_only_tests_that_exist():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\btest_\w+", text)) - {path.stem for path in (ROOT / "tests").glob("*.py")}
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("*.py"))
    assert named
    assert [name for name in sorted(named) if f"def {name}(" not in written] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("nq57-*.whl")
    return built


def test_the_wheel_carries_the_program_and_the_data_of_every_country(wheel: Path):
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    countries = {f"calibration/{path.parent.name}" for path in (ROOT / "calibration").glob("*/country.yaml")}
    assert countries
    assert set(included) == {*countries, "scenarios"}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = next(archive.read(n).decode() for n in names if n.endswith("/entry_points.txt"))
    for source, target in included.items():
        for path in (ROOT / source).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"{target}/{path.relative_to(ROOT / source).as_posix()}" in names
    assert {path.relative_to(ROOT).as_posix() for path in SOURCES} <= names
    assert "nq57 = sim.cli:main" in entry_points
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"sim"}
    assert not [name for name in names if name.endswith(".pyc")]


def test_an_installed_program_finds_its_data_from_anywhere(wheel: Path, tmp_path: Path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    code = (
        "import sim; country = sim.load_country('vietnam');"
        "scenario = sim.load_scenario('budget_3pct', country);"
        "print(sim.__file__, country.folder, scenario.file, sep='\\n')"
    )
    (tmp_path / "elsewhere").mkdir()
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "elsewhere",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        check=True,
        capture_output=True,
        text=True,
    )
    for place in answer.stdout.split():
        assert (tmp_path / "elsewhere" / place).resolve().is_relative_to(tmp_path / "installed")


def test_the_licence_is_apache_2_in_full():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
