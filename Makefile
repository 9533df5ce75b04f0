# `make demo` and `make test` need nothing but Python 3.10 or newer; both make the same environment in .venv first.
# PIP_FLAGS passes options to pip, for example an index with CPU builds of torch.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS ?=

.PHONY: demo test check check-static docs format bench bench-data clean

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

# All that need no data, about an hour; each prints its figure beside what it is compared with.
bench: demo
	for name in extraction training evaluation search distributed drawing semantics; do \
		echo "== benchmarks/$$name.py" && $(BIN)/python benchmarks/$$name.py || exit 1; done
	$(BIN)/python benchmarks/serving_load.py --gallery demo/photos.gallery

# Those that need a data set: make bench-data DATA="--data-root ZS-SBIR --semantics-root dataset" BACKBONE=facebook/dinov2-small
bench-data: $(VENV)/.installed
	$(BIN)/python benchmarks/seeds.py $(DATA) --backbone $(BACKBONE)
	$(BIN)/python benchmarks/finetuning.py $(DATA) --backbone $(BACKBONE) --finetune "--shared --epochs 3"
	$(BIN)/python benchmarks/cross_modal_scale.py $(DATA) --backbone $(BACKBONE)

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "installing packages into $(VENV): 2.7 GB; this takes some minutes and prints nothing"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) demo runs build dist
