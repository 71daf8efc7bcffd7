# `make book` runs and renders everything; `make test` runs the tests. Both install what is missing, into .venv.
# The first Python that is new enough.
NEW := import sys; sys.exit(sys.version_info < (3, 11, 5))
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python; do \
  $$p -c '$(NEW)' 2>/dev/null && command -v $$p && break; done)
PROFILE ?= classroom
BIN := .venv/bin
# What was installed is noted under a name made from the files that say what to install.
KEY := $(shell cat pyproject.toml constraints.txt | cksum | cut -d' ' -f1)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: book run test lint clean-run help

book: run
	@$(BIN)/pcutils book --profile $(PROFILE)

run: .venv/book-$(KEY)
	@$(BIN)/pcutils run --profile $(PROFILE)

test: .venv/test-$(KEY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder

lint: .venv/test-$(KEY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean-run:
	rm -rf runs/$(PROFILE)

help:
	@echo "make book       run the chapters of PROFILE=$(PROFILE) and render the book"
	@echo "make test       run the tests"
	@echo "make lint       check style and types"
	@echo "make clean-run  delete the run of PROFILE=$(PROFILE)"

.venv/book-$(KEY): .venv/python
	@echo "Installing packages; about 3 minutes the first time."
	@echo "  1 of 2: PyTorch" && $(PIP) torch==$(shell sed -n 's/^torch==//p' constraints.txt)
	@echo "  2 of 2: everything else for the book" && $(PIP) --editable '.[models,book]'
	@touch $@

.venv/test-$(KEY): .venv/book-$(KEY)
	@echo "Installing what the tests need; about 1 minute the first time."
	@$(PIP) --editable '.[models,book,test,dev]'
	@touch $@

.venv/python:
	@test -n "$(PYTHON)" && "$(PYTHON)" -c '$(NEW)' || { \
	  echo "Python 3.11.5 or newer is needed and was not found: make PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || { echo "Making .venv with $(PYTHON)" && "$(PYTHON)" -m venv .venv; }
	@touch $@
