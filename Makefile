# make demo: a workflow from submission to result. make test, make check: what CI runs. make docs, bench, crash: see below.

PYTHON ?= python3
BIN := .venv/bin

ROUNDS ?= 50
RUNS ?= 5
QUESTIONS ?=
JSON ?=
STORE ?=

.PHONY: bench demo docs test check crash clean venv

venv: .venv/ready

# Compat mode: with setuptools' default editable mode twistd would not find the plugin.
.venv/ready: pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]' --config-settings editable_mode=compat
	touch $@

demo: venv
	$(BIN)/python examples/run_demo.py

test: venv
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

# The documentation, in docs/_build/html
docs: venv
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build/html

# A long crash test: make crash ROUNDS=50 [STORE=mongodb://...]
crash: venv
	$(BIN)/python -m tests.integration.crash $(ROUNDS) $(STORE)
	$(BIN)/python -m tests.integration.crash.long_task

# What it costs: make bench [QUESTIONS='drain submit'] [RUNS=5] [JSON=--json]
bench: venv
	@$(BIN)/python -m bench $(QUESTIONS) --runs $(RUNS) $(JSON)

check: venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	rm -f twisted/plugins/dropin.cache
