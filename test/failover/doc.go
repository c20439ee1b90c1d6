// Package failover compares how long a failover takes with our agents and with those
// that distributions ship: two clusters on one machine, from one description that differs
// in nothing but who the agents are, lose their active node in turn, many times.
//
// What is compared is fair in these ways. Both clusters are up all the time and one of
// them is idle while the other is broken, so what else the machine does falls on both
// alike, and a pair of rounds lies seconds apart. In every round the same node dies, the
// one that no fencing delay protects, and the survivor is the one that decides
// already: otherwise chance would add the delay, or an election, to one side. The
// moments are seen from the switch, where clients are; what lies between them is read
// from the survivor's logs of corosync and Pacemaker, which write the same for both.
package failover
