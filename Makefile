# The words a contributor types. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The versions of the tools stand here and nowhere else.
GOLANGCI_LINT_VERSION := v2.15.0
WORKFLOWCHECK_VERSION := v0.6.0

# The tools live beside the code, one file per version, so that they neither meet nor replace those of other projects.
TOOLS := .tools
GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
WORKFLOWCHECK := $(TOOLS)/workflowcheck-$(WORKFLOWCHECK_VERSION)

# How long each fuzz test searches.
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
	go test ./...

.PHONY: race
race: ## Run the tests with the race detector, every one anew
	go test -race -count=1 -timeout 25m $$(go list ./... | grep -v /internal/chaos) # Whose processes are built without it.

# How long the system is broken, and the seed that decides how.
DURATION ?= 3m
SEED ?= 0

.PHONY: chaos
chaos: ## Break the whole system at random, and look whether its guarantees hold (DURATION=3m SEED=0)
	go test ./internal/chaos -count=1 -v -timeout 0 -args -duration $(DURATION) -seed $(SEED)

.PHONY: fuzz
fuzz: ## Let each fuzz test search for a while (FUZZTIME=30s)
	@files=$$(grep -rl --include='*_test.go' '^func Fuzz' . || true); \
	if [ -z "$$files" ]; then echo "There are no fuzz tests yet."; fi; \
	for package in $$(for file in $$files; do dirname "$$file"; done | sort -u); do \
		listed=$$(go test -list '^Fuzz' "$$package"); \
		for name in $$(grep '^Fuzz' <<<"$$listed"); do \
			go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) "$$package"; \
		done; \
	done

.PHONY: bench
bench: ## Run the benchmarks; keep the machine quiet meanwhile
	go test -run '^$$' -bench . -benchmem ./...

# Which golden histories are recorded: a pattern for their names.
GOLDEN ?= .

.PHONY: golden
golden: ## Record golden histories, new ones or anew; CONTRIBUTING.md says when (GOLDEN=moved-wait)
	go test ./internal/e2e -run 'TestGoldenHistory/$(GOLDEN)' -update -timeout 5m

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the code and order its imports
	$(GOLANGCI_LINT) fmt ./...

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Check the house rules of .golangci.yaml
	$(GOLANGCI_LINT) run ./...

.PHONY: vet
vet: ## Check what the compiler doesn't
	go vet ./...

# What workflowcheck must know of the libraries. reflect looks at the stack, but only to word a panic; without that line
# everything that encodes JSON or prints a value would count as not deterministic. And maps.Keys has no order, but
# .golangci.yaml lets nobody use it without sorting; that copying or clearing a map has none, nobody sees; nor in which
# order SizeOf adds up.
define WORKFLOWCHECK_CONFIG
decls:
  reflect.valueMethodName: false
  maps.Keys: false
  maps.Copy: false
  maps.Clone: false
  maps.DeleteFunc: false
  github.com/jobwright/jobwright/scenario.SizeOf: false
endef
export WORKFLOWCHECK_CONFIG

.PHONY: workflowcheck
workflowcheck: $(WORKFLOWCHECK) ## Check that workflows do the same on every replay
	@echo "$$WORKFLOWCHECK_CONFIG" >$(TOOLS)/workflowcheck.yaml
	$(WORKFLOWCHECK) -config $(TOOLS)/workflowcheck.yaml ./...

# depguard sees what a file imports; this sees what comes along with it.
.PHONY: floors
floors: ## Check what the rooms drag in behind their imports
	@keeps_out() { \
		dependencies=$$(go list -deps "$$1"); \
		if grep -E "$$2" <<<"$$dependencies"; then echo "$$1 must not depend on the above: $$3"; return 1; fi; \
	}; \
	keeps_out ./cmd/jobwright '^(go\.temporal\.io/server|github\.com/temporalio/ui-server)(/|$$)' \
		'the production binary carries no Temporal server'; \
	keeps_out ./apiserver '^github\.com/jobwright/jobwright/source/' \
		'apiserver talks to Temporal, never to a data source'

.PHONY: tidy
tidy: ## Bring go.mod and go.sum in line with the code
	go mod tidy

.PHONY: tools
tools: $(GOLANGCI_LINT) $(WORKFLOWCHECK) ## Install the tools of lint, fmt and workflowcheck

.PHONY: ci
ci: ## Do what the build server does
	.ci/run

# Nothing in the folder belongs into the repository, and the folder says so itself.
$(TOOLS)/.gitignore:
	mkdir -p $(TOOLS)
	echo '*' > $@

$(GOLANGCI_LINT): | $(TOOLS)/.gitignore
	GOBIN=$(CURDIR)/$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(TOOLS)/golangci-lint $@

$(WORKFLOWCHECK): | $(TOOLS)/.gitignore
	GOBIN=$(CURDIR)/$(TOOLS) go install go.temporal.io/sdk/contrib/tools/workflowcheck@$(WORKFLOWCHECK_VERSION)
	mv $(TOOLS)/workflowcheck $@
