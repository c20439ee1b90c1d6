package ocf_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/oneha/oneha/ocf"
)

// flagAgent is a whole resource agent: the resource is running while a file is
// there.
var flagAgent = ocf.Agent{
	Name:    "flag",
	Version: "1.0",
	Short:   "Flag file",
	Long:    "Creates a file while the resource runs.",
	Params: []ocf.Param{
		{Name: "path", Type: ocf.String, Required: true, Unique: true, Short: "File", Long: "The file that is created."},
	},
	Actions: []ocf.Action{
		{Name: ocf.Start, Timeout: 10 * time.Second, Run: func(_ context.Context, req *ocf.Request) error {
			if err := os.WriteFile(req.String("path"), nil, 0o600); err != nil {
				return ocf.Failed("create flag", err)
			}
			req.Log.Info("flag is up", "path", req.String("path"))
			return nil
		}},
		{Name: ocf.Stop, Timeout: 10 * time.Second, Run: func(_ context.Context, req *ocf.Request) error {
			if err := os.Remove(req.String("path")); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return ocf.Failed("remove flag", err)
			}
			return nil
		}},
		{Name: ocf.Monitor, Timeout: 10 * time.Second, Interval: 10 * time.Second, Run: func(_ context.Context, req *ocf.Request) error {
			if _, err := os.Stat(req.String("path")); errors.Is(err, fs.ErrNotExist) {
				return ocf.NotRunning("there is no file " + req.String("path"))
			} else if err != nil {
				return ocf.Failed("look for flag", err)
			}
			return nil
		}},
	},
}

// An agent's main is ocf.Main(flagAgent, os.Args[1:]). A test plays the cluster
// with Run.
func ExampleRun() {
	environment := map[string]string{
		"OCF_RESKEY_path":              "/nonexistent/flag",
		"OCF_RESKEY_CRM_meta_interval": "10000",
	}
	code := ocf.Run(context.Background(), flagAgent, ocf.Env{
		Args:   []string{"monitor"},
		Lookup: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
		Stdout: os.Stdout,
	})
	fmt.Println(code == ocf.NotRunningCode)
	// Output: true
}

// A single action is tested with a request made by hand.
func ExampleNewRequest() {
	req := ocf.NewRequest(flagAgent, ocf.Monitor, map[string]string{"path": "/nonexistent/flag"})
	fmt.Println(flagAgent.Actions[2].Run(context.Background(), req))
	// Output: there is no file /nonexistent/flag
}

// What an action returns is what the cluster gets to know.
func ExampleCodeOf() {
	for _, err := range []error{
		nil,
		ocf.NotRunning("there is no process"),
		ocf.Configured("path", "is not absolute: give the whole path"),
		ocf.Failed("create flag", fs.ErrPermission),
		errors.New("an error of somebody else"),
	} {
		fmt.Println(ocf.CodeOf(err), err)
	}
	// Output:
	// 0 <nil>
	// 7 there is no process
	// 6 parameter path is not absolute: give the whole path
	// 1 create flag: permission denied
	// 1 an error of somebody else
}

// One line in the agent's tests finds what the schemas would refuse.
func ExampleAgent_Check() {
	broken := flagAgent
	broken.Actions = broken.Actions[:2]
	fmt.Println(flagAgent.Check())
	fmt.Println(broken.Check())
	// Output:
	// <nil>
	// agent flag: action monitor (at depth 0) is missing
}
