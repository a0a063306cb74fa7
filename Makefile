# Short recipes. What needs more than a line is a script or an xtask.
.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-rust test-web e2e lint fmt bench web services services-stop

help: ## list the recipes
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## install what the tests need beyond Rust and Node (PostgreSQL, Chromium)
	@scripts/setup test

run: web ## build everything and serve the product on 127.0.0.1:8080
	cargo run --release --bin tracklane -- serve $(ARGS)

demo: web ## the main job on a fleet that moves: zones, milestones, webhooks, live map
	cargo run --release --bin tracklane -- demo $(ARGS)

test: setup lint test-web test-rust e2e ## everything, on real parts

test-rust: ## Rust tests on SQLite and on a PostgreSQL of our own
	scripts/with-services cargo test --workspace --quiet

test-web: web ## types, unit tests and the build of the web pages
	cd web && npm run --silent check && npm test --silent

e2e: ## the pages in a real browser, against the real binary
	cargo build --quiet --bin tracklane
	cd web && npm run --silent e2e

lint: ## formatting, clippy, repository rules
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo xtask tidy

fmt: ## format everything
	cargo fmt --all
	cd web && npm run --silent format

bench: ## figures against floors, in one run (docs/performance.md)
	cargo run --release --bin tracklane -- bench ingest $(ARGS)

web: ## the web pages, embedded in the binary at the next build
	@scripts/web-build

services: ## start the servers that tests talk to; prints their addresses
	@scripts/services postgres start

services-stop: ## stop them
	@scripts/services stop
