package zonelab

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/fakeoned"
	"github.com/oneha/oneha/test/fakezone"
)

// secrets are what the servers of a zone have in common and nobody else knows. They
// are made for each lab.
type secrets struct {
	auth     string // oneadmin's, "user:password"
	key      string // one_key
	database string // password of MySQL's user oneadmin
	login    keyPair
	hosts    []keyPair // of sshd, by server: a server that is installed again has its old one
}

// keyPair is a pair of ssh keys in the forms of OpenSSH's files.
type keyPair struct{ private, public string }

func newSecrets(servers int) (secrets, error) {
	s := secrets{auth: "oneadmin:" + secret(), key: secret() + secret(), database: secret()}
	var err error
	if s.login, err = newKeyPair(); err != nil {
		return s, err
	}
	for range servers {
		k, err := newKeyPair()
		if err != nil {
			return s, err
		}
		s.hosts = append(s.hosts, k)
	}
	return s, nil
}

func newKeyPair() (keyPair, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return keyPair{}, fmt.Errorf("make ssh key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return keyPair{}, fmt.Errorf("make ssh key: %w", err)
	}
	line, err := ssh.NewPublicKey(public)
	if err != nil {
		return keyPair{}, fmt.Errorf("make ssh key: %w", err)
	}
	return keyPair{string(pem.EncodeToMemory(block)), string(ssh.MarshalAuthorizedKey(line))}, nil
}

func secret() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// bootUnits are what every machine starts: what is enabled on it, by way of
// multi-user.target, and what that needs.
var bootUnits = []string{"dbus.service", "multi-user.target"}

// seed is what makes the disk of server id one in a state.
func (l *Lab) seed(id int, state State) func(upper string) error {
	return func(upper string) error {
		files, err := l.files(id, state)
		if err != nil {
			return err
		}
		// The lab wrote its own.
		if err := os.Remove(filepath.Join(upper, "etc/hosts")); err != nil {
			return err
		}
		return writeAll(upper, files)
	}
}

func (l *Lab) files(id int, state State) ([]file, error) {
	configured, err := l.configured(id, state)
	if err != nil {
		return nil, err
	}
	host := l.secrets.hosts[id]
	auth := "oneadmin:" + secret() // what the packages make at installation
	if state != Blank {
		auth = l.secrets.auth
	}
	files := append(configured, []file{
		{path: "etc/hosts", text: hosts(l.opt.Servers)},
		{path: "etc/ssh/ssh_host_ed25519_key", text: host.private, mode: 0o600},
		{path: "etc/ssh/ssh_host_ed25519_key.pub", text: host.public},
		{path: "etc/ssh/ssh_known_hosts", text: l.knownHosts()},
		{path: "root/.ssh", dir: true, mode: 0o700},
		{path: "root/.ssh/id_ed25519", text: l.secrets.login.private, mode: 0o600},
		{path: "root/.ssh/authorized_keys", text: l.secrets.login.public, mode: 0o600},
		{path: onedFlags, text: l.opt.Timers.flags()},
		{path: "var/lib/one/.one", dir: true, mode: 0o700},
		{path: "var/lib/one/.one/one_auth", text: auth + "\n", mode: 0o600},
	}...)
	units := append([]string{}, enabled...)
	if state != Blank {
		units = append(units, "opennebula.service")
		files = append(files, file{path: "var/lib/one/.one/one_key", text: l.secrets.key + "\n", mode: 0o600},
			file{path: "etc/oneha/oneha.yaml", text: l.Description()})
	}
	if state == Formed {
		units = append(units, zoneconf.GuardUnit)
		zone, err := l.zone()
		if err != nil {
			return nil, err
		}
		files = append(files, file{path: zoneFile, text: zone})
	}
	if l.opt.Database == MySQL {
		units = append(units, "zonelab-database.service")
		sql := fmt.Sprintf("CREATE DATABASE IF NOT EXISTS opennebula;\nCREATE USER IF NOT EXISTS oneadmin@localhost IDENTIFIED BY '%[1]s', oneadmin@'127.0.0.1' IDENTIFIED BY '%[1]s';\n"+
			"GRANT ALL ON opennebula.* TO oneadmin@localhost, oneadmin@'127.0.0.1';\n", l.secrets.database)
		files = append(files, file{path: "etc/oneha-test/database.sql", text: sql, mode: 0o600})
	} else {
		files = append(files, file{path: "etc/systemd/system/mariadb.service", link: "/dev/null"})
	}
	for _, u := range units {
		files = append(files, file{path: "etc/systemd/system/multi-user.target.wants/" + u, link: "/usr/lib/systemd/system/" + u})
	}
	return files, nil
}

// knownHosts is what tells ssh every server's key, by name and by address.
func (l *Lab) knownHosts() string {
	var b strings.Builder
	for id, k := range l.secrets.hosts {
		fmt.Fprintf(&b, "%s,%s %s", Name(id), Addr(id), k.public)
	}
	return b.String()
}

// Description is that of a zone of the servers with these IDs (none: of all that are
// or are to be members), as an administrator writes it.
func (l *Lab) Description(ids ...int) string {
	if len(ids) == 0 {
		for id := range l.opt.Members {
			ids = append(ids, id)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\nmode: raft\nzone: 0\nrelease: \"6.10\"\ndatabase: %s\nnodes:\n", l.opt.Database)
	for _, id := range ids {
		fmt.Fprintf(&b, "  %s: %s\n", Name(id), Addr(id))
	}
	t := l.opt.Timers
	fmt.Fprintf(&b, "vip: {address: %s, nic: %s}\ntimers: {election: %s, heartbeat: %s, rpc: %s}\n", VIP, NIC, t.Election, t.Heartbeat, t.XMLRPC)
	return b.String()
}

// configured are the files below /etc/one that a person, or oneha, edits: as shipped,
// with the database, and on a server of the zone as the zone needs them.
func (l *Lab) configured(id int, state State) ([]file, error) {
	texts := map[string][]byte{}
	for path, shipped := range map[string]string{zoneconf.OnedConf: "oned-6.10.conf", zoneconf.MonitordConf: "monitord-7.4.conf"} {
		text, err := os.ReadFile(filepath.Join(l.opt.Source, "internal/confedit/testdata", shipped))
		if err != nil {
			return nil, err
		}
		texts[path] = text
	}
	for path, f := range fakeoned.Files() {
		if slices.Contains(zoneconf.Files, path) && texts[path] == nil {
			texts[path] = []byte(f.Text)
		}
	}
	if l.opt.Database == MySQL {
		text, err := l.withMySQL(texts[zoneconf.OnedConf])
		if err != nil {
			return nil, err
		}
		texts[zoneconf.OnedConf] = text
	}
	if state == Formed {
		if err := l.ofZone(id, texts); err != nil {
			return nil, err
		}
	}
	var files []file
	for path, text := range texts {
		files = append(files, file{path: path[1:], text: string(text), mode: 0o640})
	}
	return files, nil
}

// withMySQL is an oned.conf with a database of MySQL.
func (l *Lab) withMySQL(text []byte) ([]byte, error) {
	f, findings := confedit.Parse(zoneconf.OnedConf, text)
	if findings.HasErrors() {
		return nil, fmt.Errorf("%v", findings)
	}
	pair := func(key, value string) confedit.Pair { return confedit.Pair{Key: key, Value: value} }
	err := f.SetVector("DB", pair("BACKEND", "mysql"), pair("SERVER", "localhost"), pair("PORT", "0"), pair("USER", "oneadmin"),
		pair("PASSWD", l.secrets.database), pair("DB_NAME", "opennebula"), pair("CONNECTIONS", "25"))
	return f.Bytes(), err
}

// ofZone makes configuration files those of a server of the zone.
func (l *Lab) ofZone(id int, texts map[string][]byte) error {
	described, findings := spec.Parse("oneha.yaml", []byte(l.Description()))
	if findings.HasErrors() || described.Zone == nil {
		return fmt.Errorf("describe zone: %v", findings)
	}
	for path, text := range texts {
		edited, findings := zoneconf.Edits(described.Zone, described.Zone.Servers[id], path, text)
		if findings.HasErrors() {
			return fmt.Errorf("edit %s: %v", path, findings)
		}
		texts[path] = edited.Text
	}
	return nil
}

// zone is the finished zone as the fake keeps it: its servers, and for clients the
// floating IP.
func (l *Lab) zone() (string, error) {
	var members []fakezone.Member
	for id := range l.opt.Members {
		members = append(members, fakezone.Member{ID: id, Name: Name(id), Endpoint: Endpoint(id)})
	}
	d := fakezone.NewDatabase(members...)
	d.Template["ENDPOINT"] = fmt.Sprintf("http://%s:2633/RPC2", VIP.Addr())
	text, err := json.Marshal(d)
	return string(text), err
}
