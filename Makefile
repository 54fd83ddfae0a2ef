# Two commands do everything: `make run` and `make test`. They need Python 3.11 or newer, make and git.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
ARGS ?=
# Tests wait for browsers and servers of their own about as long as they compute.
TEST_WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')

.PHONY: help run test check interop bench docs requirements ui setup setup-dev format clean

help: ## show the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: setup ## set up, then start Gatewright on http://localhost:4000 (ARGS="--port 4001" adds flags)
	@exec $(BIN)/gatewright serve $(ARGS)

# Without a cache each worker rewrites the asserts of every test file again, whatever the environment says of caches.
test: setup-dev check ## set up, then run every check and every test
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -m "not interop" -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup-dev ## lint, types, import contracts, generated documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	GATEWRIGHT_BUILD_UI=require $(BIN)/python scripts/build_ui.py lint typecheck test

interop: setup-dev ## the slow tests with real clients
	$(BIN)/python -m pytest -m interop $(ARGS)

bench: setup-dev ## CPU and latency as ratios to nginx, measured in the same minute
	$(BIN)/python bench/run.py $(ARGS)

docs: setup-dev ## write the generated documents anew
	$(BIN)/python scripts/generate_docs.py

ui: setup ## build the dashboard
	GATEWRIGHT_BUILD_UI=require $(BIN)/python scripts/build_ui.py

format: setup-dev ## format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

requirements: ## compile requirements/*.txt from pyproject.toml
	$(PYTHON) scripts/compile_requirements.py

setup: $(VENV)/.server
setup-dev: $(VENV)/.dev

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.server: $(VENV)/bin/python requirements/server.txt requirements/build.txt pyproject.toml $(shell find ui/src ui/package-lock.json scripts/build_ui.py 2>/dev/null)
	$(PIP) --require-hashes -r requirements/server.txt -r requirements/build.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src/gatewright
	@touch $@

$(VENV)/.dev: $(VENV)/.server requirements/dev.txt
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

clean: ## remove what was built
	rm -rf $(VENV) src/gatewright/_ui ui/node_modules ui/dist dist build
