# `make demo` and `make test` need nothing but Python 3.10 or newer; both make the same environment in .venv first.
# PIP_FLAGS passes options to pip, for example an index with CPU builds of torch.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS ?=

.PHONY: demo test check check-static docs format bench clean

demo: $(VENV)/.installed
	$(BIN)/pcmsn demo --out demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest

check: check-static docs test

check-static: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: $(VENV)/.installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --site-dir build/site

format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/extraction.py
	$(BIN)/python benchmarks/training.py

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) demo runs build dist
