# Works on a machine with make and Python 3.11 or newer. The first target that needs it fills .venv from uv.lock;
# later ones do so again only when uv.lock or pyproject.toml has changed. Another Python: make PYTHON=python3.12 test
PYTHON ?= python3
BENCH_FLAGS ?=
DEMO_FLAGS ?=
PYTEST_FLAGS ?=
SCALE_FLAGS ?=
NEO4J_LATEST ?= 2026.07.1

BIN := .venv/bin
SYNCED := .venv/.synced
BENCHMARKS = $(filter-out benchmarks/scale.py,$(shell grep -l -- '"--quick"' benchmarks/[a-z]*.py))
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo test test-neo4j-latest test-compose lint format types layers bench bench-scale clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(SYNCED) ## Load a real public graph, compute trust, serve it (DEMO_FLAGS=--no-serve: only compute)
	@$(BIN)/guanxi demo $(DEMO_FLAGS)

# One after the other even under `make -j`, and pytest last, so that its closing line is the last one.
test: $(SYNCED) ## Check style, types and layers, then run the tests (PYTEST_FLAGS="-k graph": some of them)
	@$(MAKE) lint
	@$(MAKE) types
	@$(MAKE) layers
	@$(BIN)/python -m pytest $(PYTEST_FLAGS)

test-neo4j-latest: $(SYNCED) ## Run the tests of Neo4j on its latest release instead of the long-term one
	@NEO4J_VERSION=$(NEO4J_LATEST) $(BIN)/python -m pytest tests/neo4j $(PYTEST_FLAGS)

test-compose: $(SYNCED) ## Build the image, bring docker-compose.yml up, and take its services down and up
	@tools/compose-images.sh daemon
	@tools/compose-images.sh build
	@$(BIN)/python -m pytest -m compose tests/compose $(PYTEST_FLAGS)

lint: $(SYNCED) ## Check style and formatting
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

format: $(SYNCED) ## Put the code into its standard form
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

types: $(SYNCED) ## Check types
	@$(BIN)/mypy

layers: $(SYNCED) ## Check that each floor imports only floors below it
	@$(BIN)/lint-imports

bench: $(SYNCED) ## Run the benchmarks beside their peers (BENCH_FLAGS=--quick: two minutes, does it run?)
	@tools/bootstrap.sh bench
	@for file in $(BENCHMARKS); do \
	  echo "$$file"; $(BIN)/python "$$file" $(BENCH_FLAGS) || exit 1; \
	done

bench-scale: $(SYNCED) ## Measure cost against 1 to 100 M edges (SCALE_FLAGS=--quick: 1 and 4 M; needs 20 GB of disk)
	@$(BIN)/python benchmarks/scale.py $(SCALE_FLAGS)

clean: ## Remove what these commands made, .venv included
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist demo-store
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(SYNCED): pyproject.toml uv.lock tools/bootstrap.sh
	@PYTHON="$(PYTHON)" tools/bootstrap.sh
	@touch $@
