# Two commands matter: `make demo` (see it work) and `make test` (check a change). Both set up what
# they need and are quick when that is done already. `make help` lists the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ROOT   ?= vbench-results
AT      = $(if $(filter-out vbench-results,$(ROOT)),--root $(ROOT))
CORES  ?= 2
# A file of tests stays in one process; which others stay with it, and their order: tests/conftest.py.
BESIDE  = -n $(CORES) --dist loadfile --no-loadscope-reorder
CODE   := vbench_lite adapters suites dashboard tools tests benchmarks docs
STAMPS := .make

# Tests start hundreds of programs, and each would compile this package again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo check test slow matrix lint types bench audit docs docs-test readme format clean distclean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMPS)/installed  ## environment in .venv and this package in it, under constraints.txt

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "vbench_lite needs Python 3.11 or later, $(PYTHON) is $$($(PYTHON) --version 2>&1); try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

# Reinstalled when the package's metadata, its entry points or a pin changes.
$(STAMPS)/installed: $(STAMPS)/venv pyproject.toml constraints.txt
	@echo "installing into $(VENV): some minutes, 7.5 GB"
	@$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev,diffusers]'
	@touch $@

demo: setup  ## the default benchmark, its leaderboard, and how to open the dashboard
	$(BIN)/vbench-lite run $(AT)
	@echo
	@echo "To call it by its name:     source $(BIN)/activate"
	@echo "The same table again:       vbench-lite leaderboard $(AT)"
	@echo "Which one to take:          vbench-lite advise $(AT)"
	@echo "Charts and clips, browser:  vbench-lite dashboard $(AT)"

check: setup  ## lint, types and tests of what differs from main: for each change, before `make test`
	$(BIN)/python -m tools.check

test: setup lint types  ## lint, types, and every test
	$(BIN)/python -m pytest $(BESIDE)

slow: setup  ## tests that CI runs once a day: every tiny pipeline of diffusers, every page in every state
	$(BIN)/python -m pytest $(BESIDE) -m slow

# Each with an environment of its own: some minutes and 7.5 GB a version.
OTHERS ?= 3.12 3.13
matrix:  ## every test on the other versions of Python that are supported, where the machine has them
	@for each in $(OTHERS); do \
	  if python$$each -c '' 2>/dev/null; then \
	    $(MAKE) PYTHON=python$$each VENV=.venv-$$each STAMPS=.make/$$each setup \
	      && .venv-$$each/bin/python -m pytest $(BESIDE) || exit 1; \
	  else echo "python$$each is not on this machine: not tested" >&2; fi; \
	done

lint: setup  ## ruff: rules and format
	$(BIN)/python -m ruff check $(CODE)
	$(BIN)/python -m ruff format --check $(CODE)

format: setup  ## let ruff mend what it can
	$(BIN)/python -m ruff check --fix $(CODE)
	$(BIN)/python -m ruff format $(CODE)

# Every module by the name it is imported as: adapters/controls.py is vbench_lite.adapters.controls.
MODULES = find vbench_lite adapters suites dashboard -name '*.py' \
  | sed -E 's!^(adapters|suites|dashboard)/!vbench_lite/\1/!; s!(/__init__)?\.py$$!!; s!/!.!g; s!^!-m !'

# The tests one folder at a time: pytest lets two of them have a conftest.py, mypy does not.
types: setup  ## mypy, strict
	$(BIN)/python -m mypy -p benchmarks -p tools $$($(MODULES))
	$(BIN)/python -m mypy docs/*.py
	@for folder in $(filter-out %/__pycache__/,$(wildcard tests/*/)); do echo "mypy $$folder"; $(BIN)/python -m mypy $$folder || exit 1; done

bench: setup  ## measure this project's own speed; rewrites docs/benchmarks.md
	$(BIN)/python -m benchmarks

audit: setup  ## known vulnerabilities of the pinned dependencies
	.ci/audit

docs: setup  ## the reference pages from the code, then the site in site/, strictly; checks links and commands
	$(BIN)/python docs/reference_pages.py
	$(BIN)/python docs/metric_pages.py
	$(BIN)/python -m pytest -q tests/packaging/test_documents.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build -q

docs-test: setup  ## follow README, tutorials and how-tos word for word, in empty directories
	$(BIN)/python docs/walk.py

readme: setup  ## renew the command output that README.md quotes, from the runs in vbench-results
	$(BIN)/python docs/refresh.py

clean:  ## caches and build products
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis $(STAMPS)/installed
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean  ## also the environment; results stay
	rm -rf $(VENV) $(STAMPS)
