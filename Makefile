# Needs Python ≥ 3.11 and nothing else; every other thing is fetched, pinned, into .venv and .cache.
VENV := .venv
PY := $(VENV)/bin/python
ifndef PYTHON
PYTHON := $(shell for name in $(PY) python3.11 python3.12 python3.13 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
endif
export PYTHON
# Environments without bytecode compile each module anew in each of the many processes.
export PYTHONDONTWRITEBYTECODE :=
PYTEST := $(PY) -m pytest
PROCESSES := processes or browser or slow
# They measure times, or start a whole stack: one after the other, and nothing beside them.
ALONE := tests/demo tests/holds tests/loss tests/sandbox/mesh/test_loss.py tests/story
# Two tests, each with servers of its own, as long as all pages in a browser; they mostly wait.
KILLED := tests/killed
# Only `make soak` runs them.
SOAKED := tests/soak
# Checkers load Django's settings, which refuse to load without these.
CHECKED := SECRET_KEY=only-for-checkers-which-serve-nobody DEMO=1 DATABASE_URL=postgresql://127.0.0.1:1/none
PIP = $(PY) -m pip install -q --disable-pip-version-check --require-hashes -r
INSTALL = $(PY) -m uv pip install -q --system-certs --require-hashes -r $(1) || \
	{ echo "Trying again with pip, which is slower."; $(PIP) $(1); }
COMPILE = $(PY) -m uv pip compile -q --system-certs --universal --generate-hashes --python-version 3.11 --no-header $(UPGRADE)

.NOTPARALLEL:
.PHONY: help setup demo test check format bench soak mutants golden lock clean

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## the virtual environment, with everything pinned in it
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (Debian, Ubuntu: apt-get install python3 python3-venv)."; exit 1; }
	@$(PYTHON) -m demo.preflight setup
	@$(MAKE) -s $(VENV)/runtime

demo: ## everything, in the foreground, until Ctrl-C
	@test -z "$(PYTHON)" || $(PYTHON) -m demo.preflight demo
	@$(MAKE) -s setup
	@exec $(PY) -m demo

check: setup $(VENV)/development ## style, types, imports, templates, migrations
	@$(CHECKED) $(PY) -m mypy & types=$$!; failed=0; \
	$(PY) -m ruff check . || failed=1; \
	$(PY) -m ruff format --check . || failed=1; \
	$(VENV)/bin/lint-imports || failed=1; \
	find templates -name '*.html' | xargs -r $(VENV)/bin/djade --check --target-version 5.2 || failed=1; \
	$(CHECKED) $(PY) -W ignore manage.py makemigrations --check --dry-run || failed=1; \
	wait $$types || failed=1; \
	exit $$failed

test: setup $(VENV)/development ## all tests: the quick ones, those that start processes, those in a browser
	@$(PY) -m tests.chromium
	@$(PY) -m demo.prometheus
	@failed=0; \
	echo "Tests that need no processes"; \
	$(PYTEST) -q -n 2 -m "not ($(PROCESSES) or database)" || failed=1; \
	echo "Tests on PostgreSQL"; \
	$(PYTEST) -q -n 2 -m "database and not ($(PROCESSES))" || failed=1; \
	echo "Tests that start processes, two files at a time"; \
	$(PYTEST) -q -n 2 --dist loadfile -p no:randomly -m "($(PROCESSES)) and not browser" \
		$(addprefix --ignore=,$(ALONE) $(KILLED) $(SOAKED)) || failed=1; \
	echo "Each page in a browser, two at a time; beside it, killed at each point, two stories at a time"; \
	told=$$(mktemp); \
	$(PYTEST) -q -n 2 $(KILLED) >$$told 2>&1 & killed=$$!; \
	$(PYTEST) -q -n 2 -m browser $(addprefix --ignore=,$(ALONE)) || failed=1; \
	wait $$killed || failed=1; \
	echo "Killed at each point"; \
	cat $$told; rm $$told; \
	echo "Whole stacks, one at a time"; \
	$(PYTEST) -q -p no:randomly -m "$(PROCESSES)" $(ALONE) || failed=1; \
	exit $$failed

format: $(VENV)/development ## rewrite Python and templates in the project's format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	find templates -name '*.html' | xargs -r $(VENV)/bin/djade --target-version 5.2

bench: setup $(VENV)/development ## one JSON object with the figures that count
	@$(PY) -m tests.bench

soak: setup $(VENV)/development ## what is tried on made-up examples, on very many: properties, stories, questions to Envoy
	@failed=0; \
	SOAK=1 EXPLORE_DEPTH=8 $(PYTEST) -q -n 2 -m "not (processes or browser)" --timeout 0 tests/domain tests/metrics tests/sandbox || failed=1; \
	AGREEMENT_PAIRS=10000 $(PYTEST) -q --timeout 0 tests/agreement || failed=1; \
	SOAK=1 $(PYTEST) -q -p no:randomly tests/holds/test_table.py || failed=1; \
	SOAK=1 $(PYTEST) -q -p no:randomly $(SOAKED) || failed=1; \
	exit $$failed

mutants: setup $(VENV)/development ## plant known defects in a copy, one at a time, and see tests find each
	@$(PY) -m tests.mutants

golden: setup $(VENV)/development ## rewrite the golden files; review the difference
	GOLDEN=rewrite $(PYTEST) -q tests/domain

lock: setup ## requirements*.txt from requirements*.in; UPGRADE=--upgrade takes newer versions
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements-dev.in -o requirements-dev.txt

clean: ## forget the demo's data and everything generated; .venv and .cache/prometheus stay
	@test ! -x $(PY) || $(PY) -m demo clean
	rm -rf staticfiles test-results .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/uv: requirements-uv.txt | $(VENV)/bin/python
	@$(PIP) $< || echo "uv can't be installed."
	@touch $@

$(VENV)/runtime: requirements.txt | $(VENV)/uv
	@echo "Installing requirements.txt"
	@$(call INSTALL,$<)
	@touch $@

$(VENV)/development: requirements-dev.txt | $(VENV)/uv
	@echo "Installing requirements-dev.txt"
	@$(call INSTALL,$<)
	@touch $@
