# Two commands do everything: make demo, make test. They install what they need
# (Go, and for the lab mmdebstrap, systemd-container, iproute2) and say so.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
DESTDIR ?=
PREFIX  ?= /usr
CACHE   ?= /var/cache/oneha

# Asked for when a recipe runs, since it may have been installed just before.
GO      = GOTOOLCHAIN=auto CGO_ENABLED=0 $$(test/setup.sh which)
TAGS    = urfave_cli_no_docs
FLAGS   = -trimpath -buildvcs=false -tags $(TAGS) -ldflags '-s -w -X github.com/oneha/oneha/internal/version.version=$(VERSION)'
TEST    = $(GO) test -tags $(TAGS) -count=1
# Packages that run whole machines; they go one after the other, so that timing
# inside a cluster is not disturbed by a compiler on the other core.
MACHINES = ./test/lab/... ./test/conformance/... ./test/e2e/...

ROOT := $(shell id -u)

.DEFAULT_GOAL := help
.PHONY: help build install test lint bench demo clean setup

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@test/setup.sh go

build: setup ## the three binaries, into bin/
	@for cmd in oneha ocf-opennebula fence-bmc; do $(GO) build $(FLAGS) -o bin/$$cmd ./cmd/$$cmd || exit 1; done

install: build ## binaries and agents, under DESTDIR
	@install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/sbin' '$(DESTDIR)$(PREFIX)/lib/oneha' '$(DESTDIR)$(PREFIX)/lib/ocf/resource.d/opennebula'
	@install -m 755 bin/oneha '$(DESTDIR)$(PREFIX)/bin/oneha'
	@install -m 755 bin/ocf-opennebula bin/fence-bmc '$(DESTDIR)$(PREFIX)/lib/oneha/'
	@for agent in $$(bin/ocf-opennebula --list); do ln -sf ../../../oneha/ocf-opennebula '$(DESTDIR)$(PREFIX)/lib/ocf/resource.d/opennebula/'$$agent || exit 1; done
	@for agent in $$(bin/fence-bmc --list); do ln -sf ../lib/oneha/fence-bmc '$(DESTDIR)$(PREFIX)/sbin/'$$agent || exit 1; done

lint: setup ## gofmt, go vet, staticcheck
	@unformatted=$$($$(dirname $$(readlink -f $$(test/setup.sh which)))/gofmt -l agents cib cmd fence internal ocf test); \
	  [ -z "$$unformatted" ] || { echo "gofmt would change: $$unformatted"; exit 1; }
	@$(GO) vet -tags $(TAGS) ./...
	@$(GO) tool staticcheck -tags $(TAGS) ./...

test: lint ## everything: unit, real tools, a real two-node cluster (root; about 10 minutes)
ifeq ($(ROOT),0)
	@test/setup.sh lab
	@rootfs=$$(ONEHA_CACHE_DIR='$(CACHE)' $(GO) run ./test/lab/cmd/lab rootfs) && \
	  export ONEHA_ROOTFS=$$rootfs ONEHA_CACHE_DIR='$(CACHE)' PATH="$$(dirname $$(test/setup.sh which)):$$PATH" && \
	  $(TEST) -timeout 15m $$($(GO) list ./... | grep -v -E '/test/(lab|conformance|e2e)(/|$$)') && \
	  $(TEST) -timeout 30m -p 1 -v $(MACHINES)
else
	@[ "$$CI" != true ] || { echo "make test: CI needs root: the lab runs whole machines"; exit 1; }
	@echo "make test: not root, so the parts that need namespaces, systemd and a cluster are left out"
	@PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(TEST) $$($(GO) list ./... | grep -v -E '/test/(lab|conformance|e2e)(/|$$)')
endif

demo: build ## a two-node cluster from examples/two-node.yaml that loses its active node
	@ONEHA_CACHE_DIR='$(CACHE)' $(GO) run -tags $(TAGS) ./test/demo

bench: setup ## our agents beside the stock ones, with ratios
	@test/setup.sh lab
	@ONEHA_CACHE_DIR='$(CACHE)' $(GO) run -tags $(TAGS) ./test/bench

clean: ## what make made: bin/, out/, the cached root file systems
	@rm -rf bin out '$(CACHE)/rootfs'
