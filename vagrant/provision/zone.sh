#!/bin/sh
# A server of the Raft zone: the first makes it, each other is taken in by the first.
set -eu
. "$(dirname "$0")/lib.sh"
self=$(uname -n)

# Boxes name their interfaces differently; it is the one with this machine's address.
address=$(for node in $ONEHA_NODES; do case $node in "$self="*) echo "${node#*=}" ;; esac; done)
nic=$(ip -o address show to "$address" | awk '{print $2; exit}')
[ -n "$nic" ] || die "no interface has $address"
install -d -m 700 /etc/oneha
# And the release is the one that was installed.
release=
[ "$ONEHA_OPENNEBULA" = stand-in ] || release="s/^release: .*/release: \"$ONEHA_OPENNEBULA\"/"
sed "s/nic: [a-z0-9]*/nic: $nic/; $release" "$ONEHA_DESCRIPTION" >/etc/oneha/oneha.yaml
chmod 644 /etc/oneha/oneha.yaml
oneha check /etc/oneha/oneha.yaml
if [ "$self" = "$(first)" ]; then
	systemctl start opennebula
	oneha raft init --yes
else
	ssh -o BatchMode=yes "root@$(first)" oneha raft join "$self" --yes
fi
if [ "$self" = "$(last)" ]; then
	wait_for "a healthy zone" oneha raft status
	oneha raft status
fi
