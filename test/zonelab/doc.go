// Package zonelab runs an OpenNebula zone under Raft on machines: three to five
// containers with systemd as PID 1, sshd, sudo, SQLite and MariaDB, all Debian's
// own, on the parts of package lab. Only OpenNebula is none: oned is the fake of
// package fakezone, as user oneadmin in a unit of the shape of the packages' own,
// and the services beside it do nothing.
//
// A server is in one of three states when the lab comes up. Blank: the packages are
// installed and nothing is configured, the database of MySQL is made and empty, and
// oned does not run. Solo: as a first front-end that people work with, SERVER_ID -1.
// Formed: a server of a finished zone, with the guard and the hooks. Root can log in
// from every server to every other by ssh, and the servers know each other's names.
//
// What a test leaves behind when it is killed is removed by the next Up with the
// same prefix, or by Down.
package zonelab
