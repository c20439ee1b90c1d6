// Package guides follows guides of docs/ that need a front-end, word by word: what stands
// in their blocks is typed on a disposable machine with oneadmin, the stand-in of
// test/fakeone in oned's place and simulated BMCs (ipmi_sim), and what the guide says of
// it is looked at.
//
// Four commands are stand-ins for people and for software that is not free to install
// here: editor writes what the guide says to write, sudo is runuser, tail -f comes to an
// end, and onehook and onehost make the calls that OpenNebula's own make.
package guides
