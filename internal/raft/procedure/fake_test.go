package procedure

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/spec"
)

// world is a fake zone of fake machines: files in memory, commands as functions, and
// an oned that elects and copies in no time.
type world struct {
	mu       sync.Mutex // of all of it; tests look at it between runs
	t        *testing.T
	now      time.Time
	machines map[string]*machine
	term     uint64
	leader   string
	window   int64 // how many records the leader's log reaches back
	backend  string

	process  int  // each run of a procedure is one; a killed one can do nothing more
	budget   int  // changes that the process may make before it is killed; -1 for no end
	after    bool // the last of them is made; otherwise cut in the middle
	changes  int
	parsed   *spec.Zone
	recorded func(text string) // takes what an action does; nil between actions
}

type machine struct {
	w       *world
	spec    spec.ZoneServer
	files   map[string]string
	db      string // MySQL's; "" for none
	active  map[string]bool
	enabled map[string]bool
	alive   bool
	free    int64 // bytes on its disk
	locked  bool
	running database1 // what oned has in memory and on disk, while it runs
	read    string    // monitord.conf as it was when oned was started
}

// database1 is the content of a database.
type database1 struct {
	Lineage  string
	Index    int64
	List     []one.ZoneServer
	Endpoint string
}

func (d database1) text() string {
	b, _ := json.Marshal(d)
	return "whole " + string(b)
}

func parseDB(text string) (d database1, ok bool) {
	rest, ok := strings.CutPrefix(text, "whole ")
	return d, ok && json.Unmarshal([]byte(rest), &d) == nil
}

const (
	guardUnit = zoneconf.GuardUnit
	stockConf = "# oned.conf\nDB = [ BACKEND = \"%s\"%s ]\nFEDERATION = [\n  MODE = \"STANDALONE\",\n  ZONE_ID = 0,\n  SERVER_ID = -1,\n  MASTER_ONED = \"\"\n]\n"
	monitor   = "NETWORK = [\n  ADDRESS = \"0.0.0.0\",\n  MONITOR_ADDRESS = \"auto\",\n  PORT = 4124\n]\n"
)

const description = "version: 1\nmode: raft\nzone: 0\nrelease: \"6.10\"\ndatabase: %s\nnodes: {server-0: 192.0.2.1, server-1: 192.0.2.2, server-2: 192.0.2.3}\nvip: {address: 192.0.2.10/24, nic: eth0}\n"

// newWorld is a world of n installed machines, of which the first runs alone.
func newWorld(t *testing.T, backend string) *world {
	w := &world{t: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), machines: map[string]*machine{}, window: 1000, backend: backend, budget: -1}
	for i, s := range w.zone().Servers {
		m := &machine{w: w, spec: s, alive: true, free: 1 << 30}
		w.machines[s.Name] = m
		m.install()
		if i == 0 {
			m.enabled[onedUnit] = true
			_ = m.start(onedUnit)
			m.running.Index = -1
		}
	}
	return w
}

func (m *machine) install() {
	more := ""
	if m.w.backend == "mysql" {
		more = ", SERVER = \"localhost\", USER = \"oneadmin\", PASSWD = \"s3cret\\pass\", DB_NAME = \"opennebula\""
	}
	m.files = map[string]string{
		zoneconf.OnedConf: fmt.Sprintf(stockConf, m.w.backend, more), zoneconf.MonitordConf: monitor,
		keys + "/one_auth": "oneadmin:of " + m.spec.Name,
	}
	m.db, m.active, m.enabled, m.locked = "", map[string]bool{}, map[string]bool{}, false
}

// zone is the description.
func (w *world) zone() *spec.Zone {
	if w.parsed == nil {
		c, findings := spec.Parse("oneha.yaml", fmt.Appendf(nil, description, w.backend))
		if findings.HasErrors() || c.Zone == nil {
			w.t.Fatal(findings)
		}
		w.parsed = c.Zone
	}
	return w.parsed
}

var errKilled = errors.New("killed")

// env is what one process has.
func (w *world) env() Env {
	w.process++
	mine := w.process
	z := w.zone()
	host := func(s spec.ZoneServer) remote.Host {
		m := w.machines[s.Name]
		if m == nil {
			w.t.Fatalf("no machine %q", s.Name)
		}
		return &fakeHost{m, mine, s.Name == "server-0"}
	}
	return Env{
		Zone: z, Description: fmt.Appendf(nil, description, w.backend), Operator: "root on server-0", Here: "server-0",
		Host: host, Local: host(z.Servers[0]), Oned: fakeOned{w, mine},
		Steady: func(_ context.Context, except ...int) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.steady(except)
		},
		Now: func() time.Time { return w.now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.now = w.now.Add(d)
			return ctx.Err()
		},
		Waits: Waits{State: time.Minute, Copy: time.Hour},
	}
}

// change is called before anything is changed. partly tells that only a part of it is
// to happen; the error that nothing is.
func (w *world) change(process int, text string) (partly bool, err error) {
	if process != w.process {
		return false, errKilled
	}
	if w.recorded != nil {
		w.recorded(text)
	}
	w.changes++
	if w.budget >= 0 && w.changes > w.budget {
		w.process++ // nobody's
		w.budget = -1
		if w.after {
			return false, nil
		}
		return true, nil
	}
	return false, nil
}

// killed is the error of what a process did last.
func (w *world) killed(process int) error {
	if process != w.process {
		return errKilled
	}
	return nil
}

var serverIDLine = regexp.MustCompile(`SERVER_ID\s*=\s*"?(-?\d+)`)

// serverID is what oned.conf says.
func (m *machine) serverID() int {
	found := serverIDLine.FindStringSubmatch(m.files[zoneconf.OnedConf])
	if found == nil {
		return -1
	}
	id, err := strconv.Atoi(found[1])
	if err != nil {
		m.w.t.Fatal(err)
	}
	return id
}

func (m *machine) stored() *string {
	if m.w.backend == "mysql" {
		return &m.db
	}
	text := m.files[sqliteFile]
	return &text
}

func (m *machine) save() {
	if m.w.backend == "mysql" {
		m.db = m.running.text()
	} else {
		m.files[sqliteFile] = m.running.text()
	}
}

// start starts a unit; oned does not start on half a database.
func (m *machine) start(name string) error {
	if name != onedUnit || m.active[onedUnit] {
		m.active[name] = true
		return nil
	}
	if _, half := m.files[Marker]; half && m.files[DropIn] == dropInText {
		return &remote.ExitError{Host: m.spec.Name, Program: "systemctl", Code: 1, Stderr: "Assertion failed"}
	}
	if m.files[onedLock] != "" {
		return &remote.ExitError{Host: m.spec.Name, Program: "systemctl", Code: 1, Stderr: "lock file"}
	}
	text := *m.stored()
	d, ok := parseDB(text)
	switch {
	case text == "" && m.serverID() < 0:
		d = database1{Lineage: m.spec.Name, Index: -1}
	case !ok:
		m.w.t.Errorf("%s: oned was started on half a database: %q", m.spec.Name, text)
		return &remote.ExitError{Host: m.spec.Name, Program: "systemctl", Code: 1}
	}
	m.running = d
	m.read = m.files[zoneconf.MonitordConf]
	m.active[onedUnit] = true
	m.save()
	m.w.settle()
	return nil
}

func (m *machine) stop(name string) {
	if name == onedUnit && m.active[onedUnit] {
		m.save()
		if m.w.leader == m.spec.Name {
			m.w.leader = ""
		}
	}
	m.active[name] = false
	m.w.settle()
}

func (m *machine) votes() bool { return m.alive && m.active[onedUnit] && m.serverID() >= 0 }

// settle elects and replicates.
func (w *world) settle() {
	if l := w.machines[w.leader]; l == nil || !l.votes() {
		w.leader = ""
		for _, name := range slices.Sorted(maps.Keys(w.machines)) {
			m := w.machines[name]
			votes := 0
			for _, s := range m.running.List {
				if o := w.at(s.Endpoint); o != nil && o.votes() && o.running.Lineage == m.running.Lineage {
					votes++
				}
			}
			if m.votes() && slices.ContainsFunc(m.running.List, func(s one.ZoneServer) bool { return s.ID == m.serverID() && s.Endpoint == m.spec.Endpoint }) && votes > len(m.running.List)/2 {
				w.leader = name
				w.term++
				m.running.Index++
				m.save()
				w.replicate() // a new leader writes
				break
			}
		}
	}
}

// replicate sends the followers what they lack; oned does that when it writes.
func (w *world) replicate() {
	l := w.machines[w.leader]
	if l == nil {
		return
	}
	for _, s := range l.running.List {
		if o := w.at(s.Endpoint); o != nil && o != l && o.votes() && o.serverID() == s.ID && o.running.Lineage == l.running.Lineage && l.running.Index-o.running.Index <= w.window {
			o.running = l.running
			o.save()
		}
	}
}

func (w *world) at(endpoint string) *machine {
	for _, m := range w.machines {
		if m.spec.Endpoint == endpoint {
			return m
		}
	}
	return nil
}

func (w *world) steady(except []int) error {
	l := w.machines[w.leader]
	if l == nil {
		return errors.New("no leader")
	}
	votes := 0
	for _, s := range l.running.List {
		if o := w.at(s.Endpoint); o.votes() && o.serverID() == s.ID {
			votes++
		}
	}
	if votes <= len(l.running.List)/2 {
		return errors.New("no leader whom a majority follows")
	}
	for _, s := range l.running.List {
		if o := w.at(s.Endpoint); !slices.Contains(except, s.ID) && (!o.votes() || o.running.Index != l.running.Index) {
			return fmt.Errorf("%s does not follow", s.Name)
		}
	}
	return nil
}

// fakeOned is the API.
type fakeOned struct {
	w       *world
	process int
}

func (f fakeOned) to(s spec.ZoneServer) (*machine, error) {
	if err := f.w.killed(f.process); err != nil {
		return nil, err
	}
	f.w.settle()
	m := f.w.at(s.Endpoint)
	if m == nil || !m.alive || !m.active[onedUnit] {
		return nil, errors.New("connection refused")
	}
	return m, nil
}

func (f fakeOned) Raft(_ context.Context, s spec.ZoneServer) (one.RaftStatus, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	m, err := f.to(s)
	if err != nil {
		return one.RaftStatus{}, err
	}
	r := one.RaftStatus{ServerID: m.serverID(), Term: f.w.term, LogIndex: m.running.Index, State: one.Candidate}
	l := f.w.machines[f.w.leader]
	switch {
	case r.ServerID < 0:
		r.State, r.Term = one.Solo, 0
	case l == m:
		r.State = one.Leader
	case l != nil && m.running.Lineage == l.running.Lineage && slices.ContainsFunc(l.running.List, func(s one.ZoneServer) bool { return s.Endpoint == m.spec.Endpoint && s.ID == r.ServerID }):
		r.State = one.Follower
	}
	return r, nil
}

func (f fakeOned) Zone(_ context.Context, s spec.ZoneServer) (one.Zone, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	m, err := f.to(s)
	return one.Zone{Endpoint: m0(m).Endpoint, Servers: slices.Clone(m0(m).List)}, err
}

func m0(m *machine) database1 {
	if m == nil {
		return database1{}
	}
	return m.running
}

// commit changes the leader's database, or that of a server alone.
func (f fakeOned) commit(by spec.ZoneServer, text string, do func(*database1)) error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	m, err := f.to(by)
	if err != nil {
		return err
	}
	partly, err := f.w.change(f.process, text)
	if err != nil {
		return err
	}
	if m.serverID() >= 0 {
		votes := 0
		for _, s := range m.running.List {
			if o := f.w.at(s.Endpoint); o != nil && o.votes() {
				votes++
			}
		}
		if f.w.leader != m.spec.Name || votes <= len(m.running.List)/2 {
			return errors.New("no majority: it waits for ever")
		}
	}
	if !partly { // the call did not leave the machine
		do(&m.running)
		m.running.Index++
		m.save()
		f.w.settle()
		f.w.replicate()
	}
	return f.w.killed(f.process)
}

func (f fakeOned) AddServer(_ context.Context, by spec.ZoneServer, s one.ZoneServer) error {
	text := "onezone server-add 0 --name " + s.Name + " --rpc " + s.Endpoint
	if s.GRPC != "" {
		text += " -g " + s.GRPC
	}
	return f.commit(by, text, func(d *database1) {
		s.ID = nextID(one.Zone{Servers: d.List})
		d.List = append(slices.Clone(d.List), s)
	})
}

func (f fakeOned) DeleteServer(_ context.Context, by spec.ZoneServer, id int) error {
	return f.commit(by, fmt.Sprintf("onezone server-del 0 %d", id), func(d *database1) {
		d.List = slices.DeleteFunc(slices.Clone(d.List), func(s one.ZoneServer) bool { return s.ID == id })
	})
}

func (f fakeOned) ResetServer(_ context.Context, by spec.ZoneServer, id int) error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if m, err := f.to(by); err != nil || m.spec.Name != f.w.leader {
		return errors.Join(err, errors.New("not by the leader"))
	}
	if _, err := f.w.change(f.process, fmt.Sprintf("onezone server-reset 0 %d", id)); err != nil {
		return err
	}
	return f.w.killed(f.process) // it writes nothing
}

func (f fakeOned) SetEndpoint(_ context.Context, by spec.ZoneServer, endpoint string) error {
	return f.commit(by, "ENDPOINT=\""+endpoint+"\"", func(d *database1) { d.Endpoint = endpoint })
}

// fakeHost is a machine as one process reaches it.
type fakeHost struct {
	m       *machine
	process int
	local   bool
}

func (h *fakeHost) Name() string { return h.m.spec.Name }
func (h *fakeHost) Close() error { return nil }

func (h *fakeHost) reach() error {
	if !h.m.alive && !h.local {
		return fmt.Errorf("%s %w", h.m.spec.Name, remote.ErrUnreachable)
	}
	return h.m.w.killed(h.process)
}

func (h *fakeHost) typed(argv []string) string {
	a := at{ZoneServer: h.m.spec}
	if !h.local {
		a.ssh = []string{"ssh", "root@" + h.m.spec.Addr.String()}
	}
	return a.typed(written(argv))
}

func (h *fakeHost) Run(ctx context.Context, argv ...string) ([]byte, error) {
	var out bytes.Buffer
	err := h.Stream(ctx, nil, &out, argv...)
	return out.Bytes(), err
}

func (h *fakeHost) ReadFile(_ context.Context, path string) ([]byte, error) {
	h.m.w.mu.Lock()
	defer h.m.w.mu.Unlock()
	if err := h.reach(); err != nil {
		return nil, err
	}
	text, ok := h.m.files[path]
	if !ok {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return []byte(text), nil
}

func (h *fakeHost) WriteFile(_ context.Context, path string, data []byte, _ remote.Meta) error {
	h.m.w.mu.Lock()
	defer h.m.w.mu.Unlock()
	if err := h.reach(); err != nil {
		return err
	}
	partly, err := h.m.w.change(h.process, path)
	if err != nil {
		return err
	}
	if !partly { // it is atomic
		h.m.files[path] = string(data)
	}
	return h.m.w.killed(h.process)
}

func (h *fakeHost) Stream(_ context.Context, in io.Reader, out io.Writer, argv ...string) error {
	isLock := slices.Equal(argv, lockArgv)
	var input []byte
	if in != nil && !isLock { // it may come from another call of this, so before the mutex
		var err error
		if input, err = io.ReadAll(in); err != nil {
			return err
		}
	}
	m := h.m
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	if err := h.reach(); err != nil {
		return err
	}
	exit := func(code int) error { return &remote.ExitError{Host: m.spec.Name, Program: argv[0], Code: code} }
	print := func(text string) error {
		if out != nil {
			_, err := io.WriteString(out, text)
			return err
		}
		return nil
	}
	if isLock {
		if m.locked {
			return exit(1)
		}
		m.locked = true
		m.w.mu.Unlock()
		_ = print(locked + "\n")
		_, _ = io.Copy(io.Discard, in)
		m.w.mu.Lock()
		m.locked = false
		return nil
	}
	if done, err := m.look(argv, exit, print); done {
		if h.m.w.recorded != nil {
			h.m.w.recorded(h.typed(argv))
		}
		return err
	}
	partly, err := m.w.change(h.process, h.typed(argv))
	if err != nil {
		return err
	}
	if err := m.do(argv, partly, input, exit); err != nil {
		return err
	}
	return m.w.killed(h.process)
}

// look does the commands that change nothing.
func (m *machine) look(argv []string, exit func(int) error, print func(string) error) (done bool, err error) {
	hash := func(text string) string { s := sha256.Sum256([]byte(text)); return hex.EncodeToString(s[:]) }
	whole := strings.Join(argv, " ")
	switch {
	case argv[0] == "test" && argv[1] == "-e":
		if !m.exists(argv[2]) {
			return true, exit(1)
		}
		return true, nil
	case argv[0] == "sha256sum":
		text, ok := m.files[argv[1]]
		if !ok {
			return true, exit(1)
		}
		return true, print(hash(text) + "  " + argv[1] + "\n")
	case argv[0] == "find" && argv[2] == "-mmin":
		return true, print(argv[1] + "\n")
	case argv[0] == "find":
		for _, path := range slices.Sorted(maps.Keys(m.files)) {
			if strings.HasPrefix(path, argv[1]+"/") {
				_ = print(path + "\n")
			}
		}
		return true, nil
	case argv[0] == "sudo":
		return true, nil
	case argv[0] == "systemctl" && argv[1] == "show":
		for _, name := range argv[10:] {
			installed := !strings.HasPrefix(name, "pacemaker") && !strings.HasPrefix(name, "corosync")
			block := "Id=" + name + "\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\n\n"
			if installed {
				block = "Id=" + name + "\nLoadState=loaded\nActiveState=" + map[bool]string{true: "active", false: "inactive"}[m.active[name]] +
					"\nUnitFileState=" + map[bool]string{true: "enabled", false: "disabled"}[m.enabled[name]] + "\n\n"
			}
			_ = print(block)
		}
		return true, nil
	case argv[0] == "sh" && argv[2] == freeScript:
		return true, print(fmt.Sprintf("/ %d\n", m.free>>10))
	case argv[0] == "sh" && strings.Contains(argv[2], "stat -c %s "+sqliteFile):
		if m.files[sqliteFile] == "" {
			return true, exit(1)
		}
		return true, print("1000000\n")
	case strings.Contains(whole, "information_schema.tables"):
		return true, print("1000000\n")
	case argv[0] == "sh" && argv[2] == keysDigest:
		all := ""
		for _, path := range slices.Sorted(maps.Keys(m.files)) {
			if strings.HasPrefix(path, keys+"/") {
				all += path + m.files[path]
			}
		}
		if all == "" {
			return true, exit(1)
		}
		return true, print(hash(all))
	case argv[0] == "sh" && strings.HasPrefix(argv[2], "command -v "):
		return true, nil
	case argv[0] == "sh" && strings.HasPrefix(argv[2], "sha256sum < ") && !strings.Contains(argv[2], ">"):
		text, ok := m.files[strings.TrimPrefix(argv[2], "sha256sum < ")]
		if !ok {
			return true, exit(1)
		}
		return true, print(hash(text))
	case argv[0] == "sh" && strings.HasSuffix(argv[2], "| sha256sum"):
		m.needsClient(whole)
		return true, print(hash(m.db))
	case whole == "sqlite3 -readonly "+part+" PRAGMA quick_check":
		if _, ok := parseDB(m.files[part]); !ok {
			return true, print("malformed\n")
		}
		return true, print("ok\n")
	case argv[0] == "cat" || argv[0] == "tar" && argv[3] == "-cf":
		if argv[0] == "cat" {
			return true, print(m.files[argv[1]])
		}
		b, _ := json.Marshal(m.below(keys))
		return true, print(string(b))
	}
	return false, nil
}

func (m *machine) exists(path string) bool {
	for name := range m.files {
		if name == path || strings.HasPrefix(name, path+"/") {
			return true
		}
	}
	return false
}

func (m *machine) below(dir string) map[string]string {
	all := map[string]string{}
	for name, text := range m.files {
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok {
			all[rest] = text
		}
	}
	return all
}

func (m *machine) needsClient(command string) {
	if !strings.Contains(m.files[client], `password="s3cret\\pass"`) {
		m.w.t.Errorf("%s: no or a wrong %s for %s", m.spec.Name, client, command)
	}
}

// half is what there is of a text when it is cut in the middle.
func half(text string, partly bool) string {
	if partly {
		return text[:len(text)/2]
	}
	return text
}

// do does the commands that change something, or a part of it.
func (m *machine) do(argv []string, partly bool, in []byte, exit func(int) error) error {
	whole := strings.Join(argv, " ")
	live := func() string {
		if m.active[onedUnit] {
			m.save()
		}
		return *m.stored()
	}
	switch {
	case argv[0] == "install" && argv[1] == "-d", argv[0] == "sync", whole == "systemctl daemon-reload":
		return nil
	case argv[0] == "rm":
		for i, path := range argv[2:] {
			if partly && i == 1 {
				break
			}
			for name := range m.files {
				if name == path || argv[1] == "-rf" && strings.HasPrefix(name, path+"/") {
					delete(m.files, name)
				}
			}
		}
	case argv[0] == "touch" && !partly:
		m.files[argv[1]] = "touched"
	case argv[0] == "touch", argv[0] == "mv" && partly, argv[0] == "cp" && partly:
	case argv[0] == "mv":
		text, ok := m.files[argv[2]]
		if !ok {
			return exit(1)
		}
		delete(m.files, argv[2])
		m.files[argv[3]] = text
	case argv[0] == "cp":
		if _, there := m.files[argv[3]]; !there {
			m.files[argv[3]] = m.files[argv[2]]
		}
	case argv[0] == "systemctl":
		for i, name := range argv[2:] {
			if partly && i >= (len(argv)-2)/2 {
				break
			}
			switch argv[1] {
			case "start":
				if err := m.start(name); err != nil {
					return err
				}
			case "restart":
				m.stop(name)
				if err := m.start(name); err != nil {
					return err
				}
			case "stop":
				m.stop(name)
			case "enable", "disable":
				m.enabled[name] = argv[1] == "enable"
			default:
				m.w.t.Fatalf("no fake for %q", whole)
			}
		}
	case argv[0] == "sqlite3" && strings.HasPrefix(argv[5], ".backup"):
		m.files[part] = half(live(), partly)
	case argv[0] == "install" && argv[len(argv)-1] == sqliteNew:
		m.files[sqliteNew] = half(m.files[dump], partly)
	case argv[0] == "mysqldump":
		m.needsClient(whole)
		m.files[part] = half(live(), partly)
	case argv[0] == "mysql" && strings.HasPrefix(argv[3], "DROP DATABASE"):
		m.needsClient(whole)
		m.db = ""
	case argv[0] == "tar":
		files := map[string]string{}
		if err := json.Unmarshal(in, &files); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			m.files[keysNew+"/.one/"+name] = half(files[name], partly)
		}
	case argv[0] == "sh":
		return m.script(argv[2], partly, in)
	default:
		m.w.t.Fatalf("no fake for %q", whole)
	}
	return nil
}

func (m *machine) script(script string, partly bool, in []byte) error {
	move := func(from, to string) {
		if text, ok := m.files[from]; ok {
			delete(m.files, from)
			m.files[to] = text
		}
	}
	switch {
	case script == "umask 077; cat > "+part:
		m.files[part] = half(string(in), partly)
	case script == keepSQLite:
		if m.files[sqliteFile] == "" {
			return nil
		}
		delete(m.files, sqliteOld)
		move(sqliteFile+"-journal", sqliteOld+"-journal")
		if !partly {
			move(sqliteFile, sqliteOld)
		}
	case script == keysSwap:
		for name, text := range m.below(keys) {
			delete(m.files, keys+"/"+name)
			m.files[keysOld+"/"+name] = text
		}
		if partly {
			return nil
		}
		for name, text := range m.below(keysNew + "/.one") {
			delete(m.files, keysNew+"/.one/"+name)
			m.files[keys+"/"+name] = text
		}
	case strings.HasPrefix(script, "set -e; there="):
		m.needsClient(script)
		if m.db != "" {
			m.files[Before+".part"] = half(m.db, partly)
			if !partly {
				move(Before+".part", Before)
			}
		}
	case strings.HasPrefix(script, "mysql ") && strings.HasSuffix(script, "< "+dump):
		m.needsClient(script)
		m.db = half(m.files[dump], partly)
	case strings.HasPrefix(script, "set -e; sha256sum < "+dump):
		sum := sha256.Sum256([]byte(m.files[dump]))
		m.files[restored] = half(hex.EncodeToString(sum[:])+"\n", partly)
	default:
		m.w.t.Fatalf("no fake for script %q", script)
	}
	return nil
}
