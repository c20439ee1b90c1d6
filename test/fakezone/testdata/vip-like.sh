#!/bin/sh
# vip-like: does, for tests, what OpenNebula's own Raft hook is described to do, with
# its weaknesses: the announcements come before anything else can happen, the lock
# is held all the time, and it always succeeds.
# usage: vip-like.sh leader|follower NIC ADDRESS/BITS [NIC ADDRESS/BITS ...]
PAUSE=1

case $1 in
leader | follower) action=$1 ;;
*) exit 1 ;;
esac
shift

exec 9>"$ONE_LOCATION/var/lock/vip_sh"
flock -w 60 9 # what comes of it is ignored: after 60 s it goes on without

while [ $# -ge 2 ]; do
	nic=$1 cidr=$2 ip=${2%/*}
	shift 2
	if [ "$action" = leader ]; then
		ip address add "$cidr" dev "$nic" 2>/dev/null
		for round in 1 2 3 4 5; do
			arping -c 1 -U -I "$nic" "$ip"
			sleep "$PAUSE"
			arping -c 1 -A -I "$nic" "$ip"
			sleep "$PAUSE"
		done >/dev/null 2>&1
	elif ip address show dev "$nic" | grep -qF " $ip/"; then
		ip address del "$cidr" dev "$nic"
	fi
done
exit 0
