# `make` shows what there is. Everything runs from one virtual environment that is made on first use.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
# Further arguments for pytest: make test ARGS="tests/unit -x".
ARGS ?=

PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
UV := $(shell command -v uv 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help install demo serve test lint format bench lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## Make the virtual environment (the other targets do it themselves)

demo: $(INSTALLED)  ## Play an offline phone against a real server and print every verdict
	$(PY) -m demo

serve: $(INSTALLED)  ## Keep a server with sample data running: make serve PORT=8000
	$(PY) -m demo serve --port $(PORT)

# The tests' Postgres gives up durability for speed, in a data directory of its own.
test: $(INSTALLED)  ## Run all tests with coverage: make test ARGS="tests/unit -x"
	EMBEDDED_POSTGRES_FAST=1 $(PY) -m pytest -n logical --maxprocesses 8 --cov --cov-report=term:skip-covered $(ARGS)

lint: $(INSTALLED)  ## Check style, format and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(INSTALLED)  ## Mend style and format where that is safe
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(INSTALLED)  ## Measure how fast batches are written
	$(PY) -m bench

# The address of a package index is the affair of each machine: a lock names versions and hashes only.
LOCK = uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header

lock:  ## Pin all dependencies anew in requirements.lock (needs uv)
	$(LOCK) --extra embedded --group dev --upgrade --output-file requirements.lock
	$(LOCK) --constraint requirements.lock --output-file .docker/server.lock

clean:  ## Remove what was installed and generated, but not the database
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov staticfiles
	find . -name __pycache__ -type d -prune -not -path './.venv*' -exec rm -rf {} +

# The stamp is written last: an interrupted installation is taken up again.
$(INSTALLED): requirements.lock
ifdef UV
	test -x $(PY) || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	$(UV) pip sync --quiet --python $(PY) --require-hashes requirements.lock
else
	$(PY) -m pip --version >/dev/null 2>&1 || { rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); }
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
endif
	test -e .env || echo 'DEBUG=1' > .env  # development mode; a production server has an environment instead
	touch $@
