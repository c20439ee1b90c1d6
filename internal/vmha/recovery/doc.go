// Package recovery knows what every state of an OpenNebula virtual machine means,
// what oned does with each answer that `onevm recover` can give it, and which answer
// is right when the oned that waited for the driver is dead. It is pure: facts in,
// a proposal out.
//
// The table is of releases 4.14 to 7.4 (src/lcm/LifeCycleActions.cc: recover, retry,
// clean_up_vm; src/lcm/LifeCycleStates.cc; src/dm/DispatchManagerActions.cc). An
// answer that oned accepts is not an answer that did something: oned replies before
// it acts, and says success to a retry for which it has no action.
package recovery
