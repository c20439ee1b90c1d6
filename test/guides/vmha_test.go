package guides

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/shell"
	"github.com/oneha/oneha/test/fakeone"
	"github.com/oneha/oneha/test/inside"
	"github.com/oneha/oneha/test/lab"
)

// scenes of oned for the guide: its host 3 is kvm1, and kvm2 another one.
var scenes = map[string]fakeone.Scene{
	"healthy.json": cloud(2, 2),
	"dead.json":    cloud(3, 2),
	"missed.json":  cloud(8, 3),
}

func cloud(kvm1, kvm2 int) fakeone.Scene {
	lcm := func(state int) int { return map[int]int{2: 3, 3: 16, 8: 3}[state] }
	return fakeone.Scene{
		Monitors:   true,
		Hosts:      []fakeone.Host{{ID: 3, Name: "kvm1", State: kvm1, Before: kvm1}, {ID: 4, Name: "kvm2", State: kvm2, Before: kvm2}},
		Datastores: []fakeone.Datastore{{ID: 0, Name: "system", Shared: "YES"}},
		VMs:        []fakeone.VM{{ID: 7, Name: "test", State: 3, LCM: lcm(kvm1), Host: 3}, {ID: 8, Name: "other", State: 3, LCM: lcm(kvm2), Host: 4}},
	}
}

// follows is what the guide says that comes of a command.
type follows struct {
	code int
	says []string // are in its output
	look string   // shell: what the world does then, and a look at it
	sees string   // all that the look prints
}

// event is what OpenNebula's hook manager does when kvm1 fails: the command of the hook,
// with the words of the hook on its standard input.
const event = `scene /mnt/dead.json
printf '%s -m -p 5' "$(printf '<HOST><ID>3</ID><NAME>kvm1</NAME><STATE>3</STATE><PREV_STATE>2</PREV_STATE></HOST>' | base64 -w0)" |
	runuser -u oneadmin -- /var/lib/one/remotes/hooks/oneha/host_error >/run/hook.log 2>&1 || cat /run/hook.log`

// vmHA has every command of docs/vm-ha.md.
var vmHA = map[string]follows{
	"install -d -m 750 -o root -g oneadmin /etc/one/oneha":                         {},
	"install -m 600 -o oneadmin -g oneadmin /dev/null /etc/one/oneha/bmc.password": {},
	"editor /etc/one/oneha/bmc.password":                                           {},
	"editor /etc/one/oneha/host-error.yaml":                                        {},
	"oneha hook install --dry-run": {
		says: []string{`COMMAND         = "oneha/host_error"`, `ARGUMENTS       = "$TEMPLATE -m -p 5"`},
		look: "onehook list; ls /var/lib/one/remotes/hooks",
		sees: "<HOOK_POOL></HOOK_POOL>\n",
	},
	"oneha hook install": {
		says: []string{"ID: 0", "The hook is made."},
		look: "onehook list | grep -o oneha/host_error; stat -c '%U %a %n' /var/lib/one/remotes/hooks/oneha/host_error /var/lib/oneha/incidents /etc/one/oneha",
		sees: "oneha/host_error\n" +
			"oneadmin 755 /var/lib/one/remotes/hooks/oneha/host_error\noneadmin 700 /var/lib/oneha/incidents\nroot 750 /etc/one/oneha\n",
	},
	"sudo -u oneadmin oneha hook host-error 3 -m -p 0": {
		says: []string{"[I] Exiting. Host came back after waiting."},
		look: "told; cat /run/bmc/1/power;" + event + "; told; cat /run/bmc/1/power",
		sees: "kvm1 has STATE 2\nkvm2 has STATE 2\nVM 7 is 3 3 and stays\nVM 8 is 3 3 and stays\n1\n" +
			"kvm1 has STATE 8\nkvm2 has STATE 2\nVM 7 is 3 16 and is to move\nVM 8 is 3 3 and stays\n0\n",
	},
	"tail -f /var/log/one/host_error.log": {
		says: []string{"[HOST 3][I] Wait 5 cycles.", "[HOST 3][I] Fencing success", "[HOST 3][I] resched 7", "[HOST 3][I] VM 7: the scheduler brings it to another host",
			"[HOST 3][I] Host kvm1 is OFFLINE now. When it is mended: onehost enable 3", "[HOST 3][I] Hook finished"},
		look: "onehost enable 3 && told; scene /mnt/missed.json",
		sees: "3\nkvm1 has STATE 2\nkvm2 has STATE 2\nVM 7 is 3 16 and is to move\nVM 8 is 3 3 and stays\n",
	},
	"sudo -u oneadmin oneha hook missed              # hosts in ERROR that no hook has handled to its end": {
		code: 1,
		says: []string{"host 4 kvm2  ERROR  no hook has handled it"},
		look: "cat /run/bmc/2/power",
		sees: "1\n",
	},
	"sudo -u oneadmin oneha hook missed --handle     # handle them now, all at the same time": {
		says: []string{"[I] Fencing success", "[I] Hook finished"},
		look: "told; cat /run/bmc/2/power; sudo -u oneadmin oneha hook missed",
		sees: "kvm1 has STATE 8\nkvm2 has STATE 8\nVM 7 is 3 3 and stays\nVM 8 is 3 16 and is to move\n0\nNo host in ERROR was missed.\n",
	},
}

// The guide is followed word by word: only a cycle of waiting takes a second in the place
// of a minute.
func TestVMHA(t *testing.T) {
	guide, err := os.ReadFile("../../docs/vm-ha.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var commands []string
	for _, b := range blocks(string(guide)) {
		switch b.language {
		case "yaml":
			write("host-error.yaml", b.text+"wait: {cycle: 1s, interval: 200ms}\n")
		case "":
			commands = append(commands, strings.Split(strings.TrimSpace(b.text), "\n")...)
		default:
			t.Errorf("nobody follows a block of %s", b.language)
		}
	}
	for command := range vmHA {
		if !slices.Contains(commands, command) {
			t.Errorf("the guide has no %q any more", command)
		}
	}
	script, err := os.ReadFile("testdata/front-end.sh")
	if err != nil {
		t.Fatal(err)
	}
	steps := string(script)
	for n, command := range commands {
		f, known := vmHA[command]
		if !known {
			t.Errorf("nobody knows what is to come of %q: say so in vmHA", command)
		}
		steps += "step " + strconv.Itoa(n) + " " + shell.Quote(command) + "\n"
		if f.look != "" {
			steps += f.look + "\n"
		}
	}
	if t.Failed() {
		return
	}
	write("steps.sh", steps+"say end\n")
	write("one_auth", fakeone.Session+"\n")
	for name, scene := range scenes {
		text, err := json.Marshal(scene)
		if err != nil {
			t.Fatal(err)
		}
		write(name, string(text))
	}
	found := follow(t, dir, commands)
	for _, step := range found {
		want := vmHA[step.command]
		if step.code != want.code {
			t.Errorf("%s: exit code %d, want %d:\n%s", step.command, step.code, want.code, step.output)
		}
		for _, text := range want.says {
			if !strings.Contains(step.output, text) {
				t.Errorf("%s: does not print %q:\n%s", step.command, text, step.output)
			}
		}
		if step.after != want.sees {
			t.Errorf("%s: afterwards it is\n%s\nand not\n%s", step.command, step.after, want.sees)
		}
		if strings.Contains(step.output, "the-bmc-password") || strings.Contains(step.output, fakeone.Session) {
			t.Errorf("%s prints a secret", step.command)
		}
	}
}

// follow types commands on a machine.
func follow(t *testing.T, dir string, commands []string) []typed {
	t.Helper()
	l := inside.Open(t, "guides", "")
	binds := []lab.Bind{inside.Build(t, "../../cmd/oneha"), inside.Build(t, "../fakeone/cmd/fakeone")}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		binds = append(binds, lab.Bind{Host: filepath.Join(dir, f.Name()), Inside: "/mnt/" + f.Name(), ReadOnly: true})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	r, err := l.Run(ctx, lab.Command{Args: []string{"sh", "/mnt/steps.sh"}, Binds: binds})
	if err != nil {
		t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	found, err := session(r.Stdout, commands)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	return found
}
