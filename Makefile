# Everything runs in one virtual environment, .venv, made from the locks when first needed.
#   make demo                     the bot on its sample, no key needed
#   make test T=tests/spend K=cap one folder, one expression
#   make test PYTHON=python3.12   another interpreter (.venv is made again)

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
T      ?=
K      ?=

# One stamp per interpreter, so that another PYTHON is another environment. The development
# packages include those of the demo, at the same versions: their stamp makes both.
RUNTIME := $(VENV)/.runtime-$(notdir $(PYTHON))
DEV     := $(VENV)/.dev-$(notdir $(PYTHON))
FUZZ    := $(VENV)-fuzz
BUILD   := pyproject.toml requirements-build.lock tools/venv.sh

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test lint types licences audit check fmt lock image image-proof fakes sweep fuzz bench bench-forecast bench-judgement pictures clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(RUNTIME) ## set up and check the sample organisation: no key, nothing is sent
	@$(BIN)/bot check --dry-run --config config.example.yaml

test: $(DEV) ## set up and run the tests (T=path, K=expression)
	@$(BIN)/python -m pytest $(if $(T)$(K),,-n auto) $(T) $(if $(K),-k '$(K)')

lint: $(DEV) ## style, formatting, and which module may import which
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache

types: $(DEV) ## mypy --strict
	@$(BIN)/mypy

licences: $(DEV) ## whether every package may be used
	@$(BIN)/python -m tools.licences

audit: $(DEV) ## known holes in the locked packages; says so where nobody can be asked
	@$(BIN)/python -m tools.audit

check: lint types licences audit ## all that is checked without running the bot

fmt: $(DEV) ## format, and mend what can be mended
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

lock: $(DEV) ## write the locks again from pyproject.toml (UPGRADE=1: newer versions)
	@tools/lock.sh $(if $(UPGRADE),--upgrade)

image: ## build and try the container image; without a Docker engine, image-proof
	@if docker info >/dev/null 2>&1; then tools/image.sh; \
	else echo 'No Docker engine answers: proving the steps of the Dockerfile without one.' && \
	$(MAKE) --no-print-directory image-proof; fi

image-proof: ## run the Dockerfile's steps in a scratch folder, then the bot read-only and not as root
	@$(PYTHON) -m tools.image_proof

fakes: $(DEV) ## OpenAI and Slack as local servers, to try the bot against
	@$(BIN)/python -m tests.fakes

sweep: $(DEV) ## the long sweeps: network faults, workers at once, properties with many examples
	@EXAMPLES=20 $(BIN)/python -m pytest -m 'sweep or hypothesis' $(T) $(if $(K),-k '$(K)')

fuzz: $(DEV) ## fuzz the readers of hostile bytes (T=yaml|pages|line_item|mrkdwn, RUNS=1000000)
	@PYTHON='$(PYTHON)' tools/fuzz.sh $(FUZZ) $(BIN)/python $(T) --runs $(or $(RUNS),100000)

bench: $(DEV) ## how fast, beside others (SIZE=small|medium|full, ONLY=ad; full takes half an hour)
	@$(BIN)/python -m benchmarks.speed --size $(or $(SIZE),full) $(if $(ONLY),--only $(ONLY))

bench-forecast: $(DEV) ## how far the month-end forecast misses, beside simpler ones
	@$(BIN)/python -m benchmarks.forecast

bench-judgement: $(DEV) ## how well spikes and drifts are judged, beside others (minutes)
	@$(BIN)/python -m benchmarks.judgement

pictures: $(DEV) ## draw the README's pictures from the sample, in headless Chromium
	@$(BIN)/python tools/pictures.py

clean: ## remove the environment, caches and charts; databases and configuration stay
	@rm -rf $(VENV) $(FUZZ) .fuzz build dist charts *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	@find bot tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): $(BUILD) requirements.lock
	@PYTHON='$(PYTHON)' tools/venv.sh $(VENV) requirements-build.lock requirements.lock
	@touch $@

$(DEV): $(BUILD) requirements.lock requirements-dev.lock
	@PYTHON='$(PYTHON)' tools/venv.sh $(VENV) requirements-build.lock requirements-dev.lock
	@touch $(RUNTIME) $@
