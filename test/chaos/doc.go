// Package chaos breaks running clusters at random, many times, and has auditors look
// after every round. What is done is decided by a seed alone, so a round that failed
// can be done again.
//
// A campaign (Campaign) goes over fields, which are clusters that are brought up once;
// each round does one Fault to a field under a client that writes all the time
// (Writer), waits until the cluster has healed, and audits it.
package chaos
