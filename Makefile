# Soundmark. `make run` starts it, `make check` and `make test` test it; all install what is missing first.
SHELL := /bin/bash
# Where uv lands when .ci/setup had to install it.
export PATH := $(HOME)/.local/bin:$(CURDIR)/build/uv/bin:$(PATH)

.PHONY: run check test lint clean help

run: ## start the window; ARGS="tag file.wav" passes arguments on
	@.ci/setup run
	@uv run --no-sync main.py $(ARGS)

check: ## the quick run before a commit: style, types of the program, and the tests that are not marked slow
	@.ci/setup test
	@.ci/test check

test: ## everything: style, types, all tests, the real window with a virtual screen and microphone, coverage
	@.ci/setup test
	@.ci/test

lint: ## style and types alone
	@.ci/setup test
	@.ci/test lint

clean: ## remove what the tests and tools left behind; the Python packages stay
	@find build -mindepth 1 -maxdepth 1 ! -name uv -exec rm -rf {} + 2>/dev/null || true
	@rm -rf .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile
