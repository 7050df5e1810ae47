# `make help` lists the targets. Each one sets .venv up first, once; a changed pyproject.toml sets it up again.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.set-up-from-pyproject
JOBS ?= 2
LOGDIR ?= runs
PORT ?= 6006

.DEFAULT_GOAL := help
.PHONY: help setup test demo lint format typecheck bench gpu docs tb clean

help:  ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(STAMP)  ## make .venv and install everything

test: setup  ## run the whole suite (one file: make test ARGS=tests/structure)
	$(PY) -m pytest -n $(JOBS) $(ARGS)

demo: setup  ## go the course's way: modules 00 to 06, then milestones 1 and 2, on data that needs no download
	$(PY) examples/journey.py $(ARGS)

lint: setup  ## check style and layout, change nothing
	$(PY) -m ruff check .
	$(PY) -m ruff format --check --quiet . || { echo "some files are not formatted: make format"; exit 1; }

format: setup  ## lay the code out and mend what ruff can mend
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

typecheck: setup  ## check annotations
	$(PY) -m mypy

bench: setup  ## measure speed against PyTorch
	$(PY) -m tito benchmark $(ARGS)

gpu: setup  ## on a machine with a GPU: tests, speed and memory there, written to runs/gpu.json
	$(PY) -m benchmarks.gpu $(ARGS)

docs: setup  ## write docs/_build/api.html: every public name with its signature and docstring
	$(PY) docs/build.py

tb: setup  ## show training runs in TensorBoard (LOGDIR=runs PORT=6006)
	@$(PY) -c 'import tensorboard' 2>/dev/null || $(PY) -m pip install -e '.[tensorboard]'
	$(PY) -m tensorboard.main --logdir $(LOGDIR) --port $(PORT)

clean:  ## remove .venv and what tools write
	rm -rf $(VENV) docs/_build .pytest_cache .mypy_cache .ruff_cache

# ---------------------------------------------------------------- the environment

# pip's own settings (its configuration files, PIP_* and *_proxy variables) decide where packages come from.
# A Python without ensurepip (Debian without python3-venv) can still make an environment with virtualenv.
$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
	  echo "error: '$(PYTHON)' was not found. Name a Python 3.10 or later: make setup PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "error: tinytorch needs Python 3.10 or later; '$(PYTHON)' is $$($(PYTHON) -V 2>&1)." \
	    "Name another: make setup PYTHON=python3.12"; exit 1; }
	@if ! $(PY) -m pip --version >/dev/null 2>&1; then \
	  rm -rf $(VENV); \
	  $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); $(PYTHON) -m virtualenv -q $(VENV) 2>/dev/null; } || { \
	    rm -rf $(VENV); \
	    echo "error: '$(PYTHON)' cannot make a virtual environment: it has no ensurepip." \
	      "Install python3-venv (Debian, Ubuntu) or 'pip install --user virtualenv', or name another Python: make setup PYTHON=..."; \
	    exit 1; }; \
	fi
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@$(PY) -m pip install --quiet --disable-pip-version-check -e '.[parity]' >$(VENV)/parity.log 2>&1 || { \
	  echo "note: the CPU build of PyTorch 2.13.0 is not to be had for this Python here (see $(VENV)/parity.log):" \
	    "tests that compare with PyTorch are skipped. If you know an index that has it:" \
	    "$(PY) -m pip install --extra-index-url URL -e '.[parity]'"; }
	@touch $@
