# OpenNebula's guide for CentOS: its commands, in a file instead of a cluster. Kept
# from it are the words; changed are what pcs 0.11 refuses (--force where it says so,
# "with" in colocations), the angle brackets, and the colocation with
# opennebula-novnc, a resource that the guide never creates: pcs and cibadmin refuse
# it, so the XML that the command meant is put in by hand.
cibadmin --empty >cib.xml
p() { pcs -f cib.xml "$@"; }
p property set no-quorum-policy=ignore
p stonith create fence_server1 fence_ilo_ssh pcmk_host_list=one-server1 ipaddr=10.3.5.20 login="..." passwd="..." action="reboot" secure=yes delay=30 op monitor interval=20s --force
p stonith create fence_server2 fence_ilo_ssh pcmk_host_list=one-server2 ipaddr=10.3.5.21 login="..." passwd="..." action="reboot" secure=yes delay=15 op monitor interval=20s --force
p resource create Cluster_VIP ocf:heartbeat:IPaddr2 ip=10.3.4.2 cidr_netmask=24 op monitor interval=20s
p resource create opennebula systemd:opennebula --force
p resource create opennebula-sunstone systemd:opennebula-sunstone --force
p resource create opennebula-gate systemd:opennebula-gate --force
p resource create opennebula-flow systemd:opennebula-flow --force
p constraint colocation add opennebula with Cluster_VIP INFINITY
p constraint colocation add opennebula-sunstone with Cluster_VIP INFINITY
! p constraint colocation add opennebula-novnc with Cluster_VIP INFINITY
p constraint colocation add opennebula-gate with Cluster_VIP INFINITY
p constraint colocation add opennebula-flow with Cluster_VIP INFINITY
novnc='<rsc_colocation id="colocation-opennebula-novnc-Cluster_VIP-INFINITY" rsc="opennebula-novnc" score="INFINITY" with-rsc="Cluster_VIP"/>'
sed -i "s|</constraints>|  $novnc\n    &|" cib.xml
