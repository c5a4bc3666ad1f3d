SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The product is pure Go.
export CGO_ENABLED ?= 0

# Every module of the repository. Tools and heavy test drivers have their own,
# so that go.mod lists what the product runs on.
MODULES := $(patsubst %/,%,$(sort $(dir $(shell git ls-files --cached --others --exclude-standard '*go.mod'))))
TOOLS := bin/tools

TESTFLAGS ?=
FUZZTIME ?= 30s
BENCHCOUNT ?= 6
HISTORIES ?= 10000
BENCH ?= .

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/wellspring
	go build -trimpath -o bin/ ./cmd/wellspring

SYSTEMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
.PHONY: systems
systems: ## See that the program can be built for SYSTEMS (every one that a release is for)
	@for system in $(SYSTEMS); do \
		echo "build for $$system"; \
		GOOS=$${system%/*} GOARCH=$${system#*/} go build -o /dev/null ./cmd/wellspring; \
	done

.PHONY: test
test: ## Test everything, with a real Neo4j where one can be had; name what was skipped
	@go build -C tools -o ../bin/tools/ ./testreport
	@go build -o $(TOOLS)/ ./internal/neo4jtest/withneo4j
	@$(TOOLS)/withneo4j $(TOOLS)/testreport -flags "$(TESTFLAGS)" $(MODULES)
	@$(MAKE) --no-print-directory rules

.PHONY: rules
rules: ## Test the Prometheus rules (needs promtool on the PATH or in PROMTOOL)
	@promtool="$${PROMTOOL:-$$(command -v promtool || true)}"; \
	if [ -n "$$promtool" ]; then \
		"$$promtool" check config deploy/prometheus/prometheus.yml; \
		"$$promtool" test rules deploy/prometheus/rules_test.yml; \
	else \
		echo "======== SKIPPED: the tests of deploy/prometheus/rules.yml: no promtool (it is in Debian's package prometheus; any other: set PROMTOOL) ========"; \
	fi

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## Lint every module
	@failed=0; for module in $(MODULES); do \
		echo "lint $$module"; \
		(cd "$$module" && "$(CURDIR)/$(TOOLS)/golangci-lint" run --config "$(CURDIR)/.golangci.yml" ./...) || failed=1; \
	done; exit $$failed

.PHONY: format
format: $(TOOLS)/golangci-lint ## Format all Go code
	$(TOOLS)/golangci-lint fmt ./...

.PHONY: generate
generate: ## Generate code again (api/openapi.yaml and the like)
	go generate ./...

.PHONY: bench
bench: ## Measure, and write docs/performance.md (BENCHCOUNT=n runs of each; BENCH=regexp: only these, the page is left alone)
	@go build -C tools -o ../bin/tools/ ./benchpage
	@go build -o $(TOOLS)/ ./internal/neo4jtest/withneo4j
	$(TOOLS)/withneo4j go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(BENCHCOUNT) -timeout 60m -p 1 ./... | tee bin/bench.txt
	@if [ '$(BENCH)' = . ]; then $(TOOLS)/benchpage -commit "$$(git describe --always --dirty)" bin/bench.txt; fi

BENCHSIZES ?= 10000,100000,1000000,14300000
BENCHDIR ?= bin/bench
.PHONY: bench-large
bench-large: ## Measure on graphs of 1M and 14.3M nodes, made once in BENCHDIR (25 GB, an hour; BENCHSIZES=n,… others)
	@mkdir -p $(BENCHDIR)
	WELLSPRING_BENCH_SIZES=$(BENCHSIZES) WELLSPRING_BENCH_DIR=$(abspath $(BENCHDIR)) \
		go test -run '^$$' -bench '^BenchmarkSize$$' -benchtime 2s -timeout 6h ./internal/figures | tee bin/bench-large.txt
	WELLSPRING_ROWS=1000000 go test -count 1 -v -timeout 1h -run 'RowsStream|HubIsCut|LadderOver' ./api
	WELLSPRING_STATES=500000 go test -count 1 -v -timeout 1h -run 'PackageInFlat' ./evidence/verify

.PHONY: evidence-check
evidence-check: ## Falsify evidence packages in EDITS (10000) ways, and change every byte of one
	@test -x bin/venv/bin/python || { python3 -m venv bin/venv && bin/venv/bin/pip install --quiet prov==3.2.3 roc-validator==0.13.0 rocrate==0.11.0; }
	WELLSPRING_PYTHON=$(CURDIR)/bin/venv/bin/python EDITS=$${EDITS:-10000} go test -count 1 -v -timeout 60m -run 'Standards|Forgeries|EveryByte|NoFalseAlarm|Bombs' ./evidence/verify
	WELLSPRING_PYTHON=$(CURDIR)/bin/venv/bin/python go test -count 1 -v -timeout 60m -run 'Standards' ./app
	@go build -o $(TOOLS)/ ./internal/neo4jtest/withneo4j
	EDITS=$${EDITS:-10000} $(TOOLS)/withneo4j go test -count 1 -v -timeout 60m -run 'Hostile' ./api

.PHONY: nightly
nightly: ## Compare HISTORIES (10000) drawn histories in every graph store with the model
	@go build -o $(TOOLS)/ ./internal/neo4jtest/withneo4j
	$(TOOLS)/withneo4j go test -count 1 -timeout 3h -p 1 -run '^TestStore$$/^Random$$' ./graphstore/... -rapid.checks $(HISTORIES)

SOAK ?= 200
SOAK_MINUTES ?= 20
.PHONY: soak
soak: ## Kill, cut off and fill up a service SOAK (200) times each, then a day of 1,000 experiments within SOAK_MINUTES (20)
	WELLSPRING_SOAK=$(SOAK) go test -count 1 -v -timeout 6h -run 'Test[^S]' ./internal/faults
	WELLSPRING_SOAK_MINUTES=$(SOAK_MINUTES) go test -count 1 -v -timeout 6h -run '^TestSoak$$' ./internal/faults

.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZTIME (30s)
	@for file in $$(grep -rl --include='*_test.go' '^func Fuzz' . || true); do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "fuzz $$(dirname "$$file") $$name"; \
			go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"; \
		done; \
	done

MUTATE ?= -every 10
.PHONY: mutate
mutate: ## Change the fold one place at a time; say what no test notices (MUTATE=flags, -every 1: all)
	@go build -C tools -o ../bin/tools/ ./mutate
	$(TOOLS)/mutate $(MUTATE) liquid -short -rapid.checks=60 -rapid.shrinktime=0s -rapid.nofailfile

.PHONY: demo
demo: build ## Play the story on our own recorded runs, then serve it
	bin/wellspring demo

.PHONY: snapshot
snapshot: ## Build all that a release has into dist/ (needs goreleaser 2 and cyclonedx-gomod on the PATH)
	goreleaser release --snapshot --clean --skip=publish

.PHONY: neo4j
neo4j: ## Run a Neo4j with its Browser until Ctrl-C (from Maven, empty; with Docker: docker compose up -d neo4j)
	@go build -o $(TOOLS)/ ./internal/neo4jtest/withneo4j
	@$(TOOLS)/withneo4j sh -c 'echo "WELLSPRING_NEO4J_URI=$$WELLSPRING_NEO4J_URI"; exec sleep infinity'

.PHONY: tidy-check
tidy-check: ## Fail where go.mod or go.sum is not what go mod tidy makes of it
	@failed=0; for module in $(MODULES); do \
		echo "go mod tidy -diff in $$module"; \
		go mod tidy -C "$$module" -diff || failed=1; \
	done; exit $$failed

.PHONY: ci
ci: ## Do what CI does
	.ci/run

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin dist

# A tool is built again when its version changes.
TOOL_golangci-lint := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
TOOL_oapi-codegen := github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen
TOOL_benchstat := golang.org/x/perf/cmd/benchstat
TOOL_govulncheck := golang.org/x/vuln/cmd/govulncheck

$(TOOLS)/%: tools/go.mod tools/go.sum
	@echo "build $*"
	@go build -C tools -o ../bin/tools/ $(TOOL_$*)
	@touch $@
