# Everything a newcomer needs; `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST_ARGS ?=
SOURCES := certstore harness tests benchmarks conftest.py

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | sort

.PHONY: venv
venv: $(STAMP) ## set up .venv with pinned, hash-checked dependencies

# One recipe in one shell: an interrupted set-up leaves no stamp, so the next call starts over.
$(STAMP): requirements/build.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: run
run: $(STAMP) ## drive the default lab of five emulated units
	$(BIN)/pytest tests/hil --lab lab.toml -n auto $(PYTEST_ARGS)

.PHONY: test
test: $(STAMP) ## run every test
	$(BIN)/pytest -n auto $(PYTEST_ARGS)

.PHONY: check
check: $(STAMP) ## lint, format check and strict types, sources and tests
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

.PHONY: clean
clean: ## remove everything that can be made again
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
