# make demo | test | check | bench | docs. Each sets up .venv first where that is missing or pyproject.toml is newer: Python 3.11 or
# newer and make are all that has to be there. Another Python: make demo PYTHON=python3.12
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test check bench docs

demo: $(INSTALLED)
	$(BIN)/minilinalg demo

test: $(INSTALLED)
	$(BIN)/lit -sv -j2 filecheck
	$(BIN)/pytest -n 2 tests

check: $(INSTALLED)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright

bench: $(INSTALLED)
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/compile_time.py
	$(BIN)/python benchmarks/compile_time.py --target h200
	$(BIN)/python benchmarks/cycles.py
	$(BIN)/python benchmarks/utilisation.py
	@if $(BIN)/python -c 'import torch, triton' 2> /dev/null; then $(BIN)/python benchmarks/engine.py && $(BIN)/python benchmarks/engine.py --road simd && \
	$(BIN)/python benchmarks/engine.py --road simt; \
	else echo "The engine against Triton's interpreter is left out: it needs torch and the triton extra."; fi

docs: $(INSTALLED)
	$(BIN)/python docs/generate.py

# The stamp is written last, so that an installation that was cut short is done again.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=...")'
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@
