#!/bin/sh
# BMCs for the two front-ends, on the host: bmc.sh up | down. virtualbmc (../README.md installs it)
# speaks IPMI 2.0 and switches the machines of libvirt: off is a pulled plug.
set -eu
cd "$(dirname "$0")"
command -v vbmc >/dev/null || { echo "bmc.sh: vbmc is missing: ../README.md says how to install virtualbmc and start vbmcd" >&2; exit 1; }

case ${1:-} in
up)
	../provision/secrets.sh secrets
	port=6231
	for name in one-server1 one-server2; do
		vbmc delete "oneha_$name" >/dev/null 2>&1 || true
		# vbmc takes the password in no other way; it is this playground's and nothing else's.
		vbmc add "oneha_$name" --address 192.168.61.1 --port "$port" --username oneha --password "$(cat secrets/bmc)"
		vbmc start "oneha_$name"
		port=$((port + 1))
	done
	vbmc list
	;;
down)
	for name in one-server1 one-server2; do
		vbmc delete "oneha_$name"
	done
	;;
*)
	echo "usage: bmc.sh up | down" >&2
	exit 2
	;;
esac
