// Command fence-bmc is every fence agent of this project in one program: the
// name it is called by, usually a symbolic link, says which one it is.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/version"
)

// agents is sorted by name.
var agents = []fence.Agent{
	ipmiAgent,
}

func main() {
	name := filepath.Base(os.Args[0])
	for _, a := range agents {
		if a.Name == name {
			a.Version = version.String()
			fence.Main(a)
		}
	}
	fmt.Printf("%s holds these fence agents; call it by one of their names (a symbolic link):\n", name)
	for _, a := range agents {
		fmt.Printf("  %-20s %s\n", a.Name, a.Short)
	}
	if len(os.Args) > 1 { // somebody wanted an action
		os.Exit(1)
	}
}
