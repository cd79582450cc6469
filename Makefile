# livecomments: `make run` and `make test` install what is missing and say what they do.
#
#   make run PORT=8081 RMS=5 DISPATCHERS=2 DATA=/tmp/cluster STORE=cassandra DCS=2

SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv/bin
PACKAGES := comment_service coordination dispatcher lb ops rms service_kit tests
UP_ARGS = $(if $(PORT),--port $(PORT)) $(if $(DATA),--data $(DATA)) $(if $(RMS),--rms $(RMS)) \
          $(if $(DISPATCHERS),--dispatchers $(DISPATCHERS)) \
          $(if $(STORE),--store $(STORE)) $(if $(DCS),--dcs $(DCS))

# Most tests wait more than they compute.
WORKERS ?= 3

# Without compiled files each of the hundreds of processes that the tests start would compile its modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test test-unit test-long check lint types stubs format requirements bench clean setup setup-dev

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ## a whole cluster on this machine, until Ctrl-C
	@exec setpriv --pdeathsig TERM -- $(VENV)/livecomments up $(UP_ARGS)

test: check ## everything: lint, format, types and all tests, stubs included (TESTS=path for some, WORKERS=1 for one by one)
	@$(VENV)/python -m pytest -n $(WORKERS) $(TESTS)

test-unit: setup-dev ## the unit tests alone: no server, no process, a few seconds
	@$(VENV)/python -m pytest -q tests/unit

test-long: setup-dev ## the tests with random input, forty times as much of it as `make test`
	@LIVECOMMENTS_TEST_LONG=1 $(VENV)/python -m pytest --timeout 1800 tests/unit

check: lint types ## lint and types alone

lint: setup-dev
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check --quiet .

types: setup-dev
	@$(VENV)/mypy --strict $(PACKAGES)

format: setup-dev ## rewrites the code in the project's style
	@$(VENV)/ruff check --fix .
	@$(VENV)/ruff format .

stubs: setup-dev ## generates the protobuf stubs anew
	@$(VENV)/python -m ops.build.stubs

requirements: ## pins the newest versions that pyproject.toml allows
	@ops/setup/pin.sh

bench: setup-dev ## what a delivery and a viewer cost: the engine beside a bare loop, then the whole way beside peers
	@$(VENV)/python -m ops.bench.fanout
	@$(VENV)/python -m ops.bench.edge

clean: ## removes what was installed and generated here (the data folder stays)
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@ops/setup/install.sh run $(STORE)

setup-dev:
	@ops/setup/install.sh test
