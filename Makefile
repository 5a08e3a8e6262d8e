# Two commands matter: `make chat` and `make test`. Both install what they need and want no further preparation, and so
# do the others.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

EXAMPLES := examples
# The chat's page is written in TypeScript.
CHAT_PAGE := $(EXAMPLES)/chat/public/chat.js
CLIENTS := tests/clients
VENV := $(CLIENTS)/python/.venv
# Older versions of python-socketio, whose servers speak otherwise with each other.
OLD_PYTHON := $(CLIENTS)/python/versions/5.13 $(CLIENTS)/python/versions/5.15
CHROMIUM ?= /usr/bin/chromium
REDIS ?= /usr/bin/redis-server
NGINX ?= $(TARGET)/nginx/usr/sbin/nginx
NATS ?= /usr/sbin/nats-server
SYSTEMD_ANALYZE ?= /usr/bin/systemd-analyze
# The other brokers are where Debian has them.
BROKERS := $(REDIS) $(NATS) /usr/sbin/rabbitmq-server $(or $(wildcard /usr/lib/postgresql/*/bin/postgres),postgresql)
BENCH := tests/bench
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help
help:
	@echo "make chat      builds and starts the chat example (HOST and PORT choose the address)"
	@echo "make cluster   starts the chat on three nodes, with Redis and a proxy (HOST and PORT choose the address)"
	@echo "make examples  prepares the pages of all examples; then: cargo run --package NAME"
	@echo "make pictures  makes the book's pictures anew, from the pages of the examples"
	@echo "make check     runs the checks and tests of everyday work, in two minutes once all is compiled"
	@echo "make test      runs every check and every test"
	@echo "make soak      real nodes and clients through faults by a seed (MINUTES=30; SEED=1 repeats those of another time)"
	@echo "make fuzz      feeds the parsers made-up inputs (SECONDS=600 in all; TARGETS=\"msgpack ids\" only these; SEED=1)"
	@echo "make msrv      checks the library's crates with the oldest compiler that may be used"
	@echo "make package   packs the crates that are published, and compiles what was packed"
	@echo "make bench     measures what the server costs, beside socketioxide (QUICK=1: a minute; COUNTS=1: instructions"
	@echo "               instead of times; TAIL=1: how long a client waits beside others; LOAD=1: the book's table of loads"
	@echo "               that are held for long; CLUSTER=1: several nodes; CAPACITY=1: the book's tables of how far these go;"
	@echo "               $(BENCH)/README.md says more)"

# ---- the examples ----

.PHONY: chat
chat: examples
	@cargo build --package chat
	@exec cargo run --quiet --package chat

# Three nodes of it that act as one server, their Redis, and a proxy in front.
.PHONY: cluster
cluster: examples $(REDIS)
	@cargo build --package chat --features chat/cluster --package cluster
	@REDIS=$(REDIS) exec cargo run --quiet --package cluster

.PHONY: examples
examples: $(EXAMPLES)/node_modules/.package-lock.json $(CHAT_PAGE)

$(CHAT_PAGE): $(wildcard $(EXAMPLES)/chat/page/*) $(EXAMPLES)/shared/page.d.ts $(EXAMPLES)/node_modules/.package-lock.json
	npm --prefix $(EXAMPLES)/chat run --silent build
	@touch $@

# ---- the book's pictures ----

.PHONY: pictures
pictures: examples $(CLIENTS)/node_modules/.package-lock.json $(CHROMIUM)
	@cargo build --workspace --bins
	@CHROMIUM=$(CHROMIUM) node $(CLIENTS)/browser/pictures.js book/src/images
	@node book/drawings/draw.mjs book/src/drawings

# ---- the tests ----

# Quick, and finds most mistakes: style, the protocol, the units of the server, and the wire by one test program for each
# of its sides. It needs nothing but Rust, and compiles what `make test` compiles, for which it has the same features.
WIRE := acks conformance connect events house limits polling reasons rooms websocket

.PHONY: check
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --quiet -- -D warnings
	cargo test --quiet --workspace --all-features --lib $(WIRE:%=--test %)

.PHONY: test
test: examples $(CLIENTS)/node_modules/.package-lock.json \
	$(CLIENTS)/contract/node_modules/.package-lock.json $(VENV)/.installed \
	$(OLD_PYTHON:%=%/.venv/.installed) $(CHROMIUM) $(BROKERS) $(NGINX) $(SYSTEMD_ANALYZE) \
	/usr/bin/openssl /usr/bin/valgrind
	@CHROMIUM=$(CHROMIUM) REDIS=$(REDIS) NATS=$(NATS) NGINX=$(abspath $(NGINX)) SYSTEMD_ANALYZE=$(SYSTEMD_ANALYZE) \
		PYTHON=$(abspath $(VENV))/bin/python $(CLIENTS)/run

# ---- the soak ----

# Three minutes of it are part of `make test`.
MINUTES ?= 30
SEED ?=

.PHONY: soak
soak: $(CLIENTS)/node_modules/.package-lock.json $(VENV)/.installed $(REDIS)
	@cargo build --package sio-tests --all-features --bin acceptance
	@REDIS=$(REDIS) PYTHON=$(abspath $(VENV))/bin/python \
		node $(CLIENTS)/soak/main.js --minutes $(MINUTES) --seed "$(SEED)" --out $(TARGET)/soak

# ---- the fuzzers ----

# `sio-core/fuzz/README.md` says what they find, and how cargo-fuzz runs the same.
SECONDS ?= 600
TARGETS ?=

.PHONY: fuzz
fuzz:
	cargo build --release --quiet --manifest-path sio-core/fuzz/Cargo.toml --target-dir $(TARGET)/fuzz --bin fuzz --features runner
	@$(TARGET)/fuzz/release/fuzz run $(SECONDS) $(TARGETS)

# ---- releases ----

# `CONTRIBUTING.md` says what else belongs to one.
PUBLISHED := sio-grammar sio-core sio-macros sio-cluster sio-server
MSRV := $(shell sed -n 's/^rust-version = "\(.*\)"/\1.0/p' Cargo.toml)

# The oldest compiler that may be used. `make test` only has clippy look at what the standard library had then.
.PHONY: msrv
msrv:
	rustup toolchain install --profile minimal --no-self-update $(MSRV)
	cargo +$(MSRV) check --target-dir $(TARGET)/msrv --all-features $(PUBLISHED:%=--package %)

# Each published crate, compiled from what is packed of it.
.PHONY: package
package:
	cargo package --all-features $(PUBLISHED:%=--package %)

# ---- the benchmark ----

# Other servers to measure: `make bench PEERS="node python"`. `make bench CLUSTER=1` measures two nodes and a Redis.
PEERS ?=
node_needs := $(BENCH)/peers/node/node_modules/.package-lock.json
node_command := node $(BENCH)/peers/node/server.js
python_needs := $(BENCH)/peers/python/.venv/.installed
python_command := $(BENCH)/peers/python/.venv/bin/python $(BENCH)/peers/python/server.py

.PHONY: bench
ifdef CLUSTER
ifneq ($(filter-out node,$(PEERS)),)
$(error of several nodes there is no peer but node)
endif
bench: $(REDIS) $(foreach peer,$(PEERS),$($(peer)_needs))
	cargo build --release --manifest-path $(BENCH)/Cargo.toml --target-dir $(TARGET)/bench/cluster \
		--package sio-peer --features sio-peer/cluster
	cargo build --release --manifest-path $(BENCH)/Cargo.toml --target-dir $(TARGET)/bench \
		--package bench --package socketioxide-redis-peer
	@REDIS=$(REDIS) $(TARGET)/bench/release/bench cluster --out $(TARGET)/bench \
		"sio=$(TARGET)/bench/cluster/release/sio-peer" \
		"socketioxide-redis=$(TARGET)/bench/release/socketioxide-redis-peer" \
		$(foreach peer,$(PEERS),"$(peer)-ioredis=$($(peer)_command)")
else ifdef CAPACITY
# Computed from recorded costs: nothing is measured.
bench:
	cargo run --release --manifest-path $(BENCH)/Cargo.toml --target-dir $(TARGET)/bench --package bench -- capacity \
		--costs $(BENCH)/costs.json --into book/src/reference/performance/several-nodes.md
else ifdef LOAD
# A try is not written into the book.
bench:
	cargo build --release --manifest-path $(BENCH)/Cargo.toml --target-dir $(TARGET)/bench --package bench --package sio-peer
	@$(TARGET)/bench/release/bench held --out $(TARGET)/bench \
		$(if $(QUICK),,--into book/src/reference/performance/load-held.md) "sio=$(TARGET)/bench/release/sio-peer"
else ifdef COUNTS
bench: /usr/bin/valgrind /usr/bin/strace
	cargo build --release --manifest-path $(BENCH)/Cargo.toml --target-dir $(TARGET)/bench
	@$(TARGET)/bench/release/bench counts --out $(TARGET)/bench \
		"sio=$(TARGET)/bench/release/sio-peer" \
		"socketioxide=$(TARGET)/bench/release/socketioxide-peer"
else ifdef TAIL
bench:
	cargo build --release --manifest-path $(BENCH)/Cargo.toml --target-dir $(TARGET)/bench
	@$(TARGET)/bench/release/bench tail --out $(TARGET)/bench \
		"sio=$(TARGET)/bench/release/sio-peer" \
		"socketioxide=$(TARGET)/bench/release/socketioxide-peer"
else
bench: $(foreach peer,$(PEERS),$($(peer)_needs))
	cargo build --release --manifest-path $(BENCH)/Cargo.toml --target-dir $(TARGET)/bench
	@$(TARGET)/bench/release/bench run --out $(TARGET)/bench \
		"sio=$(TARGET)/bench/release/sio-peer" \
		"socketioxide=$(TARGET)/bench/release/socketioxide-peer" \
		$(foreach peer,$(PEERS),"$(peer)=$($(peer)_command)")
endif

# ---- what they need ----

%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	npm ci --prefix $* --no-audit --no-fund
	@touch $@

%/.venv/.installed: %/requirements.txt
	python3 -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Debian's browser; fonts, since without any a page has no text.
/usr/bin/chromium:
	@sudo=; if [ "$$(id -u)" -ne 0 ]; then sudo=sudo; fi; \
	$$sudo apt-get update -qq; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core

# For the test of the book's configuration: the program alone, since the package would start a service.
$(TARGET)/nginx/usr/sbin/nginx:
	@sudo=; if [ "$$(id -u)" -ne 0 ]; then sudo=sudo; fi; \
	$$sudo apt-get update -qq; \
	mkdir -p $(TARGET)/nginx; cd $(TARGET)/nginx; rm -f nginx_*.deb; \
	apt-get download -qq nginx; dpkg -x nginx_*.deb .
	@touch $@

# For the tests of several nodes, each of which starts and ends one of its own on a free port, but for RabbitMQ, of which
# there is one for all.
/usr/bin/redis-server: package := redis-server
/usr/sbin/nats-server: package := nats-server
/usr/sbin/rabbitmq-server: package := rabbitmq-server
postgresql: package := postgresql

# They count what a server does.
/usr/bin/valgrind: package := valgrind
/usr/bin/strace: package := strace
# It makes a certificate for a test.
/usr/bin/openssl: package := openssl
# It reads the book's units, and starts nothing.
/usr/bin/systemd-analyze: package := systemd

/usr/bin/redis-server /usr/sbin/nats-server /usr/sbin/rabbitmq-server postgresql /usr/bin/valgrind /usr/bin/strace \
	/usr/bin/openssl /usr/bin/systemd-analyze:
	@sudo=; if [ "$$(id -u)" -ne 0 ]; then sudo=sudo; fi; \
	$$sudo apt-get update -qq; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(package)
