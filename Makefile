# One-line recipes; what they need is installed on first use and again only when its pins change.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export SAM_CLI_TELEMETRY := 0

# The first interpreter that really runs, is new enough and can make an environment (shims of version managers exist without
# one behind them). The system's comes first: distributions optimise theirs by profile, version managers mostly do not.
PYTHON ?= $(shell for one in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$one -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { command -v $$one; break; }; done)
PIP := -m pip install --quiet --disable-pip-version-check
BIN := .venv/bin
SAM := PATH="$(CURDIR)/$(BIN):$$PATH" .venv-sam/bin/sam
TESTS ?= tests

.PHONY: help run up down status service backup restore upgrade invoke test test-all check audit bench cost docs format install clean python

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: install ## Start everything, import LIST (default: the sample list), stay up until Ctrl-C (ONCE=1: do not)
	@$(BIN)/python -m embedded $(if $(ONCE),once,run)

up: install ## Start the stack in the background
	@$(BIN)/python -m embedded up

down: install ## Stop the stack; its state is kept
	@$(BIN)/python -m embedded down

status: install ## Is the stack up, where, since when, how large; its host, its runs, the last backup
	@$(BIN)/python -m embedded status || true

service: install ## Let systemd run the stack: after boot, again after a failure (docs/one-machine.md)
	@$(BIN)/python -m embedded service

backup: install ## Copy the state into FILE, also while the stack runs (SECRETS=1: with all keys and tokens)
	@$(BIN)/python -m embedded backup

restore: install ## Put the state of FILE into a stack that is down
	@$(BIN)/python -m embedded restore

upgrade: install ## Back up, fetch the newest version, and start it again
	@SECRETS=1 FILE= $(BIN)/python -m embedded backup
	git pull --ff-only
	@$(MAKE) install
	@$(BIN)/python -m embedded restart

invoke: install ## Run the function FN (default: provision) as built, under Lambda's runtime interface emulator
	@$(BIN)/python -m embedded invoke

check: install ## Format, lint, types, and the template as AWS gets it
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(SAM) validate --lint
	$(SAM) build

test: install ## The tests (CRASH_SEED=… repeats the sample of the crash matrix)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest $(TESTS) -n 4 --dist loadfile --no-loadscope-reorder $(COVERAGE)

test-all: ## All tests: the long ones, every point of the crash matrix, fifty kills; and the coverage of the package
	@CRASH_POINTS=all $(MAKE) test COVERAGE="--cov --cov-report=term"

bench: install ## The benchmarks (RELAYS="100 1000 10000": how many relays are imported)
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_naming.py
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_cold_start.py
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_limits.py
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_page.py
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_import.py --relays $(or $(RELAYS),1000)
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_import.py --https

audit: install ## Known weaknesses of the pinned packages (SERVICE=osv: by another list than that of PyPI)
	@$(BIN)/python -m tools.audit

cost: install ## What a list costs in AWS, counted and priced (RELAYS=…: how many relays are imported)
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_cost.py --relays $(or $(RELAYS),1000)

docs: install ## Write docs/openapi.yaml, docs/codes.md and the command line's catalogue of texts from the code
	@$(BIN)/python -m tools.write_openapi
	@$(BIN)/python -m tools.write_codes
	@$(BIN)/python -m tools.write_translations

format: install ## Put the code into shape
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

install: python ## Install what the project needs: .venv and .venv-sam
	@$(MAKE) --silent -j2 .venv/.installed .venv-sam/.installed

clean: ## Remove what was built and installed; the embedded stack's state, too
	@test ! -e .venv/.installed || EMBEDDED_HOME= $(BIN)/python -m embedded down
	rm -rf .aws-sam .embedded .venv .venv-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer with venv is needed (Debian, Ubuntu: apt install python3-venv);" \
		"name yours with PYTHON=/path/to/python" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "make: PYTHON=$(PYTHON) is older than 3.11, or no Python" >&2; exit 2; }

.venv/.installed: requirements-dev.txt layers/dependencies/requirements.txt pyproject.toml
	@echo "Installing the project into .venv (the first time this takes a minute)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python $(PIP) --no-deps --require-hashes --requirement requirements-dev.txt
	@$(BIN)/python $(PIP) --no-deps --editable .
	@touch $@

.venv-sam/.installed: requirements-sam.txt
	@echo "Installing the SAM command line into .venv-sam (its pins exclude the emulator's)"
	@.venv-sam/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv-sam
	@.venv-sam/bin/python $(PIP) --no-deps --require-hashes --requirement requirements-sam.txt
	@touch $@
