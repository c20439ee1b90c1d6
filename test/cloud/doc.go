// Package cloud tests what oneha knows of OpenNebula against an endpoint: by default the
// stand-in of test/fakeone, and a real oned where the environment names one.
//
//	ONEHA_ONE_ENDPOINT   URL of oned, http://127.0.0.1:2633/RPC2
//	ONEHA_ONE_AUTH       FILE with user:password of oneadmin
//	ONEHA_ONE_ACTIONS    directory in which the dummy driver of this machine's oned looks
//	                     for its answers, /tmp/opennebula_dummy_actions; without it what
//	                     needs a driver that fails or says nothing is skipped
//
// On a real one the tests make a host and machines of their own with the drivers dummy,
// under names that begin with oneha-test-, and delete them, also when they fail. They
// change nothing else: every change asks for the object's name first. Where no driver
// dummy is configured, what needs it is skipped with that reason.
package cloud
