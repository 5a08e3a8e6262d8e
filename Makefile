# Two commands matter: `make chat` and `make test`. Both install what they need and want no further preparation.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CHAT := examples/chat
CLIENTS := tests/clients
VENV := $(CLIENTS)/python/.venv
CHROMIUM ?= /usr/bin/chromium

.PHONY: help
help:
	@echo "make chat    builds and starts the chat example (HOST and PORT choose the address)"
	@echo "make test    runs every check and every test"

# ---- the chat ----

.PHONY: chat
chat: $(CHAT)/node_modules/.package-lock.json
	@cargo build --package chat
	@exec cargo run --quiet --package chat

# ---- the tests ----

.PHONY: test
test: $(CHAT)/node_modules/.package-lock.json $(CLIENTS)/node_modules/.package-lock.json $(VENV)/.installed $(CHROMIUM)
	@CHROMIUM=$(CHROMIUM) PYTHON=$(abspath $(VENV))/bin/python $(CLIENTS)/run

# ---- what they need ----

%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	npm ci --prefix $* --no-audit --no-fund
	@touch $@

$(VENV)/.installed: $(CLIENTS)/python/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Debian's browser; fonts, since without any a page has no text.
/usr/bin/chromium:
	@sudo=; if [ "$$(id -u)" -ne 0 ]; then sudo=sudo; fi; \
	$$sudo apt-get update -qq; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core
