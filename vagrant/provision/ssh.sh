#!/bin/sh
# Root reaches root of the other machines, with a host key that is known beforehand:
# `oneha raft` and `oneha sync` use it.
set -eu
. "$(dirname "$0")/lib.sh"

install -d -m 700 /root/.ssh
install -m 600 "$ONEHA_SECRETS/login" /root/.ssh/id_ed25519
install -m 600 "$ONEHA_SECRETS/login.pub" /root/.ssh/authorized_keys

for node in $ONEHA_NODES; do
	printf '%s,%s %s\n' "${node%%=*}" "${node#*=}" "$(cut -d ' ' -f 1,2 "$ONEHA_SECRETS/host.pub")"
done >/etc/ssh/ssh_known_hosts
chmod 644 /etc/ssh/ssh_known_hosts

if ! cmp -s "$ONEHA_SECRETS/host" /etc/ssh/ssh_host_ed25519_key; then
	install -m 600 "$ONEHA_SECRETS/host" /etc/ssh/ssh_host_ed25519_key
	install -m 644 "$ONEHA_SECRETS/host.pub" /etc/ssh/ssh_host_ed25519_key.pub
	systemctl restart ssh
fi
say "root may log in from every machine to every other"
