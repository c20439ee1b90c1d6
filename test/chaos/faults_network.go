package chaos

import "slices"

// networkFaults are of the links between the nodes, and of the floating IP on them.
var networkFaults = slices.Concat(cutFaults, lineFaults, linkFaults, addressFaults)

// manyLinks are the fields whose nodes have more links than one.
var manyLinks = []string{"two-links"}
