"""The environment that make builds: reused when nothing changed, made again when it cannot be trusted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMED_BY = ("requirements.txt", "requirements-dev.txt", "pyproject.toml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the environment is made from, and an environment that claims to be finished."""
    for name in NAMED_BY:
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "environment.py", tmp_path / "tools" / "environment.py")
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for name in ("python", "nq57"):
        (binaries / name).touch()
    return tmp_path


def environment(checkout: Path, expression: str) -> object:
    """Value of an expression in the script that makes the environment, run as make runs it."""
    code = f"import json, environment as e; print(json.dumps({expression}))"
    answer = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=checkout / "tools", check=True, capture_output=True, text=True
    )
    return json.loads(answer.stdout)


def finish(checkout: Path, level: str) -> None:
    environment(checkout, f"[e.mark_unfinished(), e.write_state('{level}')]")


def test_a_finished_environment_is_reused_whatever_the_file_times(checkout: Path):
    finish(checkout, "dev")
    for name in NAMED_BY:
        os.utime(checkout / name, (2e9, 2e9))
    assert environment(checkout, "[e.is_ready('run'), e.is_ready('dev')]") == [True, True]


def test_an_environment_to_run_does_not_serve_to_test(checkout: Path):
    finish(checkout, "run")
    assert environment(checkout, "[e.is_ready('run'), e.is_ready('dev')]") == [True, False]


@pytest.mark.parametrize("name", ["requirements-dev.txt", "pyproject.toml"])
def test_a_changed_requirement_makes_the_environment_stale(checkout: Path, name: str):
    finish(checkout, "dev")
    with (checkout / name).open("a", encoding="utf-8") as file:
        file.write("\n# another line\n")
    assert environment(checkout, "e.is_ready('dev')") is False


def test_an_interrupted_environment_is_made_again(checkout: Path):
    finish(checkout, "dev")
    environment(checkout, "e.mark_unfinished()")
    assert environment(checkout, "[e.is_ready('dev'), e.is_usable()]") == [False, False]


def test_an_environment_whose_python_is_gone_is_made_again(checkout: Path):
    finish(checkout, "dev")
    (checkout / ".venv" / "bin" / "python").unlink()
    (checkout / ".venv" / "bin" / "python").symlink_to(checkout / "no-such-python")
    assert environment(checkout, "[e.is_ready('dev'), e.is_usable()]") == [False, False]


def test_a_moved_environment_is_made_again(checkout: Path, tmp_path_factory: pytest.TempPathFactory):
    finish(checkout, "dev")
    moved = tmp_path_factory.mktemp("elsewhere") / "checkout"
    shutil.move(checkout, moved)
    assert environment(moved, "[e.is_ready('dev'), e.is_usable()]") == [False, False]


def test_a_python_too_old_is_told_so(checkout: Path):
    code = "import sys; sys.version_info = (3, 9, 1); import environment; environment.check_python()"
    answer = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=checkout / "tools",
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode != 0
    assert "Python 3.11 or newer is needed" in answer.stderr
    assert "3.9" in answer.stderr
    assert "Traceback" not in answer.stderr
