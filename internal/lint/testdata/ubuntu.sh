# OpenNebula's guide for Ubuntu: what it types into the crm shell, in a file instead of
# a cluster. The init scripts of OpenNebula are stood in for by empty ones, which crm
# 4.4 looks for; "lsb::" it refuses, so they are "lsb:".
for s in opennebula opennebula-sunstone opennebula-flow opennebula-gate; do
	printf '#!/bin/sh\n### BEGIN INIT INFO\n# Provides: %s\n### END INIT INFO\n' $s >/etc/init.d/$s
	chmod 755 /etc/init.d/$s
done
cibadmin --empty >cib.xml
cat >conf1 <<'END'
property no-quorum-policy=ignore
primitive ipmi-fencing stonith::fence_ipmilan \
  params pcmk_host_list="one-server1 one-server2" ipaddr=10.0.0.1 login=testuser passwd=abc123 \
  op monitor interval="60s"
primitive VIP ocf:IPaddr2 params ip=10.3.4.2 op monitor interval=10s
primitive opennebula lsb:opennebula op monitor interval=15s
primitive opennebula-sunstone lsb:opennebula-sunstone op monitor interval=15s
primitive opennebula-flow lsb:opennebula-flow op monitor interval=15s
primitive opennebula-gate lsb:opennebula-gate op monitor interval=15s
group opennebula-cluster VIP opennebula opennebula-gate opennebula-sunstone opennebula-flow
END
CIB_file=$PWD/cib.xml crm -F configure load update conf1
