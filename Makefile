# jpm needs Go. The targets run, test and integration also need root, and install what they use with apt.

.DEFAULT_GOAL := help
.PHONY: help build run test setup unit integration lint fuzz fuzz-nightly probes probes-doc vm bench docs clean

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unreleased)
FUZZTIME ?= 60s
NIGHT    ?= 10m
export JPM_TEST_MUST_RUN ?=

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

build: ## bin/jpm and bin/jpm-init
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION)" -o bin/ ./cmd/jpm ./cmd/jpm-init

run: ## the quickstart: nginx, jpm, DokuWiki and the lab, until Ctrl-C
	@examples/quickstart/run

test: setup unit integration ## install what the tests use, then unit and integration

setup:
	@test/setup

unit: ## tests that need nothing, with the race detector; the seeds of the fuzz targets too
	CGO_ENABLED=1 go test -race ./...

integration: ## real nginx, real php-cgi, real jails (LOAD_SECONDS=30 for the whole load test)
	CGO_ENABLED=0 go test -tags integration -count=1 -p 1 -timeout 20m ./test/...
	CGO_ENABLED=0 go test -tags integration -count=1 -run TestKnockOut ./jail

lint: ## gofmt, vet and staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	go vet ./...
	go vet -tags integration ./...
	go tool staticcheck ./...
	go tool staticcheck -tags integration ./...

fuzz: ## every fuzz target for a minute (FUZZTIME=10s)
	@test/fuzz $(FUZZTIME)

fuzz-nightly: ## every fuzz target for ten minutes (NIGHT=1h); what reaches new code is kept in testdata/fuzz
	@test/fuzz $(NIGHT) keep

probes: ## try to get out of a jail, and of php-fpm, and print what stopped it (root)
	@CGO_ENABLED=0 go run ./test/probes/run

probes-doc: ## the same, into docs/probes.md
	@CGO_ENABLED=0 go run ./test/probes/run -doc docs/probes.md
	CGO_ENABLED=0 JPM_PROBES_DOC=$(CURDIR)/docs/probes.md go test -tags integration -count=1 -run TestKnockOut ./jail

vm: setup ## cgroups version 2, an older Landlock and jails, in a virtual machine with another kernel (some five minutes where the processor is emulated; VM_KERNEL=6.12, VM_RUN=, VM_LOG=)
	@CGO_ENABLED=0 go run ./test/vm

bench: ## side by side with php-fpm and others, about 15 minutes (ROWS=, SECONDS=, PAIRS=, BENCH_JSON=)
	@test/bench/setup
	CGO_ENABLED=0 go run ./test/bench

docs: ## docs/config.md, from the code
	go generate ./...

clean: ## remove what the other targets built
	rm -rf bin "$${XDG_CACHE_HOME:-$$HOME/.cache}/jpm-vm"
	go clean -testcache
