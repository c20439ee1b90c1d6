// Package hypervisor asks the hypervisors what is true of virtual machines that oned
// waits for: whether their domains are there, what lies beside their disks, and
// whether anything still works on them. A host is visited once, over ssh, whatever
// number of machines it is asked about, and nothing is changed there.
//
// What could not be asked is unknown and never an answer: a host that does not let
// anybody in may run everything it ran.
package hypervisor
