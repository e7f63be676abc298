# GANerate. `make demo` shows everything, `make run` starts the site, `make test` tests it.
SHELL := /bin/bash
PY := .venv/bin/python
PORT ?= 8000
ONLY ?= control
.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-fast check format bench messages clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## Virtual environment, pinned packages, database (done once; safe to repeat)
	@.ci/setup

run: setup ## The site and its workers at http://127.0.0.1:PORT (PORT=8000)
	@$(PY) manage.py run --port $(PORT)

demo: setup ## The whole main job: IMAGES=folder-or-zip COUNT=n PRESET=quick RESOLUTION=px ONCE=1 PORT=8000
	@$(PY) manage.py demo --port $(PORT) $(if $(IMAGES),--images '$(IMAGES)') $(if $(COUNT),--count $(COUNT)) \
	  $(if $(PRESET),--preset $(PRESET)) $(if $(RESOLUTION),--resolution $(RESOLUTION)) $(if $(ONCE),--once)

test: ## Sets up and passes every test, on SQLite and on PostgreSQL
	@.ci/setup --tests
	@.ci/test

test-fast: setup ## Only the tests that take no more than a few seconds, on SQLite
	@OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 -m 'not slow and not e2e and not browser' -q

check: setup ## Format, lint, types, import rules, migrations, deployment settings, translations, documents
	@.ci/check

format: setup ## Puts the code into its format
	@.venv/bin/ruff format -q . && .venv/bin/ruff check -q --fix .

bench: setup ## Measures: ONLY=control|engine|jobs|market|services PART=name FULL=1
	@$(PY) -m benchmarks $(ONLY) $(if $(PART),--part $(PART)) $(if $(FULL),--full)

messages: setup ## Collects new texts for translation and compiles the catalogues
	@$(PY) manage.py makemessages -l ko -i '.venv/*' -i 'var/*' --no-location --no-wrap && $(PY) manage.py compilemessages -i .venv

clean: ## Removes everything that was set up or made here (keeps .env)
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
