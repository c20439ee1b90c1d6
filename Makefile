# Two commands do everything: make demo, make test. They install what they need
# (Go; mmdebstrap, systemd-container, iproute2, groff-base, zsh, fish) and say so.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
# Where a build goes.
BIN     ?= bin
DESTDIR ?=
PREFIX  ?= /usr
CACHE   ?= /var/cache/oneha
# Where packages go, and their version, that of git when empty.
PACKAGES ?= bin/packages
RELEASE ?=
# The part of the benchmarks to run, all when empty; and how many pairs of failovers of each fault.
ONLY    ?=
PAIRS   ?= 20
# How long each fuzz target runs.
FUZZTIME ?= 20s
# Of the manual pages.
DATE    ?= $(shell date -u -d "@$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || date +%s)}" +%F 2>/dev/null || date -u +%F)

# As Go's GOTOOLCHAIN: auto takes a newer Go than go.mod asks for where that is installed.
TOOLCHAIN ?= auto

# Asked for when a recipe runs, since it may have been installed just before.
GO      = GOTOOLCHAIN=$(TOOLCHAIN) CGO_ENABLED=0 $$(test/setup.sh which)
TAGS    = urfave_cli_no_docs
FLAGS   = -trimpath -buildvcs=false -tags $(TAGS) -ldflags '-s -w -X github.com/oneha/oneha/internal/version.version=$(VERSION) -X github.com/oneha/oneha/internal/version.commit=$(COMMIT)'
CHAOS   = ONEHA_CACHE_DIR='$(CACHE)' PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(GO) run $(FLAGS) ./test/chaos/cmd/chaos
SOAK    = ONEHA_CACHE_DIR='$(CACHE)' PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(GO) run $(FLAGS) ./test/soak/cmd/soak
TEST    = $(GO) test -tags $(TAGS) -count=1
# A test that failed is run once more, alone: docs/decisions/0024-a-second-try.md.
RETRY   = CGO_ENABLED=0 $$(test/setup.sh which) run gotest.tools/gotestsum@v1.13.0 --rerun-fails=1 --rerun-fails-max-failures=6 --rerun-fails-run-root-test --rerun-fails-report=$$again
# Packages that run whole machines. They mostly wait, so three go at a time, the longest
# first; but not beside the others, whose compilers would disturb the timing inside.
MACHINES = e2e foresight random raftrounds apply fencing conformance zonelab hostlab status zoneservice compare lab raftstatus guardproc interview fakezone fakeredfish/peers fakeilo nodecheck guides packages vagrant pages
OTHERS   = $(GO) list ./... | grep -vw $(MACHINES:%=-e test/%)

ROOT := $(shell id -u)

.DEFAULT_GOAL := help
.PHONY: help binaries build docs site install packages installs licenses vuln race test lint equality foresight faults rounds zones chaos reliability soak fuzz mutants bench benchmarks contestants demo clean setup

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@test/setup.sh go

binaries: setup
	@for cmd in oneha ocf-opennebula fence-bmc; do $(GO) build $(FLAGS) -o '$(BIN)'/$$cmd ./cmd/$$cmd || exit 1; done

build: binaries ## the three binaries, the manual pages and the completions, into bin/
	@'$(BIN)/oneha' reference >'$(BIN)/commands.json'
	@$(GO) run $(FLAGS) ./packaging/man -dir '$(BIN)/man' -date '$(DATE)' -commands '$(BIN)/commands.json'
	@mkdir -p '$(BIN)/completions'
	@for shell in bash:oneha.bash zsh:_oneha fish:oneha.fish; do '$(BIN)/oneha' completion $${shell%%:*} >'$(BIN)/completions/'$${shell#*:} || exit 1; done

docs: binaries ## docs/reference, from what the programs go by
	@'$(BIN)/oneha' reference >'$(BIN)/commands.json'
	@$(GO) run $(FLAGS) ./packaging/reference -dir docs/reference -commands '$(BIN)/commands.json'

site: setup ## the documentation as a web site, into bin/site
	@$(GO) run $(FLAGS) ./packaging/site -to '$(BIN)/site'
	@echo "site: in $(abspath $(BIN))/site; no server is needed: open $(abspath $(BIN))/site/index.html in a browser"

install: build ## binaries, agents, manual pages, completions and the rule of sudo, under DESTDIR
	@install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/sbin' '$(DESTDIR)$(PREFIX)/lib/oneha' '$(DESTDIR)$(PREFIX)/lib/ocf/resource.d/opennebula'
	@install -m 755 '$(BIN)/oneha' '$(DESTDIR)$(PREFIX)/bin/oneha'
	@install -m 755 '$(BIN)/ocf-opennebula' '$(BIN)/fence-bmc' '$(DESTDIR)$(PREFIX)/lib/oneha/'
	@for agent in $$('$(BIN)/ocf-opennebula' --list); do ln -sf ../../../oneha/ocf-opennebula '$(DESTDIR)$(PREFIX)/lib/ocf/resource.d/opennebula/'$$agent || exit 1; done
	@install -d '$(DESTDIR)$(PREFIX)/share/pacemaker/alerts' && ln -sf ../../../lib/oneha/ocf-opennebula '$(DESTDIR)$(PREFIX)/share/pacemaker/alerts/alert_oneha'
	@for agent in $$('$(BIN)/fence-bmc' --list); do ln -sf ../lib/oneha/fence-bmc '$(DESTDIR)$(PREFIX)/sbin/'$$agent || exit 1; done
	@install -d -m 750 '$(DESTDIR)/etc/sudoers.d' && install -m 440 packaging/sudoers/oneha-raft '$(DESTDIR)/etc/sudoers.d/oneha-raft'
	@install -d '$(DESTDIR)$(PREFIX)/lib/systemd/system' && install -m 644 packaging/systemd/oneha-raft-guard.service '$(DESTDIR)$(PREFIX)/lib/systemd/system/'
	@for section in 5 7 8; do install -d '$(DESTDIR)$(PREFIX)/share/man/man'$$section || exit 1; done
	@umask 022; for page in '$(BIN)'/man/*.[578]; do gzip -n -9 <$$page >'$(DESTDIR)$(PREFIX)/share/man/man'$${page##*.}/$${page##*/}.gz || exit 1; done
	@install -D -m 644 '$(BIN)/completions/oneha.bash' '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/oneha'
	@install -D -m 644 '$(BIN)/completions/_oneha' '$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_oneha'
	@install -D -m 644 '$(BIN)/completions/oneha.fish' '$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/oneha.fish'

lint: setup ## gofmt, go vet, staticcheck
	@unformatted=$$($$(dirname $$(readlink -f $$(test/setup.sh which)))/gofmt -l agents cib cmd examples fence internal ocf packaging test); \
	  [ -z "$$unformatted" ] || { echo "gofmt would change: $$unformatted"; exit 1; }
	@$(GO) vet -tags $(TAGS) ./...
	@$(GO) tool staticcheck -tags $(TAGS) ./...

test: lint ## everything: unit, real tools, real clusters (root; about 20 minutes)
ifeq ($(ROOT),0)
	@test/setup.sh lab
	@test/setup.sh vagrant
	@for release in bullseye trixie bookworm; do rootfs=$$(ONEHA_CACHE_DIR='$(CACHE)' $(GO) run ./test/lab/cmd/lab -release $$release rootfs) || exit 1; done; \
	  export ONEHA_ROOTFS=$$rootfs ONEHA_CACHE_DIR='$(CACHE)' PATH="$$(dirname $$(test/setup.sh which)):$$PATH" && \
	  again=$$(mktemp) && trap 'rm -f "$$again"' EXIT && \
	  $(RETRY) --format pkgname-and-test-fails --packages="$$($(OTHERS) | tr '\n' ' ')" -- -tags $(TAGS) -count=1 -timeout 15m && cat "$$again" && \
	  $(RETRY) --format standard-verbose --packages='$(MACHINES:%=./test/%/...)' -- -tags $(TAGS) -count=1 -timeout 30m -p 3 && cat "$$again"
else
	@[ "$$CI" != true ] || { echo "make test: CI needs root: the lab runs whole machines"; exit 1; }
	@echo "make test: not root, so the parts that need namespaces, systemd and a cluster are left out"
	@PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(TEST) $$($(OTHERS))
endif

equality: setup ## every dialect of the examples and of generated descriptions, by the tools of three Debian releases (root; about 15 minutes)
	@test/setup.sh lab
	@ONEHA_EQUALITY=all ONEHA_CACHE_DIR='$(CACHE)' PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(TEST) -timeout 120m -v -run 'TestAll|TestRunbook' ./test/equality

foresight: setup ## every failure that oneha plan foretells, done to a real cluster and compared (root; about 8 minutes)
	@test/setup.sh lab
	@ONEHA_FORESIGHT=all ONEHA_CACHE_DIR='$(CACHE)' PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(TEST) -timeout 30m -v ./test/foresight

faults: setup ## the faults that make test does to a cluster twice, five times each (root; about 25 minutes)
	@test/setup.sh lab
	@ONEHA_FAULTS=5 ONEHA_CACHE_DIR='$(CACHE)' PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(TEST) -timeout 60m -v ./test/e2e

rounds: setup ## a hundred random faults of a Raft zone with guards, and the same without (root; about 20 minutes)
	@test/setup.sh lab
	@ONEHA_ROUNDS=100 PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(TEST) -timeout 90m -v ./test/raftrounds

zones: setup ## every test of Raft zones on whole machines, SQLite and MariaDB, procedures killed at random (root; about 40 minutes)
	@test/setup.sh lab
	@ONEHA_ZONELAB=all ONEHA_ZONESERVICE=all ONEHA_CACHE_DIR='$(CACHE)' PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(TEST) -timeout 120m -p 1 -v ./test/zonelab ./test/zoneservice

chaos: setup ## running clusters broken at random and audited (root; about half a minute a round; ROUNDS=20 SEED= FIELD= ONLY= ROUND= BEFORE= DEBIAN= AT_ONCE=)
	@test/setup.sh lab
	@$(CHAOS) $(if $(SEED),-seed $(SEED)) $(if $(ROUNDS),-rounds $(ROUNDS)) $(if $(ROUND),-round $(ROUND)) $(if $(BEFORE),-before $(BEFORE)) $(if $(DEBIAN),-release $(DEBIAN)) $(if $(AT_ONCE),-at-once $(AT_ONCE)) -field '$(FIELD)' -only "$$ONLY"

reliability: setup ## every fault at random and every split brain, into docs/reliability.md (root; half an hour with AT_ONCE=6; ROUNDS=200 SEED=)
	@test/setup.sh lab
	@for cmd in chaos soak; do $(GO) build $(FLAGS) -o bin/campaign/$$cmd ./test/$$cmd/cmd/$$cmd || exit 1; done
	@export ONEHA_CACHE_DIR='$(CACHE)' PATH="$$(dirname $$(test/setup.sh which)):$$PATH" GOTOOLCHAIN='$(TOOLCHAIN)' CGO_ENABLED=0 \
	  SEED='$(SEED)' ROUNDS='$(ROUNDS)' AT_ONCE='$(AT_ONCE)' && exec test/reliability/reliability.sh bin/campaign

soak: setup ## a cluster and a Raft zone under light faults: memory, descriptors, processes and logs stay flat (root; MINUTES=30 SEED=)
	@test/setup.sh lab
	@$(SOAK) $(if $(MINUTES),-minutes $(MINUTES)) $(if $(SEED),-seed $(SEED))

fuzz: setup ## every fuzz target of the tree, a target on each processor; what fails is kept in testdata (half an hour on two; FUZZTIME=20s ONLY=one.Fuzz)
	@PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(GO) run -tags $(TAGS) ./test/fuzz -tags $(TAGS) -time '$(FUZZTIME)' -only '$(ONLY)'

mutants: setup ## the lease protocol broken in one place after another: its model has to notice each (half a minute)
	@PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(TEST) -v -run TestMutants ./internal/raft/lease -mutants

demo: build ## a two-node cluster from examples/two-node.yaml that loses its active node
	@ONEHA_CACHE_DIR='$(CACHE)' $(GO) run -tags $(TAGS) ./test/demo

contestants: build
	@test/setup.sh lab
	@for floor in netlink dbus ipmi; do $(GO) build $(FLAGS) -o bin/floor/$$floor ./test/bench/floor/$$floor || exit 1; done
	@for fake in fakeilo fakeredfish; do $(GO) build $(FLAGS) -o bin/standin/$$fake ./test/$$fake/cmd/$$fake || exit 1; done

bench: contestants ## our agents beside the stock ones and the least that Go can do, with ratios (ONLY=fence, ONLY=failover PAIRS=5)
	@ONEHA_CACHE_DIR='$(CACHE)' $(GO) run -tags $(TAGS) ./test/bench -bin bin -only '$(ONLY)' -pairs '$(PAIRS)'

benchmarks: contestants ## the same with failovers, kept in test/bench/results.json, and docs/benchmarks.md made of it (root; about an hour)
	@ONEHA_CACHE_DIR='$(CACHE)' $(GO) run -tags $(TAGS) ./test/bench -bin bin -only '$(ONLY)' -pairs '$(PAIRS)' -all -results test/bench/results.json -page docs/benchmarks.md

packages: setup ## deb and rpm, amd64 and arm64, into bin/packages, the same to the byte from the same commit by the same Go
	@mkdir -p bin/tools
	@GOTOOLCHAIN=$(TOOLCHAIN) CGO_ENABLED=0 GOBIN='$(CURDIR)/bin/tools' flock bin/tools "$$(test/setup.sh which)" install github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
	@VERSION='$(RELEASE)' NFPM='$(CURDIR)/bin/tools/nfpm' TOOLCHAIN='$(TOOLCHAIN)' packaging/packages.sh '$(PACKAGES)'

installs: setup ## the packages installed, upgraded, downgraded and removed on three Debian releases and by rpm; lintian, rpmlint, a failover (root; about 6 minutes)
	@test/setup.sh lab
	@ONEHA_PACKAGES=all ONEHA_CACHE_DIR='$(CACHE)' PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(TEST) -timeout 60m -v ./test/packages

licenses: setup ## what is linked into each binary, and under which licences
	@PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $(GO) run $(FLAGS) ./packaging/licences

vuln: setup ## go.mod tidy, modules as go.sum says, and no known vulnerability in what we call (asks vuln.go.dev)
	@$(GO) mod tidy -diff
	@$(GO) mod verify
	@$(GO) run golang.org/x/vuln/cmd/govulncheck@v1.9.0 -tags $(TAGS) ./...

# Without what measures time, and without the tests in the lab's root file systems, which
# mostly wait for others' programs: the detector makes Go five to ten times slower.
race: setup ## unit tests under the race detector, but those that measure time or need the lab (needs a C compiler)
	@GOTOOLCHAIN=auto CGO_ENABLED=1 CI= PATH="$$(dirname $$(test/setup.sh which)):$$PATH" $$(test/setup.sh which) test -race -short -tags $(TAGS) -count=1 -timeout 30m $$($(OTHERS))

clean: ## what make made: bin/, out/, the cached root file systems
	@rm -rf bin out '$(CACHE)/rootfs'
