#!/bin/sh
# Makes the secrets of a set of machines, on the host, once: secrets.sh DIRECTORY. They are of a
# playground: the machines' owner reads them all, and one ssh key opens every machine.
set -eu
dir=${1:?usage: secrets.sh DIRECTORY}
umask 077
mkdir -p "$dir"

# make writes a file at once or not at all, and never twice.
make() {
	file=$dir/$1
	shift
	[ -s "$file" ] || { "$@" >"$file.new" && mv "$file.new" "$file"; }
}

password() { LC_ALL=C tr -dc 'a-zA-Z0-9' </dev/urandom | head -c 16; echo; }
authkey() { head -c 256 /dev/urandom; }

make bmc password # 16 characters are all that IPMI's oldest form takes
make database password
make authkey authkey
for key in login host; do
	[ -s "$dir/$key" ] || ssh-keygen -q -t ed25519 -N '' -C "oneha playground, $key" -f "$dir/$key"
done
