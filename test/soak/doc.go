// Package soak lets a cluster and a guarded Raft zone run for half an hour under light
// faults, looks at everything that lives long every five seconds, and says whether it
// is flat: no memory, descriptor, thread or process that comes and never goes, and logs
// that stay within their size.
//
//	make soak MINUTES=30
//
// The cluster is examples/two-node.yaml with the alert agent; its second node is the one
// that is fenced, so that what runs on the first lives the whole time. The zone is of
// test/fakezone with the guards of test/guardproc; the guard of its first server is never
// ended, those of the others are. Beside them run the commands that an administrator
// leaves open: oneha status, recover and raft status, each with --watch.
package soak
