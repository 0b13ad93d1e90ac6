# Everything a newcomer needs; `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST_ARGS ?=
# Many tests wait for a unit that restarts: two a core keep it busy meanwhile.
TEST_WORKERS ?= $(shell expr 2 \* $$(nproc))
BENCH_ARGS ?=
HANDSHAKE_ARGS ?=
FUZZ_SECONDS ?= 60
KILLS ?= 100
RUNS ?= 100
PROVE_ARGS ?=
FAULTS_ARGS ?=
SEARCHES ?= 100
FUZZ_JOBS ?= 1
FUZZ_VENV := .venv-fuzz
FUZZ_STAMP := $(FUZZ_VENV)/.installed
AGREEMENT_ARGS ?=
SSLYZE_VENV := .venv-sslyze
SSLYZE_STAMP := $(SSLYZE_VENV)/.installed
# Runs and tests start many processes, each of which would compile the sources anew.
unexport PYTHONDONTWRITEBYTECODE
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
	$(BIN)/pytest -n $(TEST_WORKERS) $(PYTEST_ARGS)

.PHONY: bench
bench: $(STAMP) ## measure uploads a second, the batch and start-up, beside other ways (BENCH_ARGS="--json FILE"), many units at once (BENCH_ARGS=crowd), the suite over 64 and 256 places (BENCH_ARGS=many), or a year of nights in the results database (BENCH_ARGS=history)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)
	$(BIN)/python -m benchmarks.handshake $(HANDSHAKE_ARGS)

.PHONY: fuzz
fuzz: $(FUZZ_STAMP) ## fuzz the upload parser for FUZZ_SECONDS on FUZZ_JOBS cores
	$(FUZZ_VENV)/bin/python -m tests.fuzz --seconds $(FUZZ_SECONDS) --jobs $(FUZZ_JOBS)

$(FUZZ_STAMP): requirements/fuzz.txt
	$(PYTHON) -m venv $(FUZZ_VENV)
	$(FUZZ_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@touch $@

.PHONY: leases
leases: $(STAMP) ## 50 processes fight for 5 places for a minute; two runs share 16 places through a labgrid coordinator (some 4 minutes)
	$(BIN)/python -m tests.leases

.PHONY: faults
faults: $(STAMP) ## runs over 16 kept units with a fault each, and with faults of the run's own: has each its class? (some 20 minutes; FAULTS_ARGS="--json FILE")
	$(BIN)/python -m tests.faults places $(FAULTS_ARGS)

.PHONY: gateway
gateway: $(STAMP) ## the default lab behind OpenSSH's sshd as gateway and console server; once more with a gateway that drops everybody (some 3 minutes; needs openssh-server)
	$(BIN)/python -m tests.gateway

.PHONY: kills
kills: $(STAMP) ## SIGKILL at KILLS random moments of a run over five kept units, each time recovered (some 20 s each)
	$(BIN)/python -m tests.faults kills $(KILLS)

.PHONY: prove
prove: $(STAMP) ## the suite over a unit with each defect: killed by the claims that name it, and no other fails? (some 10 minutes; PROVE_ARGS="--full --json FILE")
	$(BIN)/python -m tests.prove defects $(PROVE_ARGS)

.PHONY: healthy
healthy: $(STAMP) ## RUNS runs of units of five generations without a defect: does no claim ever fail? (some 5 minutes)
	$(BIN)/python -m tests.prove healthy --runs $(RUNS) $(PROVE_ARGS)
.PHONY: nights
nights: $(STAMP) ## nights that are too short, ended, killed, or begun on a bench that is not well (some 3 minutes)
	MCU_HIL_NIGHTS=1 $(BIN)/pytest tests/unit/nightly $(PYTEST_ARGS)

.PHONY: searches
searches: $(STAMP) ## SEARCHES units through the suite, everything they write searched for secrets (some 6 s of processor time each)
	$(BIN)/python -m tests.searches $(SEARCHES)

.PHONY: sslyze
sslyze: $(STAMP) $(SSLYZE_STAMP) ## scan an emulated unit with sslyze, from an environment of its own
	MCU_HIL_SSLYZE=$(SSLYZE_VENV)/bin/sslyze $(BIN)/pytest tests/unit/emulator/test_sslyze.py $(PYTEST_ARGS)

.PHONY: agreement
agreement: $(STAMP) $(SSLYZE_STAMP) ## compare `mcu-hil handshake` with sslyze and testssl.sh over 13 servers (some 10 minutes; needs nginx, gnutls-bin, a JDK, testssl.sh)
	$(BIN)/python -m tests.agreement --sslyze $(SSLYZE_VENV)/bin/sslyze $(AGREEMENT_ARGS)

$(SSLYZE_STAMP): requirements/sslyze.txt
	$(PYTHON) -m venv $(SSLYZE_VENV)
	$(SSLYZE_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/sslyze.txt
	@touch $@

.PHONY: check
check: $(STAMP) ## lint, format check and strict types, sources and tests
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

.PHONY: clean
clean: ## remove everything that can be made again
	rm -rf $(VENV) $(FUZZ_VENV) $(SSLYZE_VENV) .fuzz .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
