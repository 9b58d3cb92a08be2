# The commands of a contributor. `make` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The versions of the tools are defined here only.
GOLANGCI_LINT_VERSION := v2.15.0
WORKFLOWCHECK_VERSION := v0.6.0
GORELEASER_VERSION := v2.15.1
CYCLONEDX_VERSION := v1.10.0

# The tools are installed in this folder, a file for each version, and do not replace those of other projects.
TOOLS := .tools
GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
WORKFLOWCHECK := $(TOOLS)/workflowcheck-$(WORKFLOWCHECK_VERSION)
GORELEASER := $(TOOLS)/goreleaser-$(GORELEASER_VERSION)
CYCLONEDX := $(TOOLS)/cyclonedx-gomod

# The duration of each fuzz test.
FUZZTIME ?= 30s

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z\/-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: ## Start the whole system in one process, with Temporal and its UI
	go run ./cmd/jobwright-dev

.PHONY: build
build: ## Compile everything
	go build ./...

.PHONY: test
test: ## Run the tests
	go test -timeout 30m ./...

# The packages whose tests start neither Temporal's server nor a database server.
define FAST_PACKAGES
go list -test -f '{{.ImportPath}} {{join .Deps " "}}' ./... | \
	grep -vE ' (go\.temporal\.io/server|github\.com/jobwright/jobwright/internal/testserver)[ /]|/internal/(e2e|chaos|cluster)\.test ' | \
	sed -n 's/\.test .*//p'
endef

.PHONY: test-fast
test-fast: ## Run the tests that need no Temporal server and no database server
	go test $$($(FAST_PACKAGES))

.PHONY: race
race: ## Run the tests with the race detector, without cached results
	go test -race -count=1 -timeout 40m $$(go list ./... | grep -vE '/internal/(chaos|cluster)$$') # These start processes that are built without it, as do the tests that e2e skips.

# The duration of the chaos test and of the soak, and the seed of random decisions; 0 chooses one.
DURATION ?= 3m
SEED ?= 0

.PHONY: chaos
chaos: ## Inject random faults into the whole system and verify its guarantees (DURATION=3m SEED=0)
	go test ./internal/chaos -count=1 -v -timeout 0 -args -duration $(DURATION) -seed $(SEED)

.PHONY: soak
soak: ## Restart and kill the processes of a whole cluster under a steady load, and verify that none grows (DURATION=60m)
	go test ./internal/cluster -count=1 -v -timeout 0 -run TestCluster -args -duration $(DURATION)

# Go minimizes each interesting input for up to a minute, in which it tries nothing new: without -fuzzminimizetime, five minutes
# on two processors tried 3,805 bodies of executeJob, and 17,663 with it.
.PHONY: fuzz
fuzz: ## Run each fuzz test (FUZZTIME=30s)
	@files=$$(grep -rl --include='*_test.go' '^func Fuzz' . || true); \
	if [ -z "$$files" ]; then echo "There are no fuzz tests yet."; fi; \
	for package in $$(for file in $$files; do dirname "$$file"; done | sort -u); do \
		listed=$$(go test -list '^Fuzz' "$$package"); \
		for name in $$(grep '^Fuzz' <<<"$$listed"); do \
			go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "$$package"; \
		done; \
	done

.PHONY: bench
bench: ## Run the benchmarks; nothing else should run on the machine
	go test -run '^$$' -bench . -benchmem ./...

# The flags of the benchmark; go run ./bench -help lists them. JSON is written to this file.
BENCH_FLAGS ?=
BENCH_JSON ?= bench-jobs.json

.PHONY: bench-jobs
bench-jobs: ## Compare small jobs with workflows written by hand; nothing else should run (BENCH_FLAGS="-short")
	go run ./bench -json $(BENCH_JSON) $(BENCH_FLAGS)

# The records of the files, and a pattern for the names of the conversions.
ROWS ?= 3000000
FILES ?= .

.PHONY: bench-files
bench-files: | $(TOOLS)/.gitignore ## Compare conversions of files with DuckDB and sqlite3 (ROWS=3000000 FILES=CSVIntoParquet)
	cd bench/duckdb && go build -o $(CURDIR)/$(TOOLS)/duckdb .
	go test ./activities -run '^$$' -bench 'BenchmarkFiles/$(FILES)' -benchtime 1x -timeout 30m \
		-args -rows $(ROWS) -duckdb $(CURDIR)/$(TOOLS)/duckdb

# A pattern for the names of the golden histories to record.
GOLDEN ?= .

.PHONY: golden
golden: ## Record golden histories; CONTRIBUTING.md says when (GOLDEN=continued-wait, or RELEASE=v0.1.0)
	go test ./internal/e2e -run 'TestGoldenHistory/$(GOLDEN)' -update -timeout 5m $(if $(RELEASE),-release $(RELEASE))

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the code and order its imports
	$(GOLANGCI_LINT) fmt ./...

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Check the conventions in .golangci.yaml
	$(GOLANGCI_LINT) run ./...

.PHONY: vet
vet: ## Run go vet
	go vet ./...

# Exceptions of workflowcheck. reflect reads the stack, but only for the text of a panic; without that line everything that
# encodes JSON or prints a value would count as not deterministic. maps.Keys has no order, but .golangci.yaml requires that
# it is sorted; the order in which a map is copied or cleared, also by copyObject, in which SizeOf adds, or in which the
# functions of job and expression convert or compare entries one by one, has no effect. findInEmbedded looks for one name in embedded structs.
define WORKFLOWCHECK_CONFIG
decls:
  reflect.valueMethodName: false
  maps.Keys: false
  maps.Copy: false
  maps.Clone: false
  maps.DeleteFunc: false
  github.com/jobwright/jobwright/scenario/jsonvalue.SizeOf: false
  github.com/jobwright/jobwright/scenario/jsonvalue.copyObject: false
  github.com/jobwright/jobwright/job.HideSecrets: false
  github.com/jobwright/jobwright/scenario/expression.equal: false
  github.com/jobwright/jobwright/scenario/expression.toExpr: false
  (*github.com/expr-lang/expr/checker/nature.structData).findInEmbedded: false
endef
export WORKFLOWCHECK_CONFIG

.PHONY: workflowcheck
workflowcheck: $(WORKFLOWCHECK) ## Check that workflows are deterministic
	@echo "$$WORKFLOWCHECK_CONFIG" >$(TOOLS)/workflowcheck.yaml
	$(WORKFLOWCHECK) -config $(TOOLS)/workflowcheck.yaml ./...

# depguard checks direct imports; this target checks indirect ones.
.PHONY: layers
layers: ## Check the indirect imports of packages
	@keeps_out() { \
		dependencies=$$(go list -deps "$$1"); \
		if grep -E "$$2" <<<"$$dependencies"; then echo "$$1 must not depend on the above: $$3"; return 1; fi; \
	}; \
	keeps_out ./cmd/jobwright '^(go\.temporal\.io/server|github\.com/temporalio/ui-server)(/|$$)' \
		'the production binary carries no Temporal server'; \
	keeps_out ./console '^github\.com/jobwright/jobwright/(activities|apiserver|result|source/(files?|format|ledger|mysql|pool|postgres|prefetch|s3|sqlite|web)|worker|workflows)(/|$$)' \
		'the console makes all pages from responses of the API'; \
	keeps_out ./apiserver '^github\.com/jobwright/jobwright/source/(files?|format|ledger|mysql|pool|postgres|prefetch|s3|sqlite|web)(/|$$)' \
		'apiserver talks to Temporal, never to a data source'

# The files of npm packages that the pages of the console load. A test compares them with their checksums.
IDIOMORPH_VERSION := 0.8.0
VENDOR := console/static/vendor

.PHONY: vendor-npm
vendor-npm: | $(TOOLS)/.gitignore ## Store the files of npm packages for the console
	cd $(TOOLS) && npm pack --silent idiomorph@$(IDIOMORPH_VERSION)
	tar -xzOf $(TOOLS)/idiomorph-$(IDIOMORPH_VERSION).tgz package/dist/idiomorph.min.js >$(VENDOR)/idiomorph.min.js
	tar -xzOf $(TOOLS)/idiomorph-$(IDIOMORPH_VERSION).tgz package/LICENSE >$(VENDOR)/idiomorph.LICENSE
	cd $(VENDOR) && sha256sum idiomorph.min.js idiomorph.LICENSE >SHA256SUMS

.PHONY: tidy
tidy: ## Update go.mod and go.sum
	go mod tidy

.PHONY: tools
tools: $(GOLANGCI_LINT) $(WORKFLOWCHECK) ## Install the tools of lint, fmt and workflowcheck

.PHONY: ci
ci: ## Run everything that the build server runs
	.ci/run

# The tests of the chart are a module of their own, because they need Helm and the types of Kubernetes. Go does not notice
# changes of files outside of a module, so -count=1 prevents the use of an earlier result.
.PHONY: chart
chart: ## Lint, render and package the Helm chart, and check its objects
	cd deploy/chart/check && go vet ./... && go test -count=1 ./...

.PHONY: chart-docs
chart-docs: ## Write the rendered objects of the Helm chart and the table of its values
	cd deploy/chart/check && go test . -count=1 -update

# The version of the package, of which a release is the tag without the v.
CHART_VERSION ?= $(shell sed -n 's/^version: //p' deploy/chart/jobwright/Chart.yaml)

.PHONY: chart-package
chart-package: ## Package the Helm chart into packages/ (CHART_VERSION=0.1.0)
	rm -rf packages && mkdir packages
	cd deploy/chart/check && go run ./pack -version '$(CHART_VERSION)' -destination $(CURDIR)/packages

.PHONY: notices
notices: ## Write THIRD_PARTY_NOTICES, the licences of everything that the binaries include
	go run ./internal/notices ./cmd/jobwright ./cmd/jobwright-dev >THIRD_PARTY_NOTICES

.PHONY: manuals
manuals: ## Write the manual pages and the completion scripts of both commands
	rm -rf man completions && mkdir completions
	export SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct); \
	for name in jobwright jobwright-dev; do \
		go run ./cmd/$$name man --dir man; \
		for shell in bash zsh fish; do go run ./cmd/$$name completion $$shell >completions/$$name.$$shell; done; \
	done

.PHONY: release-check
release-check: $(GORELEASER) chart chart-package ## Check .goreleaser.yaml, and the Helm chart with its package
	$(GORELEASER) check
	go test ./deploy -run 'Release|Chart'

.PHONY: release-snapshot
release-snapshot: $(GORELEASER) $(CYCLONEDX) ## Build a release into dist/ without the image and without publishing it
	PATH="$(CURDIR)/$(TOOLS):$$PATH" $(GORELEASER) release --snapshot --clean --skip=docker

.PHONY: release
release: $(GORELEASER) $(CYCLONEDX) ## Build and publish the draft release of the tag that is checked out
	awk '/^## /{ if (found) exit; found = /^## \[[0-9]/ } found' CHANGELOG.md >.release-notes.md
	PATH="$(CURDIR)/$(TOOLS):$$PATH" $(GORELEASER) release --clean --release-notes .release-notes.md

# Git ignores the whole folder.
$(TOOLS)/.gitignore:
	mkdir -p $(TOOLS)
	echo '*' > $@

$(GOLANGCI_LINT): | $(TOOLS)/.gitignore
	GOBIN=$(CURDIR)/$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(TOOLS)/golangci-lint $@

$(WORKFLOWCHECK): | $(TOOLS)/.gitignore
	GOBIN=$(CURDIR)/$(TOOLS) go install go.temporal.io/sdk/contrib/tools/workflowcheck@$(WORKFLOWCHECK_VERSION)
	mv $(TOOLS)/workflowcheck $@

$(GORELEASER): | $(TOOLS)/.gitignore
	GOBIN=$(CURDIR)/$(TOOLS) go install github.com/goreleaser/goreleaser/v2@$(GORELEASER_VERSION)
	mv $(TOOLS)/goreleaser $@

# goreleaser starts it by this name.
$(CYCLONEDX): | $(TOOLS)/.gitignore
	GOBIN=$(CURDIR)/$(TOOLS) go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_VERSION)
