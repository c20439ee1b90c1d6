# A front-end, as far as docs/vm-ha.md needs one; the guide's steps are appended.
set -u
export PATH=/usr/local/bin:$PATH
say() { printf '\n@@ %s\n' "$*"; }
# step NUMBER COMMAND: types it, and says how it ended.
step() {
	say "begin $1"
	timeout 90 sh -c "$2" </dev/null 2>&1
	say "code $?"
}

groupadd -r oneadmin && useradd -r -g oneadmin -d /var/lib/one -s /bin/sh oneadmin
mkdir -p /etc/one /var/log/one /var/lib/one/.one /var/lib/one/remotes/hooks
cp /mnt/one_auth /var/lib/one/.one/one_auth
chown -R oneadmin:oneadmin /var/lib/one /var/log/one
chmod 600 /var/lib/one/.one/one_auth
install -m 755 /mnt/oneha /usr/bin/oneha

# What people and OpenNebula's packages bring along.
mkdir -p /usr/local/bin
cat >/usr/local/bin/editor <<'END'
#!/bin/sh
case $1 in
*.password) echo the-bmc-password >"$1" ;;
*) cp "/mnt/$(basename "$1")" "$1" ;;
esac
END
cat >/usr/local/bin/sudo <<'END'
#!/bin/sh
[ "$1" = -u ] && shift && user=$1 && shift && exec runuser -u "$user" -- "$@"
END
cat >/usr/local/bin/tail <<'END'
#!/bin/sh
[ "$1" = -f ] && shift
exec /usr/bin/tail -n 1000 "$@"
END
cat >/usr/local/bin/onehook <<'END'
#!/usr/bin/python3
import os, sys, xmlrpc.client
session = open(os.environ.get("ONE_AUTH", "/var/lib/one/.one/one_auth")).readline().strip()
oned = xmlrpc.client.ServerProxy(os.environ.get("ONE_XMLRPC", "http://127.0.0.1:2633/RPC2"))
calls = {
    "onehook create": lambda: oned.one.hook.allocate(session, open(sys.argv[2]).read()),
    "onehook list": lambda: oned.one.hookpool.info(session, -2, -1, -1),
    "onehost enable": lambda: oned.one.host.status(session, int(sys.argv[2]), 0),
}
ok, value, *_ = calls[os.path.basename(sys.argv[0]) + " " + sys.argv[1]]()
print("ID: %s" % value if sys.argv[1] == "create" else value)
sys.exit(0 if ok else 255)
END
chmod 755 /usr/local/bin/*
ln -s onehook /usr/local/bin/onehost

# The BMCs of kvm1 and kvm2, both with power.
ip link set lo up
for n in 1 2; do
	ip addr add 10.0.5.$n/32 dev lo
	mkdir -p /run/bmc/$n/state
	echo 1 >/run/bmc/$n/power
	cat >/run/bmc/$n/lan.conf <<END
name "bmc$n"
set_working_mc 0x20
  startlan 1
    addr 10.0.5.$n 623
    priv_limit admin
    guid a123456789abcdefa12345670000000$n
  endlan
  chassis_control "/run/bmc/chassis $n"
  user 2 true "admin" "the-bmc-password" admin 10 none md2 md5 straight
END
	printf 'mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nsel_enable 0x20 1000 0x0a\nmc_enable 0x20\n' >/run/bmc/$n/sim.emu
done
cat >/run/bmc/chassis <<'END'
#!/bin/sh
power=/run/bmc/$1/power verb=$2
shift 2
while [ $# -gt 0 ]; do
	case $verb-$1 in
	get-power) echo "power:$(cat "$power")" ;;
	get-boot) echo boot:default ;;
	set-power) echo "$2" >"$power" && shift ;;
	set-*) shift ;;
	esac
	shift
done
END
chmod 755 /run/bmc/chassis
for n in 1 2; do
	ipmi_sim -n -c /run/bmc/$n/lan.conf -f /run/bmc/$n/sim.emu -s /run/bmc/$n/state >/run/bmc/$n/log 2>&1 </dev/null &
done

/mnt/fakeone -calls /var/log/one/fakeone.calls 2>/run/fakeone.log </dev/null &

# scene FILE: what oned has now. told: what it has. await COMMAND: until it succeeds, for
# a minute.
scene() { python3 -c 'import sys, urllib.request as u; u.urlopen(u.Request("http://127.0.0.1:2633/scene", open(sys.argv[1], "rb").read(), method="PUT")).read()' "$1"; }
told() {
	python3 -c '
import json, urllib.request as u
scene = json.load(u.urlopen("http://127.0.0.1:2633/scene"))
for h in scene["Hosts"]: print(h["Name"], "has STATE", h["State"])
for v in scene["VMs"]: print("VM", v["ID"], "is", v["State"], v["LCM"], "and is to move" if v["Resched"] else "and stays")'
}
await() {
	for _ in $(seq 600); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	echo "never succeeded: $*"
	exit 9
}
await scene /mnt/healthy.json
await grep -q :026F /proc/net/udp # port 623
