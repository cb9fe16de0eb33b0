# make run     the odds of one scenario, with charts and a run folder under outputs/
# make test    the whole test suite
# make lint    style, formatting and types
# make bench   speed against numpy and PySD, measured in one run on this machine
# make lock    renew the pinned requirements (needs uv)
# make clean   remove what the above have built; runs in outputs/ stay
#
# Only python3 (3.11 or newer) and make are needed. Packages go into .venv, which is made once and
# kept as long as the requirements stay the same. Another interpreter: make run PYTHON=python3.12

PYTHON ?= python3
SCENARIO ?= scenarios/budget_3pct.yaml
# Further options: make run ARGS="--draws 200 --lang vi"; make test ARGS="-k budget"
ARGS ?=
# Processes that share the tests; 0: all in one, as a debugger wants it.
JOBS ?= 2

BIN := .venv/bin
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--annotation-style line --custom-compile-command "make lock" --quiet pyproject.toml requirements-build.in

.DEFAULT_GOAL := help
# The targets share one environment: make -j runs them one after another.
.NOTPARALLEL:
.PHONY: help run test lint bench lock clean environment-run environment-dev

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

environment-run:
	@$(PYTHON) tools/environment.py run

environment-dev:
	@$(PYTHON) tools/environment.py dev

run: environment-run
	@$(BIN)/nq57 run $(SCENARIO) $(ARGS)

test: environment-dev
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

lint: environment-dev
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy

bench: environment-dev
	@$(BIN)/python -m benchmarks $(ARGS)

lock:
	@command -v uv >/dev/null || { echo "nq57: make lock needs uv (pip install uv)" >&2; exit 1; }
	@$(LOCK) --output-file requirements.txt
	@$(LOCK) --extra dev --constraints requirements.txt --output-file requirements-dev.txt

clean:
	@rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find sim tests benchmarks calibration tools -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
