#!/bin/sh
# A MariaDB for oned, here; with "remote" as argument, for other machines. Of a playground: a
# cluster's database has to be available itself.
set -eu
. "$(dirname "$0")/lib.sh"

apt-get update -q
install_packages mariadb-server
if [ "${1:-}" = remote ]; then
	printf '[mariadbd]\nbind-address = 0.0.0.0\n' >/etc/mysql/mariadb.conf.d/60-oneha.cnf
	from=%
else
	from=localhost
fi
# oned wants it so.
printf '[mariadbd]\ntransaction-isolation = READ-COMMITTED\n' >/etc/mysql/mariadb.conf.d/61-oneha.cnf
systemctl restart mariadb

# By standard input: no password in an argument.
{
	echo "CREATE DATABASE IF NOT EXISTS opennebula;"
	echo "CREATE USER IF NOT EXISTS oneadmin@'$from' IDENTIFIED BY '$(cat "$ONEHA_SECRETS/database")';"
	echo "GRANT ALL ON opennebula.* TO oneadmin@'$from';"
} | mariadb
say "MariaDB has the database opennebula"
