// Package zoneservice runs the guard of a Raft zone as the service that it is, on
// machines with systemd, sudo and sshd (package zonelab), and looks what becomes of
// the floating IP and of the services that follow the leader when something fails.
//
// A sampler on the switch asks for the floating IP every 20 ms all the time: two
// servers that answer at one moment fail the test, whatever else went on.
package zoneservice
