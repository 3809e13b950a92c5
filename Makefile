# Everything a person or a machine does here is one of these targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9

# The recipes read these from the environment, where no character of a folder's name means anything to a shell.
export VIDEOS CLIPS

.DEFAULT_GOAL := help
.PHONY: help setup models demo up down test check format bench soak faults-long mutants-faults lock

help:  ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The stamp is newer than the lock when everything in it is installed.
$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Reelmill needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)'; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) \
		|| { echo 'Python cannot make a virtual environment here; on Debian: apt-get install python3-venv'; exit 1; }
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@echo 'Installing what requirements.lock names ...'
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/installed models  ## Install everything into .venv and fetch the offline models and sample clips

models: $(VENV)/installed
	@$(BIN)/python -m reelmill.models fetch

demo: setup  ## Show the whole mill on real clips, then stop it (VIDEOS=dir for your own)
	@$(BIN)/python -m workers demo $(if $(VIDEOS),--videos "$$VIDEOS")

up: setup  ## Start the servers, workers, HTTP door and Flower; Ctrl-C stops them
	@$(BIN)/python -m workers up

down: $(VENV)/installed  ## Stop what `make up` started
	@$(BIN)/python -m workers down

test: setup  ## Run all tests: with real PostgreSQL, Valkey, workers and ffmpeg
	@$(BIN)/python -m pytest

check: $(VENV)/installed  ## Lint, types, import contracts and unit tests, in under 3 minutes
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@PYTHONPATH=. $(BIN)/lint-imports
	@$(BIN)/python -m pytest -q -m 'not services and not models'

format:  ## Put the code into its form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: setup  ## Measure the headline numbers (CLIPS=dir, a folder with labels.csv, adds retrieval)
	@missed=0; \
	$(BIN)/python -m benchmarks.overhead || missed=1; \
	$(BIN)/python -m benchmarks.ledger || missed=1; \
	$(BIN)/python -m benchmarks.sizes || missed=1; \
	$(BIN)/python -m benchmarks.recovery || missed=1; \
	$(if $(CLIPS),$(BIN)/python -m benchmarks.retrieval --clips "$$CLIPS" || missed=1;) \
	exit $$missed

soak: setup  ## Real clips under random faults, then an independent tally (MINUTES=10 SEED=n)
	@PYTHONPATH=. $(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

faults-long: setup  ## The fault tests in their long form: outages of minutes, dozens of restarts
	@$(BIN)/python -m pytest -m long tests/faults

mutants-faults: setup  ## Remove one guard after another from a copy of the code; a test must notice
	@PYTHONPATH=. $(BIN)/python -m tests.faults.mutants

lock:  ## Write requirements.lock anew from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--upgrade --quiet --output-file requirements.lock
