# Everything a newcomer needs: make demo, make test, make check.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-console check format bench bench-api bench-baseline fuzz fuzz-api fuzz-codecs audit-deps lock wheelhouse peers clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tocsin needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 …"; exit 1; }
	@echo "Setting up $(VENV) (once) …"
	@$(PYTHON) -m venv $(VENV) || { echo "This Python cannot make virtual environments (Debian: apt-get install python3-venv)."; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

setup: $(STAMP)  ## make the virtual environment

demo: $(STAMP)  ## a simulated tower, a fire, its timeline (EXIT=1: end when the incident is closed)
	@$(BIN)/tocsin demo $(if $(EXIT),--exit) $(ARGS)

run: $(STAMP)  ## the gateway (ARGS="--config …")
	@$(BIN)/tocsin run $(ARGS)

test: $(STAMP)  ## all tests, one a core at a time (REQUIRE_SERVERS=1: a missing server is a failure; ARGS="-k …")
	@REQUIRE_SERVERS=$(REQUIRE_SERVERS) $(BIN)/pytest $(if $(ARGS),$(ARGS),-n auto --dist loadfile)

test-console: $(STAMP)  ## the console in Chromium: every page's main task, by keyboard, on a phone, for screen readers
	@REQUIRE_SERVERS=$(REQUIRE_SERVERS) $(BIN)/pytest tests/console $(ARGS)

check: $(STAMP)  ## format, lint, types, import contracts, security
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit --quiet --recursive --severity-level medium rules api gateway simulators console tocsin

format: $(STAMP)  ## let ruff format and fix
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(STAMP)  ## measure, print ratios (ARGS="--quick" for a short run)
	@$(BIN)/python -m bench $(ARGS)

bench-baseline: $(STAMP)  ## unusual consumption on generated years: precision and recall (20 min; ARGS="--quick")
	@$(BIN)/python -m bench.baseline $(ARGS)

bench-console: $(STAMP)  ## 20 open walls during a flood of 500 alarms (ARGS="--quick")
	@$(BIN)/python -m bench --console $(ARGS)

screenshots: $(STAMP)  ## every page of the console into docs/img, wide and on a phone (ARGS="wall --lang zh")
	@$(BIN)/python -m tests.support.screenshots $(ARGS)

fuzz-api: $(STAMP)  ## the whole API against its own document, at length (ARGS="--examples 500")
	@$(BIN)/python -m tests.support.fuzz $(ARGS)

fuzz-codecs: $(VENV)/.fuzz  ## messages no device would send to every codec (ARGS="--codec sparkplug --seconds 600")
	@$(BIN)/python -m tests.support.fuzz_codecs $(ARGS)

$(VENV)/.fuzz: $(STAMP) requirements/fuzz.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r requirements/fuzz.txt || \
	  echo "atheris has no wheel for this machine: codecs are fuzzed by chance, not guided by coverage."
	@touch $@

audit-deps: $(STAMP)  ## known vulnerabilities of what is locked: asks PyPI and OSV, so needs the network
	@$(BIN)/uv tool run --quiet pip-audit --strict --require-hashes --disable-pip --requirement requirements/run.txt

fuzz: $(STAMP)  ## play faults to the core and judge it (ARGS="--seeds 10000"; docs/fuzz.md)
	@$(BIN)/tocsin fuzz $(ARGS)

bench-api: $(STAMP)  ## measure the API: 100 000 incidents, 200 listeners, 20 polling clients (20 min; ARGS="--quick")
	@$(BIN)/python -m bench --api $(ARGS)

lock: $(STAMP)  ## make the lock files anew from pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml -o requirements/run.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --group dev pyproject.toml -o requirements/dev.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --group fuzz -o requirements/fuzz.txt
	@grep -oE 'hatchling[^"]*' pyproject.toml | head -1 | $(BIN)/uv pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --custom-compile-command "make lock" - -o requirements/build.txt

wheelhouse: $(STAMP)  ## build/wheelhouse: everything to install from, for machines without a network (ARGS="--platform …")
	@rm -rf build/wheelhouse && PYTHON=$(BIN)/python sh deploy/wheelhouse.sh build/wheelhouse $(ARGS)

peers:  ## MQTT clients of others for the tests: MQTT.js from npm, locked
	@cd tests/peers && npm ci --silent --ignore-scripts --no-audit --no-fund

clean:  ## forget the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
