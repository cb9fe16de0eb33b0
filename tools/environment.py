"""Build .venv, or leave it alone when it already holds what this checkout asks for.

    python3 tools/environment.py run     what the program needs, and the program itself
    python3 tools/environment.py dev     the same, and what testing and checking need

What is installed is named by the content of the requirements and of pyproject.toml, not by file times:
a fresh checkout gives files any time it likes. The name is written last, so an environment whose making
was interrupted is recognised and made again. Only the standard library is used, and only syntax an old
python3 can read, so that one too old is told so in words.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
COMMAND = os.path.join(VENV, "bin", "nq57")
STATE = os.path.join(VENV, "nq57-environment.json")
UNFINISHED = os.path.join(VENV, "nq57-unfinished")

# The second list contains the first, so an environment for development also serves to run.
REQUIREMENTS = {"run": "requirements.txt", "dev": "requirements-dev.txt"}


def complain(message):
    """Stop with a message for the person at the terminal."""
    sys.exit("nq57: " + message)


def succeeds(*arguments):
    """Whether a command runs and ends well, without a word."""
    return subprocess.call(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def check_python():
    """Stop when this python3 cannot make the environment, and say what can."""
    if sys.version_info[:2] < OLDEST:
        needed, found = ("%d.%d" % tuple(version[:2]) for version in (OLDEST, sys.version_info))
        message = "Python %s or newer is needed; %s is %s." % (needed, sys.executable or "python3", found)
        candidates = ("python3.14", "python3.13", "python3.12", "python3.11")
        newer = [name for name in candidates if shutil.which(name) and succeeds(name, "-c", "")]
        if newer:
            message += " Add to the make command: PYTHON=" + newer[0]
        complain(message)
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        complain(
            "this python3 has no module %s. On Debian and Ubuntu: apt-get install python3-venv."
            % " and ".join(missing)
        )


def base_python():
    """The interpreter behind an activated environment: .venv must not be made from itself."""
    return getattr(sys, "_base_executable", None) or sys.executable


def key(*names):
    """Name of what is asked for: hash of the files `names`, of the project definition and this script."""
    digest = hashlib.sha256()
    for name in (*names, "pyproject.toml", os.path.join("tools", "environment.py")):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read() + b"\0")
    return digest.hexdigest()


def maker():
    """What a finished environment stays tied to: its place and the Python it was made with."""
    return {"root": ROOT, "python": "%d.%d" % tuple(sys.version_info[:2]), "base": sys.base_prefix}


def read_state():
    """The finished state on record, or an empty one."""
    try:
        with open(STATE) as file:
            state = json.load(file)
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def is_ready(level):
    """Whether the environment holds what `level` asks for."""
    state = read_state()
    if os.path.exists(UNFINISHED) or state.get("maker") != maker():
        return False
    if not (os.path.exists(PYTHON) and os.path.exists(COMMAND)):
        return False
    installed = state.get("installed", {})
    return any(installed.get(name) == key(REQUIREMENTS[name]) for name in {level, "dev"})


def is_usable():
    """Whether packages can be installed into what is there: made here, with this Python, and whole."""
    state = read_state()
    if os.path.exists(UNFINISHED) or state.get("maker", maker()) != maker():
        return False
    asked = "import sys, pip; print('%d.%d' % sys.version_info[:2]); print(sys.prefix)"
    try:
        answer = subprocess.run(
            [PYTHON, "-c", asked], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True
        )
    except OSError:
        return False
    if answer.returncode != 0:
        return False
    version, prefix = answer.stdout.splitlines()[:2]
    return version == maker()["python"] and os.path.realpath(prefix) == os.path.realpath(VENV)


def step(*arguments):
    """Run one command of the making; stop on failure. Nothing of the caller's Python settings leaks in."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_NO_DEPS")
    }
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if subprocess.call(arguments, cwd=ROOT, env=environment) != 0:
        complain("could not make .venv; the lines above say why. Run make again to try once more.")


def mark_unfinished():
    """Say on disk that the environment is being changed."""
    with open(UNFINISHED, "w") as file:
        file.write("This environment is being made. If nothing is making it, it is made again.\n")


def write_state(level):
    """Record what is installed now: last of all, and in one go."""
    temporary = STATE + ".tmp"
    with open(temporary, "w") as file:
        installed = {level: key(REQUIREMENTS[level]), "project": key()}
        json.dump({"maker": maker(), "installed": installed}, file, indent=1)
    os.replace(temporary, STATE)
    os.remove(UNFINISHED)


def make(level):
    """Bring the environment to what `level` asks for."""
    started = time.time()
    print("nq57: preparing .venv (once; about a minute) ...", flush=True)
    if not is_usable():
        if os.path.islink(VENV) or os.path.isfile(VENV):
            os.remove(VENV)
        elif os.path.isdir(VENV):
            shutil.rmtree(VENV)
        os.mkdir(VENV)
        mark_unfinished()
        step(base_python(), "-m", "venv", VENV)
    # Left alone when it is the same, so that a command already running is not pulled from under its feet.
    same_project = os.path.exists(COMMAND) and read_state().get("installed", {}).get("project") == key()
    mark_unfinished()
    quiet = [PYTHON, "-m", "pip", "install", "--quiet", "--no-input"]
    step(*quiet, "--no-compile", "--require-hashes", "-r", REQUIREMENTS[level])
    if not same_project:
        step(*quiet, "--no-deps", "--no-build-isolation", "--editable", ".")
    # pip compiles on one core, and every package's own tests as well: this is three times as fast. A file
    # that does not compile (some are templates) is no failure.
    with_all_cores = [PYTHON, "-m", "compileall", "-qq", "-j", "0", "-x", r"[/\\]tests[/\\]"]
    subprocess.call([*with_all_cores, os.path.join(VENV, "lib")])
    write_state(level)
    print("nq57: .venv is ready (%.0f s)." % (time.time() - started), flush=True)


@contextlib.contextmanager
def alone():
    """Let one process at a time make the environment; the others wait, then find it ready."""
    with open(os.path.abspath(__file__)) as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        except (ImportError, OSError):
            pass  # a file system without locks: two makes at once are the user's own risk
        yield


def main():
    """Entry point: one argument, `run` or `dev`."""
    if len(sys.argv) != 2 or sys.argv[1] not in REQUIREMENTS:
        complain("usage: python3 tools/environment.py " + "|".join(REQUIREMENTS))
    level = sys.argv[1]
    check_python()
    if is_ready(level):
        return
    with alone():
        if not is_ready(level):
            try:
                make(level)
            except KeyboardInterrupt:
                complain("interrupted; the next make starts .venv afresh.")


if __name__ == "__main__":
    main()
