# The commands of this project; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DOCUMENT ?=
SERVE ?= yes
# Processes that share the suite out among them, each with its own database: a whole file goes to one of them.
WORKERS ?= 2

DEMO_PACKAGES := python3-venv softhsm2 qpdf poppler-utils
# The last two lines: what the card agent's tests need (a C compiler builds pyscard, and a card that counts wrong PINs).
TEST_PACKAGES := $(DEMO_PACKAGES) chromium-headless-shell gettext \
	build-essential libpcsclite-dev pcscd pkg-config python3-dev python3-tk swig \
	vsmartcard-vpcd xdotool xvfb

.PHONY: help demo test check bench docs clean front messages
help: ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: .system-demo $(VENV)/runtime front messages ## Install, run the main job, serve http://localhost:8000
	@$(BIN)/telesphore demo --serve $(SERVE) $(if $(DOCUMENT),--document "$(DOCUMENT)")

test: .system-test $(VENV)/development front messages ## Install what the suite needs, then run it
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: $(VENV)/development front messages ## Linters, types, contracts, migrations, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint --lint src/telesphore/web/templates
	$(BIN)/python scripts/check_migrations.py
	$(BIN)/python scripts/messages.py check

bench: $(VENV)/development ## Run every benchmark's short form, print one table
	@$(BIN)/python bench/table.py

docs: $(VENV)/development ## Write the pages of docs/ that are made from the code
	@$(BIN)/python scripts/state_diagrams.py
	@$(BIN)/python scripts/access_rules.py
	@$(BIN)/python scripts/permissions_table.py
	@$(BIN)/python scripts/problem_codes.py

clean: ## Remove what the commands made (never an instance's home)
	rm -rf $(VENV) node_modules src/telesphore/web/static/built demo .mypy_cache .ruff_cache .pytest_cache
	find src agent tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: .system-demo .system-test
.system-demo:
	@scripts/system-packages $(DEMO_PACKAGES)
.system-test:
	@scripts/system-packages $(TEST_PACKAGES)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/development: requirements-dev.lock $(VENV)/runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

FRONT := src/telesphore/web/static/built/stamp
front: $(FRONT)

$(FRONT): $(VENV)/runtime node_modules/stamp scripts/build_front.mjs $(shell find src/telesphore/web/static/telesphore src/telesphore/web/templates -type f)
	@scripts/node scripts/build_front.mjs
	@$(BIN)/python scripts/build_fonts.py

node_modules/stamp: package-lock.json | $(VENV)/bin/python
	@scripts/node npm ci --ignore-scripts --omit=optional --no-audit --no-fund --silent
	@touch $@

messages: $(VENV)/runtime
	@$(BIN)/python scripts/messages.py compile
