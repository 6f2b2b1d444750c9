# tapmap: what people run. `make demo` and `make test` install what is missing on Debian (as root),
# or say exactly what to install.

CARGO ?= cargo
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: help setup setup-test setup-package setup-bench setup-web demo build test lint doc web web-test bench bench-sensor soak captures fuzz deny deb deb-test portable portable-test clean

help:
	@echo "make demo      build, and show the map of a real capture"
	@echo "make test      format, lints, documentation and all tests, those of the page in a browser too"
	@echo "make web       build the page that the program serves (web/dist) from web/src"
	@echo "make bench     speed and memory, as ratios measured in one run"
	@echo "make bench-sensor, make soak   the whole sensor on a cable: losses, delays, cost; half an hour of churn"
	@echo "make deb       a Debian package in target/deb; make deb-test installs and runs it in a bare root (root)"
	@echo "make portable  a program for other distributions in target/portable; make portable-test runs it there"
	@echo "make captures  rebuild the lab's captures (root; about forty minutes)"
	@echo "make fuzz      fuzz the decoder and every analyzer for a minute"
	@echo "make deny      licences, bans and sources of all dependencies (cargo-deny)"

setup:
	@.ci/setup

setup-test:
	@.ci/setup test

setup-package:
	@.ci/setup package

setup-bench:
	@.ci/setup bench

setup-web:
	@.ci/setup web

build: setup
	$(CARGO) build --release --locked

demo: build
	@target/release/tapmap analyze captures/mail-and-files/capture.pcap
	@echo
	@echo "That was captures/mail-and-files/capture.pcap. Now yours: target/release/tapmap analyze FILE"

test: setup-test lint doc web-test
	$(CARGO) test --locked --all-targets

lint: setup
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

doc: setup
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

web: setup-web
	.ci/web.sh build

web-test: setup setup-web
	.ci/web.sh check
	$(CARGO) build --locked
	.ci/web.sh browser

bench: setup
	$(CARGO) bench --locked --bench analyze --bench query --bench inference --bench store

bench-sensor: setup-bench
	$(CARGO) bench --locked --bench sensor

soak: setup-bench
	$(CARGO) bench --locked --bench sensor -- --soak $(or $(MINUTES),30)

captures:
	tests/lab/build.sh

fuzz: setup
	fuzz/run.sh

deny:
	@command -v cargo-deny >/dev/null || { echo "cargo-deny is missing: cargo install --locked cargo-deny"; exit 1; }
	cargo deny check licenses bans sources

deb: setup-package build
	.ci/deb/build.sh

deb-test: setup-package build
	.ci/deb/test.sh

portable: setup-package
	.ci/portable.sh

portable-test: setup-package
	.ci/portable.sh test

clean:
	$(CARGO) clean
