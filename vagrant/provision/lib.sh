# shellcheck shell=sh
# What the other scripts share: the settings, and how they speak. Each script is run as root
# on its machine, in the order of the Vagrantfile, and may be repeated.
#
#   ONEHA_NODES         names and addresses of the machines: "one-server1=192.168.60.11 ..."
#   ONEHA_DESCRIPTION   the description of the cluster or zone
#   ONEHA_SECRETS       the directory that secrets.sh has filled
#   ONEHA_OPENNEBULA    the release of OpenNebula to install, from its community repository;
#                       or stand-in: there are units of the same names already. The
#                       project's own tests, which have no such repository, say that
#   ONEHA_INSTALL       the directory with oneha's packages; or installed: there it is, and
#                       the cluster's software, too
#   ONEHA_DATABASE      the server of oned's database, a MariaDB; empty: what oned.conf says
#   ONEHA_VIP           the floating IP
: "${ONEHA_NODES:?}"
: "${ONEHA_DESCRIPTION:=/vagrant/oneha.yaml}"
: "${ONEHA_SECRETS:=/vagrant/secrets}"
: "${ONEHA_OPENNEBULA:=6.10}"
: "${ONEHA_INSTALL:=/packages}"
: "${ONEHA_DATABASE:=}"
: "${ONEHA_VIP:=}"
export ONEHA_DESCRIPTION ONEHA_SECRETS ONEHA_OPENNEBULA ONEHA_INSTALL ONEHA_DATABASE ONEHA_VIP

say() { echo "$(basename "$0" .sh): $*"; }
die() { echo "$(basename "$0" .sh): $*" >&2; exit 1; }

# install_packages is Debian's apt-get install, without questions.
install_packages() { DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; }

# first and last are the names of the first and the last machine.
first() { for node in $ONEHA_NODES; do echo "${node%%=*}"; return; done; }
last() { for node in $ONEHA_NODES; do :; done; echo "${node%%=*}"; }

# wait_for repeats a command until it succeeds, for three minutes at most.
wait_for() {
	what=$1
	shift
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 180 ] || die "waited three minutes for $what; by hand: $*"
		sleep 1
	done
}
