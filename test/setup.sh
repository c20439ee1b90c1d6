#!/bin/sh
# Finds or installs what a build (go) and the tests (mmdebstrap, systemd-container,
# iproute2, groff-base, zsh, fish) need on this machine, and says what it does. Nothing else is ever
# installed here: cluster software lives in the lab's own root file systems.
#
#   setup.sh go       make a usable Go available
#   setup.sh lab      what the lab and the tests need from the machine (root, Debian)
#   setup.sh vagrant  what checks the playground in vagrant/: vagrant itself, 90 MB, and
#                     also shellcheck (root, Debian)
#   setup.sh which    print the path of the Go to use
set -eu
cd "$(dirname "$0")/.."

say() { echo "setup: $*" >&2; }
die() { echo "setup: $*" >&2; exit 1; }

# From 1.21 on, Go fetches by itself the toolchain that go.mod asks for. Asked in
# another directory, so that only its own version counts.
usable() {
	[ -x "$1" ] || return 1
	v=$(cd / && "$1" env GOVERSION 2>/dev/null) || return 1
	minor=${v#go1.}
	minor=${minor%%[!0-9]*}
	[ "${minor:-0}" -ge 21 ]
}

find_go() {
	for go in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go/bin/go; do
		if [ -n "$go" ] && usable "$go"; then
			echo "$go"
			return 0
		fi
	done
	return 1
}

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# apt-get with a progress line for people and the whole log when it fails.
apt() {
	log=$(mktemp)
	if ! DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		die "apt-get $* failed (above)"
	fi
	rm -f "$log"
}

codename() { . /etc/os-release && echo "${VERSION_CODENAME:-}"; }

# Debian's own Go; bookworm's is too old, its backports are not. The extra
# source is used for this one call and left nowhere.
install_go() {
	can_install || die "Go 1.21 or newer is needed: install it from your distribution or go.dev, then run this again"
	if [ "$(codename)" != bookworm ]; then
		say "installing Go (Debian's golang-go)"
		apt update
		apt install -y --no-install-recommends golang-go ca-certificates
		return
	fi
	say "installing Go (Debian's golang-go from bookworm-backports)"
	apt update
	apt install -y --no-install-recommends ca-certificates
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(RELEASE)' 'Created-By: Packages' | awk '$2=="Debian" && $3=="bookworm" {print $1; exit}')
	[ -n "$mirror" ] || die "no Debian mirror in the apt sources: install Go 1.21 or newer by hand"
	parts=$(mktemp -d)
	trap 'rm -rf "$parts"' EXIT
	chmod 755 "$parts" # apt drops its privileges to read it
	cp -p /etc/apt/sources.list.d/* "$parts"/ 2>/dev/null || true
	echo "deb $mirror bookworm-backports main" >"$parts/oneha-backports.list"
	apt -o "Dir::Etc::sourceparts=$parts" update
	apt -o "Dir::Etc::sourceparts=$parts" install -y --no-install-recommends -t bookworm-backports golang-go
}

install_lab() {
	missing=
	command -v mmdebstrap >/dev/null || missing="$missing mmdebstrap"
	command -v systemd-nspawn >/dev/null || missing="$missing systemd-container"
	command -v ip >/dev/null || missing="$missing iproute2"
	command -v groff >/dev/null || missing="$missing groff-base"
	command -v zsh >/dev/null || missing="$missing zsh"
	command -v fish >/dev/null || missing="$missing fish"
	install_missing
}

install_vagrant() {
	missing=
	command -v vagrant >/dev/null || missing="$missing vagrant vagrant-libvirt"
	command -v shellcheck >/dev/null || missing="$missing shellcheck"
	install_missing
}

install_missing() {
	[ -n "$missing" ] || return 0
	can_install || die "the tests need root on Debian and these packages:$missing"
	say "installing$missing"
	apt update
	# shellcheck disable=SC2086 # a list of package names
	apt install -y --no-install-recommends $missing
}

case ${1:-} in
go)
	find_go >/dev/null || install_go
	find_go >/dev/null || die "Go was installed but is still not usable"
	;;
lab) install_lab ;;
vagrant) install_vagrant ;;
which) find_go || die "no usable Go: run test/setup.sh go" ;;
*) die "usage: setup.sh go | lab | vagrant | which" ;;
esac
