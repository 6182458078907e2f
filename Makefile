# `make` alone lists what there is. Nothing is needed but make, python3 and its venv module.

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
ARGS =
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
INSTALL = $(PIP) install --progress-bar off
LOCK = build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(ARGS)

.PHONY: help demo test check format golden bench bench-quick lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s%s\n", $$1, $$2}'

demo: $(VENV)/installed  ## a newsroom to look at: feeds, pages, mails (make demo ARGS=--once: run and end)
	@$(BIN)/publisher demo $(ARGS)

test: check  ## everything that must pass before a change lands (ARGS=… go to pytest)
	@echo "Testing…"
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/installed-dev  ## the fast part of it: format, lint, types, who imports whom
	@echo "Checking format, lint, types and imports…"
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@mkdir -p build
	@$(BIN)/lint-imports --no-logo >build/imports.txt || { cat build/imports.txt; exit 1; }

format: $(VENV)/installed-dev  ## put the code in the house's format, and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

golden: $(VENV)/installed-dev  ## write the golden files anew; look at the difference before it lands
	@REFRESH_GOLDEN=1 $(BIN)/python -m pytest -k golden $(ARGS)

bench: $(VENV)/installed-dev  ## every benchmark, into docs/performance.md (ARGS="serving": only that, shown)
	@benchmarks/install-peers
	@$(BIN)/python -m benchmarks $(ARGS)

bench-quick: $(VENV)/installed-dev  ## those that take seconds, in three minutes
	@$(BIN)/python -m benchmarks --quick

lock: build/lock/made  ## both lock files from pyproject.toml (ARGS=--upgrade: the newest versions)
	@echo "Locking…"
	@$(LOCK) --group build --output-file requirements.lock pyproject.toml
	@$(LOCK) --group dev --constraints requirements.lock --output-file requirements-dev.lock pyproject.toml

clean:  ## remove everything that was made here, .venv too
	rm -rf .venv build dist demo .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp says that the line above it was done; the development lock holds all of the other.

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "publisher needs Python 3.11 or newer, and $(PYTHON) is not." \
			"Where another is installed, name it: make PYTHON=python3.13 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "$(PYTHON) cannot make a virtual environment." \
			"On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/installed: $(VENV)/made requirements.lock pyproject.toml
	@echo "Installing into $(VENV) (about half a minute the first time)…"
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/made requirements-dev.lock pyproject.toml
	@echo "Installing into $(VENV), with the tools for development (about a minute the first time)…"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $(VENV)/installed $@

build/lock/made:
	@echo "Installing uv into build/lock…"
	@$(PYTHON) -m venv build/lock
	@build/lock/bin/python -m pip --quiet --disable-pip-version-check install --progress-bar off uv
	@touch $@
