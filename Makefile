# Everything a person needs: `make demo`, `make test`. Each sets up .venv when it is missing or older than the lock files:
# what a run needs for the first, what tests and notebooks need besides for the second.
PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/.installed
TESTED := .venv/.installed-test
MODELS := .venv/.installed-models
TORCH := torch==2.13.0
PEERS := .venv-peers/.installed
TOOLKITS := .venv-toolkits/.installed
DEDUPERS := .venv-dedupers/.installed
JUICER := .venv-data-juicer/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python

.PHONY: help setup demo test check models peers toolkits dedupers data-juicer lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(STAMP): pyproject.toml requirements.lock requirements-files.lock requirements-installer.lock
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on the PATH: install Python 3.11 or run make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "installing into .venv, and compiling: two minutes"
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes --no-deps -r requirements-installer.lock
	$(UV) --require-hashes -r requirements.lock || $(PIP) --require-hashes -r requirements.lock # a mirror may be set up for pip alone
	$(PIP) --require-hashes --no-deps -r requirements-files.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	$(BIN)/python -m jobs.compile_kernels
	touch $(STAMP)

$(MODELS): $(STAMP) requirements-models.lock
	@echo "installing what quality models need, PyTorch among it: 1 GB, a minute"
	$(PIP) $(TORCH)
	$(UV) --require-hashes --no-deps -r requirements-models.lock || $(PIP) --require-hashes --no-deps -r requirements-models.lock
	touch $(MODELS)

models: $(MODELS) ## install PyTorch and ONNX Runtime into .venv, for quality models that are encoders

$(TESTED): $(STAMP) $(MODELS) requirements-test.lock
	@echo "installing what tests and notebooks need: a minute"
	$(UV) --require-hashes -r requirements-test.lock || $(PIP) --require-hashes -r requirements-test.lock
	touch $(TESTED)

setup: $(TESTED) ## make .venv from the lock files, with what tests and notebooks need

demo: $(STAMP) ## make a small synthetic crawl and curate it
	$(BIN)/gristmill demo demo

test: $(TESTED) check ## lint, types, import contracts, and all tests
	$(BIN)/python -m pytest

check: $(TESTED) ## lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache

$(PEERS): requirements-peers.lock
	@echo "installing what we are compared with into .venv-peers: a minute"
	rm -rf .venv-peers
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-peers.lock
	touch $(PEERS)

peers: $(PEERS) ## make .venv-peers, in which `gristmill bench` runs datatrove

$(TOOLKITS): requirements-toolkits.lock
	@echo "installing the filters of dolma and NeMo Curator into .venv-toolkits: some seconds"
	rm -rf .venv-toolkits
	$(PYTHON) -m venv .venv-toolkits
	.venv-toolkits/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-toolkits.lock
	touch $(TOOLKITS)

toolkits: $(TOOLKITS) ## make .venv-toolkits, in which `gristmill bench toolkits` runs dolma's and NeMo Curator's filters

$(DEDUPERS): requirements-dedupers.lock requirements-text-dedup.lock
	@echo "installing daft and text-dedup into .venv-dedupers: a minute"
	rm -rf .venv-dedupers
	$(PYTHON) -m venv .venv-dedupers
	.venv-dedupers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dedupers.lock
	.venv-dedupers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-text-dedup.lock
	touch $(DEDUPERS)

dedupers: $(DEDUPERS) ## make .venv-dedupers, in which `gristmill bench dedup` runs daft and text-dedup

$(JUICER): $(STAMP) requirements-data-juicer.lock
	@echo "installing data-juicer into .venv-data-juicer: 5 GB, some minutes"
	rm -rf .venv-data-juicer
	$(PYTHON) -m venv .venv-data-juicer
	$(BIN)/uv pip install --quiet --python .venv-data-juicer/bin/python --require-hashes --no-deps -r requirements-data-juicer.lock || .venv-data-juicer/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-data-juicer.lock
	touch $(JUICER)

data-juicer: $(JUICER) ## make .venv-data-juicer, in which `gristmill bench dedup` runs data-juicer

lock: ## resolve the lock files again (needs uv)
	uv pip compile --quiet --no-header --no-annotate --generate-hashes --python-version 3.11 --group build pyproject.toml -o requirements.lock
	uv pip compile --quiet --no-header --no-annotate --generate-hashes --python-version 3.11 --extra test --extra notebooks --group build \
	  --constraint requirements.lock pyproject.toml -o requirements-test.lock
	for only in files installer toolkits text-dedup models; do \
	  uv pip compile --quiet --no-header --no-annotate --generate-hashes --no-deps --python-version 3.11 requirements-$$only.in -o requirements-$$only.lock; \
	done
	uv pip compile --quiet --no-header --no-annotate --generate-hashes --python-version 3.11 requirements-peers.in -o requirements-peers.lock
	uv pip compile --quiet --no-header --no-annotate --generate-hashes --python-version 3.11 requirements-dedupers.in -o requirements-dedupers.lock
	uv pip compile --quiet --no-header --no-annotate --generate-hashes --python-version 3.11 requirements-data-juicer.in -o requirements-data-juicer.lock

clean: ## remove the environments and what the demo made
	rm -rf .venv .venv-peers .venv-toolkits .venv-dedupers .venv-data-juicer demo out
