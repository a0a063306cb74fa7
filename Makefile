# Short recipes. What needs more than a line is a script or an xtask.
.DEFAULT_GOAL := help
.PHONY: chaos test-kafka help package check-deploy setup run demo test test-rust test-web e2e lint fmt check-api check-webhooks check-deps bench web \
  services services-stop

help: ## list the recipes
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## install what the tests need beyond Rust and Node (PostgreSQL, Mosquitto, Prometheus, Chromium)
	@scripts/setup test

run: web ## build everything and serve the product on 127.0.0.1:8080
	cargo run --release --bin tracklane -- serve $(ARGS)

demo: web ## the main job on a fleet that moves: zones, milestones, webhooks, live map
	cargo run --release --bin tracklane -- demo $(ARGS)

test: setup lint test-web test-rust e2e check-deploy ## everything, on real parts

test-rust: ## Rust tests on SQLite and on a PostgreSQL of our own
	scripts/with-services cargo test --workspace --quiet

test-web: web ## types, unit tests and the build of the web pages
	cd web && npm run --silent check && npm test --silent

e2e: ## the pages in a real browser, against the real binary
	cargo build --quiet --bin tracklane
	cd web && TRACKLANE_BIN=$(abspath $(or $(CARGO_TARGET_DIR),target))/debug/tracklane npm run --silent e2e

lint: ## formatting, clippy, repository rules
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo xtask tidy

fmt: ## format everything
	cargo fmt --all
	cd web && npm run --silent format

check-api: ## every answer against the OpenAPI document, by schemathesis (needs python3 and the network)
	@scripts/check-api $(ARGS)

check-webhooks: ## every webhook of a fleet, verified by a library of others (needs python3 and the network)
	@scripts/check-webhooks

check-deploy: ## alerts, dashboard, unit and package, on real parts
	@scripts/check-deploy

package: ## a package for Debian and Ubuntu, in target/packages
	@scripts/package-deb target/packages

check-deps: ## licences, advisories and sources of what we depend on (needs cargo-deny)
	@cargo deny --version >/dev/null 2>&1 || { echo "please run: cargo install --locked cargo-deny" >&2; exit 1; }
	cargo deny --all-features check

chaos: ## ten minutes of killed, paused and cut off processes with 2,000 devices; SECONDS=60 DEVICES=200 SEED=1
	TRACKLANE_CHAOS_SECONDS=$(or $(SECONDS),600) TRACKLANE_CHAOS_DEVICES=$(or $(DEVICES),2000) TRACKLANE_CHAOS_SEED=$(or $(SEED),1) \
	  scripts/with-services cargo test --release -p tracklane-cli --test it -- chaos --nocapture

test-kafka: ## the position stream and a cluster on a Kafka broker of its own process (builds one first: minutes)
	@scripts/test-kafka

bench: ## every bench with floors and peers, under 15 minutes; writes the tables of docs/performance.md; ARGS=--quick
	cargo build --release --bin tracklane
	cargo run --release -p tracklane-bench --features peers --bin suite -- $(ARGS)

web: ## the web pages, embedded in the binary at the next build
	@scripts/web-build

services: ## start the servers that tests talk to; prints their addresses
	@scripts/services postgres start
	@scripts/services mosquitto start

services-stop: ## stop them
	@scripts/services stop
