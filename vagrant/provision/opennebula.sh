#!/bin/sh
# OpenNebula from its community repository, as its manual says it for Debian, configured as far as
# a front-end of a cluster needs it. Installed, no unit of it runs or is enabled; run again, it
# stops nothing.
set -eu
. "$(dirname "$0")/lib.sh"
units="opennebula opennebula-fireedge opennebula-gate opennebula-flow"

if [ "$ONEHA_OPENNEBULA" != stand-in ] && ! dpkg -s opennebula >/dev/null 2>&1; then
	repo=https://downloads.opennebula.io/repo
	apt-get update -q
	install_packages ca-certificates wget gnupg
	install -d -m 755 /etc/apt/keyrings
	wget -q -O- "$repo/repo2.key" | gpg --dearmor --yes --output /etc/apt/keyrings/opennebula.gpg
	# shellcheck source=/dev/null # of the machine
	release=$(. /etc/os-release && echo "$VERSION_ID")
	echo "deb [signed-by=/etc/apt/keyrings/opennebula.gpg] $repo/$ONEHA_OPENNEBULA/Debian/$release stable opennebula" >/etc/apt/sources.list.d/opennebula.list
	apt-get update -q
	# shellcheck disable=SC2086 # a list
	install_packages $units
	# Packages of Debian's kind start what they bring.
	# shellcheck disable=SC2086 # a list
	systemctl disable --now $units
fi
systemctl cat opennebula.service >/dev/null 2>&1 || die "there is no opennebula.service: OpenNebula is not installed"

# edit replaces a value in a configuration file that the release has, and keeps owner and mode.
edit() {
	[ -e "$1" ] || return 0
	sed "$2" "$1" >"$1.new"
	cmp -s "$1" "$1.new" || cat "$1.new" >"$1"
	rm "$1.new"
}
[ -z "$ONEHA_VIP" ] || edit /etc/one/monitord.conf "s/\(MONITOR_ADDRESS[ ]*=[ ]*\)\"[^\"]*\"/\1\"$ONEHA_VIP\"/"
edit /etc/one/oneflow-server.conf 's/^:host: .*/:host: 0.0.0.0/'
edit /etc/one/onegate-server.conf 's/^:host: .*/:host: 0.0.0.0/; s/^\(  *:bind: \).*/\10.0.0.0/'
if [ -n "$ONEHA_DATABASE" ]; then
	umask 077
	awk -v server="$ONEHA_DATABASE" -v secret="$ONEHA_SECRETS/database" -f "$(dirname "$0")/oned-database.awk" /etc/one/oned.conf >/etc/one/oned.conf.new
	cat /etc/one/oned.conf.new >/etc/one/oned.conf
	rm /etc/one/oned.conf.new
fi
say "OpenNebula is installed and configured"
