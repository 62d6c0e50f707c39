# make demo: a workflow from submission to result. make check test test-slow: what CI runs. make docs, bench, crash: below.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The versions that were tested; .venv-newest alone goes without.
CONSTRAINTS := $(if $(filter .venv-newest,$(VENV)),,constraints.txt)

ROUNDS ?= 50
RUNS ?= 5
QUESTIONS ?=
JSON ?=
STORE ?=

# Each Python that a test starts would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: bench check clean constraints crash demo docs outdated screenshots test test-slow venv venv-newest

venv: $(VENV)/ready

# Made anew for a PYTHON that was named and is another one than it has.
ifneq ($(origin PYTHON),file)
ifneq ($(shell $(PYTHON) -V),$(shell $(BIN)/python -V 2>&1))
.PHONY: $(VENV)/ready
endif
endif

# install FOLDER,WHAT: makes a virtual environment anew. By its variables pip constrains what it builds with, too. Compat
# mode: with setuptools' default editable mode twistd would not find the plugin.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	$(PYTHON) -m venv --clear $(1)
	PIP_CONSTRAINT=$(CONSTRAINTS) PIP_BUILD_CONSTRAINT=$(CONSTRAINTS) \
		$(1)/bin/pip install --disable-pip-version-check --editable '$(2)' --config-settings editable_mode=compat
	touch $(1)/ready
endef

$(VENV)/ready: pyproject.toml setup.py $(CONSTRAINTS)
	$(call install,$(VENV),.[dev])

# What runs, and nothing to develop with
.venv-demo/ready: pyproject.toml setup.py $(CONSTRAINTS)
	$(call install,.venv-demo,.)

# The newest versions of everything: then make check test test-slow VENV=.venv-newest
venv-newest:
	$(MAKE) --always-make venv VENV=.venv-newest

# constraints.txt anew, with the versions in .venv-newest. What the oldest Python can use, the others can as well.
constraints:
	$(MAKE) venv VENV=.venv-newest
	@.venv-newest/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "make venv-newest PYTHON=python3.11")'
	echo '# The versions that were tested. make constraints writes this file.' > constraints.txt
	.venv-newest/bin/pip freeze --all --exclude-editable --exclude pip >> constraints.txt

# What there is newer than that
outdated: venv
	$(BIN)/pip list --outdated --exclude-editable --exclude pip

# With .venv if it is there, else with one that has only what runs
DEMO := $(if $(wildcard $(VENV)/ready),$(VENV),.venv-demo)

demo: $(DEMO)/ready
	$(DEMO)/bin/python examples/run_demo.py

# A worker that ends at the time limit of a test ends the run: what it had still to do would never be done.
# Files in their own order: integration tests take long and come first, many short ones fill the cores at the end.
PYTEST = $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --max-worker-restart 0

# All tests but those marked slow
test: venv
	$(PYTEST) -m 'not slow'
	@echo 'make test-slow runs the rest.'

test-slow: venv
	$(PYTEST) -m slow

# The documentation, in docs/_build/html
docs: venv
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build/html

# A long crash test: make crash ROUNDS=50 [STORE=mongodb://...]
crash: venv
	$(BIN)/python -m tests.integration.crash $(ROUNDS) $(STORE)
	$(BIN)/python -m tests.integration.crash.long_task
	$(BIN)/python -m tests.integration.crash.uploads

# What it costs: make bench [QUESTIONS='drain submit'] [RUNS=5] [JSON=--json]
bench: venv
	@$(BIN)/python -m bench $(QUESTIONS) --runs $(RUNS) $(JSON)

# Pictures of the page for people, all of them in build/screenshots; two of them are in the documentation
screenshots: venv
	$(BIN)/python -m tests.screenshots build/screenshots
	mkdir -p docs/images
	cp build/screenshots/job-light-1280.png docs/images/job.png
	cp build/screenshots/jobs-dark-1280.png docs/images/jobs.png

check: venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv .venv-* build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	rm -f twisted/plugins/dropin.cache
