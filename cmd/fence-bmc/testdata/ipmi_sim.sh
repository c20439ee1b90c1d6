# Runs ipmi_sim in an overlay of the root file system $1, with $2 as
# /usr/sbin/fence-bmc and $3 for the overlay's files. Run it in mount and network
# namespaces of its own; they and all that it mounts go when ipmi_sim is killed.
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$3"
mkdir "$3/up" "$3/work" "$3/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$3/up,workdir=$3/work" "$3/root"
cd "$3/root"
mount -t proc proc proc
mount --rbind /dev dev
ip link set lo up
cp "$2" usr/sbin/fence-bmc
ln -s fence-bmc usr/sbin/fence_bmc_ipmi
mkdir sim sim/state
echo 1 >sim/power
cat >sim/chassis <<'END'
#!/bin/sh
case "$1 $2" in
"get power") echo "power:$(cat /sim/power)" ;;
"set power") echo "$3" >/sim/power; echo "$3" >>/sim/log ;;
esac
END
chmod +x sim/chassis
cat >sim/lan.conf <<'END'
name "test"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 623
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcd01
  endlan
  chassis_control "/sim/chassis"
  user 2 true "admin" "secret" admin 10 none md2 md5 straight
  user 3 true "viewer" "viewonly" user 10 none md2 md5 straight
END
cat >sim/sim.emu <<'END'
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
END
exec chroot . ipmi_sim -n -c /sim/lan.conf -f /sim/sim.emu -s /sim/state </dev/null
