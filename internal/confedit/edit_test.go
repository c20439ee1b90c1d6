package confedit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parsed(t *testing.T, text string) *File {
	t.Helper()
	f, findings := Parse("oned.conf", []byte(text))
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	return f
}

// set is an edit: value, path.
type set []string

const hooks = `RAFT = [
    XMLRPC_TIMEOUT_MS    = 1000
]

# Executed when a server transits from follower->leader
# RAFT_LEADER_HOOK = [
#     COMMAND = "raft/vip.sh",
#     ARGUMENTS = "leader interface ip_cidr [interface ip_cidr ...]"
# ]

#****
# Costs
#****
DEFAULT_COST = [ CPU_COST = 0 ]
`

// The inputs that the shipped files and the documentation have, and editors trip over.
func TestThirteenTrickyInputs(t *testing.T) {
	for _, test := range []struct {
		name, text string
		set        set
		want       string
	}{
		{"1 comment behind the comma", "FEDERATION = [\n    SERVER_ID     = 0, # changed from -1 to 0 (as 0 is the server id)\n    MASTER_ONED   = \"\"\n]\n",
			set{"1", "FEDERATION", "SERVER_ID"}, "FEDERATION = [\n    SERVER_ID     = 1, # changed from -1 to 0 (as 0 is the server id)\n    MASTER_ONED   = \"\"\n]\n"},
		{"2 bracket behind the last value", "DB = [ BACKEND = \"sqlite\",\n       TIMEOUT = 2500 ]\n\n# DB = [ BACKEND = \"mysql\",\n#        PASSWD  = \"oneadmin\" ]\n",
			set{"5000", "DB", "TIMEOUT"}, "DB = [ BACKEND = \"sqlite\",\n       TIMEOUT = 5000 ]\n\n# DB = [ BACKEND = \"mysql\",\n#        PASSWD  = \"oneadmin\" ]\n"},
		{"2 new key before that bracket", "DB = [ BACKEND = \"sqlite\",\n       TIMEOUT = 2500 ]\n",
			set{"-1", "DB", "ERRORS_LIMIT"}, "DB = [ BACKEND = \"sqlite\",\n       TIMEOUT = 2500,\n       ERRORS_LIMIT = -1 ]\n"},
		{"3 comment before the bracket", "VNC_PORTS = [\n    START    = 5900,\n    RESERVED = \"32768:65536\"\n    # RESERVED = \"6800, 6801, 6810:6820, 9869\"\n]\n",
			set{"x", "VNC_PORTS", "NEW"}, "VNC_PORTS = [\n    START    = 5900,\n    RESERVED = \"32768:65536\",\n    NEW      = \"x\"\n    # RESERVED = \"6800, 6801, 6810:6820, 9869\"\n]\n"},
		{"4 no blanks", "SCRIPTS_REMOTE_DIR=/var/tmp/one\n",
			set{"/opt/one", "SCRIPTS_REMOTE_DIR"}, "SCRIPTS_REMOTE_DIR=/opt/one\n"},
		{"4 no blanks, and quotes become necessary", "SCRIPTS_REMOTE_DIR=/var/tmp/one # here\n",
			set{"/opt/a b", "SCRIPTS_REMOTE_DIR"}, "SCRIPTS_REMOTE_DIR=\"/opt/a b\" # here\n"},
		{"5 text over several lines", "VM_MANAGE_OPERATIONS = \"undeploy, hold,\n    release, stop,\n    # no comment\"\nPORT = 2633\n",
			set{"2634", "PORT"}, "VM_MANAGE_OPERATIONS = \"undeploy, hold,\n    release, stop,\n    # no comment\"\nPORT = 2634\n"},
		{"6 commas in quotes", "VLAN_IDS = [\n    START    = \"2\",\n    RESERVED = \"0, 1, 4095\"\n]\n",
			set{"0, 1", "VLAN_IDS", "RESERVED"}, "VLAN_IDS = [\n    START    = \"2\",\n    RESERVED = \"0, 1\"\n]\n"},
		{"7 one line, no blank before the bracket", "HM_MAD = [ EXECUTABLE = \"one_hm\", ARGUMENTS = \"-p 2101 -l 2102 -b 127.0.0.1\"]\n",
			set{"-p 2101 -l 2102 -b 0.0.0.0", "HM_MAD", "ARGUMENTS"}, "HM_MAD = [ EXECUTABLE = \"one_hm\", ARGUMENTS = \"-p 2101 -l 2102 -b 0.0.0.0\"]\n"},
		{"7 new key in one line", "HM_MAD = [ EXECUTABLE = \"one_hm\", ARGUMENTS = \"-p 2101\"]\n",
			set{"1", "HM_MAD", "THREADS"}, "HM_MAD = [ EXECUTABLE = \"one_hm\", ARGUMENTS = \"-p 2101\", THREADS = 1]\n"},
		{"8 vector in a comment with another key", hooks,
			set{"raft/vip.sh", "RAFT_LEADER_HOOK", "COMMAND"}, strings.Replace(hooks, "# ]\n", "# ]\n\nRAFT_LEADER_HOOK = [\n    COMMAND = \"raft/vip.sh\"\n]\n", 1)},
		{"9 lower case", "LOG = [\n  system      = \"FILE\",\n  debug_level = 3\n]\n",
			set{"4", "LOG", "DEBUG_LEVEL"}, "LOG = [\n  system      = \"FILE\",\n  debug_level = 4\n]\n"},
		{"10 no empty line behind, odd indentation", "RAFT_LEADER_HOOK = [\n     COMMAND = \"raft/vip.sh\",\n    ARGUMENTS = \"leader eth0 10.0.0.1/24\"\n]\nRAFT_FOLLOWER_HOOK = [\n    COMMAND = \"raft/vip.sh\",\n  ARGUMENTS = \"follower\" ]\n",
			set{"leader eth1 10.0.0.1/24", "RAFT_LEADER_HOOK", "ARGUMENTS"}, "RAFT_LEADER_HOOK = [\n     COMMAND = \"raft/vip.sh\",\n    ARGUMENTS = \"leader eth1 10.0.0.1/24\"\n]\nRAFT_FOLLOWER_HOOK = [\n    COMMAND = \"raft/vip.sh\",\n  ARGUMENTS = \"follower\" ]\n"},
		{"11 many of a name", "TM_MAD_CONF = [\n    NAME = \"dummy\", LN_TARGET = \"NONE\"\n]\n\nTM_MAD_CONF = [\n    NAME = \"lvm\", LN_TARGET = \"NONE\"\n]\n",
			set{"SYSTEM", "TM_MAD_CONF[NAME=lvm]", "LN_TARGET"}, "TM_MAD_CONF = [\n    NAME = \"dummy\", LN_TARGET = \"NONE\"\n]\n\nTM_MAD_CONF = [\n    NAME = \"lvm\", LN_TARGET = \"SYSTEM\"\n]\n"},
		{"11 the first of them", "VM_RESTRICTED_ATTR = \"A\"\nVM_RESTRICTED_ATTR = \"B\"\n",
			set{"C", "VM_RESTRICTED_ATTR"}, "VM_RESTRICTED_ATTR = \"C\"\nVM_RESTRICTED_ATTR = \"B\"\n"},
		{"12 number and signs in quotes", "VXLAN_IDS = [\n    START = \"2\"\n]\nMAC_PREFIX   = \"02:00\"\nRANK = \"- (RUNNING_VMS * 50  + FREE_CPU)\"\n",
			set{"3", "VXLAN_IDS", "START"}, "VXLAN_IDS = [\n    START = \"3\"\n]\nMAC_PREFIX   = \"02:00\"\nRANK = \"- (RUNNING_VMS * 50  + FREE_CPU)\"\n"},
		{"13 tabs, UTF-8, no last end of line", "LOG=[\n\tSYSTEM\t=\t\"file\"\n]\n# can’t\nPORT\t= 2633",
			set{"1", "LOG", "DEBUG_LEVEL"}, "LOG=[\n\tSYSTEM\t=\t\"file\",\n\tDEBUG_LEVEL =\t1\n]\n# can’t\nPORT\t= 2633"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := parsed(t, test.text)
			if err := f.Set(test.set[0], test.set[1:]...); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(f.Bytes())); diff != "" {
				t.Error(diff)
			}
			if got, ok := parsed(t, string(f.Bytes())).Get(test.set[1:]...); !ok || got != test.set[0] {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
}

func TestSetVector(t *testing.T) {
	pairs := []Pair{{"COMMAND", "oneha-hook"}, {"ARGUMENTS", "leader eth0 10.0.0.9/24"}}
	block := "RAFT_LEADER_HOOK = [\n    COMMAND   = \"oneha-hook\",\n    ARGUMENTS = \"leader eth0 10.0.0.9/24\"\n]\n"
	uncommented := strings.NewReplacer(`# RAFT_LEADER`, `RAFT_LEADER`, `#     COMMAND = "raft/vip.sh"`, `    COMMAND = "oneha-hook"`,
		`#     ARGUMENTS = "leader interface ip_cidr [interface ip_cidr ...]"`, `    ARGUMENTS = "leader eth0 10.0.0.9/24"`, "# ]", "]").Replace(hooks)
	for _, test := range []struct{ name, text, want string }{
		{"in a comment", hooks, uncommented},
		{"there", "RAFT_LEADER_HOOK = [ COMMAND = \"x\" ]\n", "RAFT_LEADER_HOOK = [ COMMAND = \"oneha-hook\", ARGUMENTS = \"leader eth0 10.0.0.9/24\" ]\n"},
		{"behind RAFT", "RAFT = [ A = 1 ] # c\nB = 2\n", "RAFT = [ A = 1 ] # c\n\n" + block + "B = 2\n"},
		{"behind RAFT, which shares its line", "RAFT = [ A = 1 ] B = \"2\n3\"\nC = 1\n", "RAFT = [ A = 1 ] B = \"2\n3\"\n\n" + block + "C = 1\n"},
		{"behind FEDERATION", "FEDERATION = [\n  SERVER_ID = 0 ]\n\nB = 2\n", "FEDERATION = [\n  SERVER_ID = 0 ]\n\n" + block + "\nB = 2\n"},
		{"at the end", "B = 2\n", "B = 2\n\n" + block},
		{"at an end that is none", "B = 2", "B = 2\n\n" + strings.TrimSuffix(block, "\n")},
		{"in an empty file", "", block},
		{"carriage returns", "B = \"a b\"\r\n", "B = \"a b\"\r\n\r\n" + strings.ReplaceAll(strings.Replace(block, "24\"", "24\" ", 1), "\n", "\r\n")},
		{"carriage returns in a comment", strings.ReplaceAll(hooks, "\n", "\r\n"), strings.ReplaceAll(strings.Replace(uncommented, "9/24\"", "9/24\" ", 1), "\n", "\r\n")},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := parsed(t, test.text)
			for range 2 { // the second time changes nothing
				if err := f.SetVector("RAFT_LEADER_HOOK", pairs...); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, string(f.Bytes())); diff != "" {
					t.Fatal(diff)
				}
			}
			for _, p := range pairs {
				if got, _ := parsed(t, string(f.Bytes())).Get("RAFT_LEADER_HOOK", p.Key); got != p.Value {
					t.Errorf("%s is %q", p.Key, got)
				}
			}
		})
	}
}

// A sample in a comment that sets more than is asked for, a password most of all, does
// not come to life.
func TestSampleStaysAComment(t *testing.T) {
	text := "# DB = [ BACKEND = \"mysql\",\n#        PASSWD  = \"oneadmin\" ]\n\nPORT = 1\n"
	f := parsed(t, text)
	if err := f.SetVector("DB", Pair{"BACKEND", "sqlite"}); err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(text, "] \n", "", 1)
	want = strings.Replace(want, "\" ]\n", "\" ]\n\nDB = [\n    BACKEND = \"sqlite\"\n]\n", 1)
	if diff := cmp.Diff(want, string(f.Bytes())); diff != "" {
		t.Error(diff)
	}
}

func TestSetSingleThatIsNotThere(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"in a comment", "PORT = 1\n#   HOSTNAME: its name\n# HOSTNAME = \"one-hostname\"  # c\n", "PORT = 1\n#   HOSTNAME: its name\nHOSTNAME = \"fe1\"  # c\n"},
		{"beside its like", "PORT = 1 # c\nX = 1\n", "PORT = 1 # c\nHOSTNAME = \"fe1\"\nX = 1\n"},
		{"at the end", "X = 1", "X = 1\nHOSTNAME = \"fe1\""},
		{"behind a comment without an end", "X = 1\n# ---", "X = 1\n# ---\nHOSTNAME = \"fe1\""},
		{"a comment in a vector is none", "V = [\n# HOSTNAME = a\nA = 1 ]\n", "V = [\n# HOSTNAME = a\nA = 1 ]\nHOSTNAME = \"fe1\"\n"},
	} {
		f := parsed(t, test.text)
		if err := f.Set("fe1", "HOSTNAME"); err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if diff := cmp.Diff(test.want, string(f.Bytes())); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestRemove(t *testing.T) {
	for _, test := range []struct{ name, text, path, want string }{
		{"single", "A = 1\nB = 2\nC = 3\n", "B", "A = 1\nC = 3\n"},
		{"comment stays", "A = 1\nB = 2 # c\n", "B", "A = 1\n# c\n"},
		{"in a line with others", "A = 1 B = 2 C = 3\n", "B", "A = 1 C = 3\n"},
		{"vector", "A = 1\nB = [\n  X = 1 ]\n\nC = 3", "B", "A = 1\n\nC = 3"},
		{"first key", "V = [\n  A = 1, # a\n  B = 2,\n  C = 3 # c\n]\n", "V A", "V = [\n  # a\n  B = 2,\n  C = 3 # c\n]\n"},
		{"key in the middle", "V = [\n  A = 1, # a\n  B = 2,\n  C = 3 # c\n]\n", "V B", "V = [\n  A = 1, # a\n  C = 3 # c\n]\n"},
		{"last key", "V = [\n  A = 1, # a\n  B = 2,\n  C = 3 # c\n]\n", "V C", "V = [\n  A = 1, # a\n  B = 2\n  # c\n]\n"},
		{"first key in one line", "V = [ A = 1, B = 2 ]\n", "V A", "V = [ B = 2 ]\n"},
		{"last key in one line", "V = [ A = 1, B = 2 ]\n", "V B", "V = [ A = 1 ]\n"},
		{"key that is there twice", "V = [ A = 1, B = 2, a = 3 ]\n", "V A", "V = [ B = 2 ]\n"},
		{"attribute that is there twice", "PORT = 1\nX = 1\nport = 2\n", "PORT", "X = 1\n"},
		{"comma in a line of its own", "V = [\n  A = 1\n  , # ,\n  B = 2\n]\n", "V A", "V = [\n  \n   # ,\n  B = 2\n]\n"},
		{"carriage returns", "V = [\r\n  A = 1,\r\n  B = 2\r\n]\r\n", "V B", "V = [\r\n  A = 1 \r\n]\r\n"},
		{"chosen vector", "VM_MAD = [ NAME = \"kvm\" ]\nVM_MAD = [ NAME = \"lxc\" ]\n", "VM_MAD[NAME=lxc]", "VM_MAD = [ NAME = \"kvm\" ]\n"},
		{"what is not there", "A = 1\n", "B", "A = 1\n"},
		{"key of what is not there", "A = 1\n", "B C", "A = 1\n"},
	} {
		f := parsed(t, test.text)
		if err := f.Remove(strings.Fields(test.path)...); err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if diff := cmp.Diff(test.want, string(f.Bytes())); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		if _, ok := f.Get(strings.Fields(test.path)...); ok {
			t.Errorf("%s: it is still there", test.name)
		}
	}
}

func TestRefusedEdits(t *testing.T) {
	const text = "A = 1\nV = [ K = 1 ]\nVM_MAD = [ NAME = \"kvm\", K = 1 ]\nVM_MAD = [ NAME = \"lxc\", K = 1 ]\n"
	for name, edit := range map[string]func(f *File) error{
		"single as vector":      func(f *File) error { return f.Set("1", "A", "K") },
		"vector as single":      func(f *File) error { return f.Set("1", "V") },
		"only key":              func(f *File) error { return f.Remove("V", "K") },
		"one of many":           func(f *File) error { return f.Remove("VM_MAD") },
		"no such vector":        func(f *File) error { return f.Set("1", "VM_MAD[NAME=xen]", "K") },
		"chosen without key":    func(f *File) error { return f.Set("1", "VM_MAD[NAME=kvm]") },
		"no path":               func(f *File) error { return f.Set("1") },
		"long path":             func(f *File) error { return f.Set("1", "A", "B", "C") },
		"no name":               func(f *File) error { return f.Set("1", "A-B") },
		"name that oned alters": func(f *File) error { return f.Set("1", "1A") },
		"no key":                func(f *File) error { return f.Set("1", "V", "") },
		"broken choice":         func(f *File) error { return f.Set("1", "V[K", "K") },
		"backslash at the end":  func(f *File) error { return f.Set(`a b\`, "A") },
		"end of CDATA":          func(f *File) error { return f.Set("a]]>", "A") },
		"zero byte":             func(f *File) error { return f.Set("a\x00", "A") },
		"vector without keys":   func(f *File) error { return f.SetVector("NEW") },
		"vector with a key twice": func(f *File) error {
			return f.SetVector("NEW", Pair{"A", "1"}, Pair{"a", "2"})
		},
		"half a vector": func(f *File) error { return f.SetVector("V", Pair{"NEW", "1"}, Pair{"K", `a b\`}) },
	} {
		f := parsed(t, text)
		if err := edit(f); err == nil {
			t.Errorf("%s: no error, but %q", name, f.Bytes())
		} else if string(f.Bytes()) != text || len(f.Edits()) > 0 {
			t.Errorf("%s: %v, but %q", name, err, f.Bytes())
		}
	}
}

func TestEdits(t *testing.T) {
	f := parsed(t, "PORT = 2633\n\nDB = [\n    BACKEND = \"mysql\",\n    PASSWD  = \"very secret\"\n]\n\nFEDERATION = [ SERVER_ID = -1 ]\n")
	steps := []error{
		f.SetVector("RAFT", Pair{"LIMIT_PURGE", "100000"}, Pair{"LOG_RETENTION", "250000"}),
		f.Set("another secret", "DB", "PASSWD"),
		f.Set("0", "FEDERATION", "SERVER_ID"),
		f.Set("1", "FEDERATION", "SERVER_ID"),
		f.Set("2634", "PORT"),
		f.Set("2633", "PORT"), // and back
		f.Remove("DB", "BACKEND"),
	}
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		`oned.conf:4: DB BACKEND: was "mysql", is not set`,
		`oned.conf:5: DB PASSWD: was a value that is not shown, is a value that is not shown`,
		`oned.conf:8: FEDERATION SERVER_ID: was "-1", is "1"`,
		`oned.conf:9: RAFT LIMIT_PURGE: was not set, is "100000"`,
		`oned.conf:9: RAFT LOG_RETENTION: was not set, is "250000"`,
	}
	var got []string
	for _, e := range f.Edits() {
		got = append(got, e.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, e := range f.Edits() {
		if strings.Contains(e.String(), "secret") {
			t.Errorf("%s shows a secret", e)
		}
	}
}

func TestGet(t *testing.T) {
	f := parsed(t, "port = 1\nPORT = 2\nFEDERATION = 3\nFEDERATION = [ a = \"x \\\"y\\\"\", A = 5 ]\nFEDERATION = [ A = 6, B = \"7\n8\" ]\nE =\nX = [ ]\nQ = \"a\"b\n1X = 9\n")
	for path, want := range map[string]string{"PORT": "1", "FEDERATION": "3", "FEDERATION A": `x "y"`, "E": "", "Q": `"a"b`} {
		if got, ok := f.Get(strings.Fields(path)...); !ok || got != want {
			t.Errorf("%s: got %q, %v, want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"FEDERATION B", "X", "X A", "NONE", "1X", "A B C", ""} {
		if got, ok := f.Get(strings.Fields(path)...); ok {
			t.Errorf("%s: got %q", path, got)
		}
	}
	if all := f.All(); len(all) != 9 || all[8].Name != "ONE_1X" || all[4].Line != 5 || all[4].Keys[1].Value != "7\n8" {
		t.Errorf("%+v", all)
	}
}
