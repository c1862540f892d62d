# make demo   the whole thing on this machine, without an account
# make check   format, lints and unit tests, in less than a minute
# make test   everything that CI checks
# make screenshots   every page in every state, language and theme, into target/screenshots
# make mutants   which changes to the code no test notices, in the crates that compute and store (hours; FILE=crates/domain/src/money.rs for one)
# make storm   people bill deals while everything fails; then the books are compared (SEED, INTENTS, DATABASE=postgres, REPLICAS, REQUESTID=ignored, LAG_MS, ANSWERS=odd, TRUST=no, FAULTS_PER_INTENT)
# make points   every boundary between two steps of every write: killed, ended and stopped there (DATABASE=postgres, REPLICAS, TIMES)
# make monkey   people do at random what people do, in the browser and in QuickBooks; what they saw is compared with the books (SEED, WISHES, PEOPLE, PRESETS=us,br, BY=browser|http)
# make bench   what it costs and where it ends, beside a floor of the same run (LARGE=1 for a million invoices, LOAD_S, PARTS=one,grow,many)
# make bench-sandbox   how fast the QuickBooks sandbox is, and how much fits in
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo check test assets screenshots mutants storm points monkey bench bench-sandbox

help:
	@sed -n 's/^# //p' Makefile

ASSETS := assets/dist/manifest.json
SOURCES := $(wildcard assets/src/*) assets/build.mjs assets/package.json assets/package-lock.json assets/tsconfig.json

$(ASSETS): $(SOURCES)
	@echo "== assets: npm ci, tsc, esbuild"
	@cd assets && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && npx tsc && node build.mjs

assets: $(ASSETS)

demo: $(ASSETS)
	@echo "== build (the first time takes a few minutes)"
	@cargo build --locked -p fatura -p sandbox
	@exec node scripts/demo.mjs

check:
	@exec scripts/check

test:
	@exec scripts/test

screenshots: $(ASSETS)
	@cargo build --locked -p fatura -p sandbox
	@cd e2e && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@exec node e2e/screenshots.mjs

mutants:
	@exec scripts/mutants $(if $(FILE),--file $(FILE))

storm: $(ASSETS)
	@cargo build --locked --release -p fatura -p sandbox
	@cd e2e && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@PROFILE=release exec scripts/with-postgres node e2e/storm/run.mjs

points: $(ASSETS)
	@cargo build --locked --release -p fatura -p sandbox
	@cd e2e && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@PROFILE=release exec scripts/with-postgres node e2e/storm/points.mjs

monkey: $(ASSETS)
	@cargo build --locked -p fatura -p sandbox
	@cd e2e && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@exec node e2e/monkey/run.mjs

bench: $(ASSETS)
	@cargo build --locked --release -p fatura -p sandbox
	@cargo build --locked --release -p fatura --example bench
	@cd e2e && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@PROFILE=release exec scripts/with-postgres node e2e/bench.mjs

bench-sandbox:
	@cargo run --locked --release -p sandbox --example volume
