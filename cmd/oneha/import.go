package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/adopt"
	"github.com/oneha/oneha/internal/cibtext"
	"github.com/oneha/oneha/internal/crmtext"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/pacemaker"
	"github.com/oneha/oneha/internal/pcstext"
)

func (t tool) importCommand() *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "make a description of a cluster that is configured already",
		ArgsUsage: "[FILE]",
		Description: "FILE is a CIB, what `pcs config` prints, or what `crm configure show` prints; the\n" +
			"content says which. --cib live reads the running cluster, with this node's\n" +
			"corosync.conf. What a description cannot say is listed, and so is what it says in\n" +
			"addition: nothing is lost in silence, and nothing is changed. A password is never\n" +
			"repeated; the description names a file for it.\n\n" +
			"Examples:\n" +
			"  oneha import --cib live -o oneha.yaml\n" +
			"  oneha import cib.xml --corosync corosync.conf -o oneha.yaml\n" +
			"  pcs config | oneha import - > draft.yaml\n" +
			"  oneha import --cib live --raw -o oneha.yaml    keep the rest as XML\n\n" +
			"Exit codes: 0 a description was written, perhaps with something left over; 1 what\n" +
			"was written lacks something that the sources do not say, or with --strict\n" +
			"something is left over; 2 wrong usage, or something that cannot be read.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "cib", Usage: "read the CIB in `FILE`; live is the running cluster's, with this node's corosync.conf"},
			&cli.StringFlag{Name: "corosync", Usage: "read the corosync.conf in `FILE`"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the description to `FILE`, which must not exist"},
			&cli.BoolFlag{Name: "force", DisableDefaultText: true, Usage: "write over the output file"},
			&cli.BoolFlag{Name: "raw", DisableDefaultText: true, Usage: "keep what no key can say, node attributes and defaults too, as raw: {xml: ...}, as far as that holds it"},
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print what was found as JSON on standard output, with the description in it"},
			&cli.BoolFlag{Name: "strict", DisableDefaultText: true, Usage: "take everything that is left over for an error"},
		},
		Action: t.importCluster,
	}
}

func (t tool) importCluster(c *cli.Context) error {
	output := c.String("output")
	if output == "" && c.IsSet("output") {
		return errors.New("the name of the output file is empty: use -o FILE")
	}
	if _, err := os.Lstat(output); output != "" && err == nil && !c.Bool("force") {
		return fmt.Errorf("write description: %s exists: choose another name, or add --force", output)
	}
	src, findings, err := t.importSource(c)
	if err != nil {
		return err
	}
	src.KeepRaw = c.Bool("raw")
	adopted, err := adopt.From(src)
	if err != nil {
		t.print(findings)
		return fmt.Errorf("import %s: %w", src.Name, err)
	}
	findings = append(unsaid(findings, adopted), adopted.Findings()...)
	if c.Bool("strict") {
		for i := range findings {
			findings[i].Severity = diag.Error
		}
	}
	text := adopted.Description(src.Name)
	if output != "" {
		if err := writeFiles(filepath.Dir(output), []cib.File{{Name: filepath.Base(output), Data: text, Mode: 0o644}}); err != nil {
			return err
		}
	}
	switch {
	case c.Bool("json"):
		err = t.encode(newImportReport(adopted, text, findings))
	default:
		t.print(findings)
		fmt.Fprintf(t.stderr, "%s: %s\n", src.Name, importSummary(adopted, findings, output))
		if output == "" {
			_, err = t.stdout.Write(text)
		}
	}
	if err == nil && findings.HasErrors() {
		err = errFindings
	}
	return err
}

// unsaid are the findings of a text's reader but those of masked values that are among
// the leftovers, too, which say what to do about them.
func unsaid(findings diag.Findings, a adopt.Adoption) diag.Findings {
	return slices.DeleteFunc(findings, func(f diag.Finding) bool {
		return strings.HasPrefix(f.What, crmtext.Masks) && slices.ContainsFunc(a.Leftovers, func(l adopt.Leftover) bool { return l.Line == f.Line && l.Column == f.Column })
	})
}

// importSource reads what is to be imported.
func (t tool) importSource(c *cli.Context) (src adopt.Source, findings diag.Findings, err error) {
	file := c.String("cib")
	switch {
	case c.NArg() > 1:
		_, err := oneFile(c)
		return src, nil, err
	case c.NArg() == 1 && c.IsSet("cib"):
		return src, nil, errors.New("both FILE and --cib are given: keep one of them")
	case c.NArg() == 0 && file == "":
		return src, nil, fmt.Errorf("nothing to import: give a FILE, or --cib live for the running cluster; see %s --help", c.Command.HelpName)
	case c.NArg() == 1:
		file = c.Args().First()
	}
	if c.String("corosync") == "-" && file == "-" {
		return src, nil, errors.New("standard input can be one file only: name the other")
	}
	live := c.String("cib") == "live"
	src.Name = "live CIB"
	if live {
		src.CIB, err = pacemaker.Tools{}.Query(c.Context)
	} else {
		src.Name, src.CIB, err = t.readLarge(file)
	}
	if err != nil {
		return src, nil, fmt.Errorf("read CIB: %w", err)
	}
	if src.CIB, src.Places, findings, err = asCIB(src.Name, src.CIB); err != nil {
		t.print(findings)
		return src, nil, err
	}
	switch conf := c.String("corosync"); {
	case conf != "":
		src.CorosyncName, src.Corosync, err = t.readLarge(conf)
	case live:
		src.CorosyncName, src.Corosync, err = t.readLocal(corosyncConf)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		return src, nil, fmt.Errorf("read corosync.conf: %w", err)
	}
	if live {
		src.Hosts = t.hosts()
	}
	return src, findings, nil
}

// asCIB returns a configuration as a CIB, whatever tool printed it, and where its parts
// stand in what was printed; places are nil for a CIB.
func asCIB(name string, data []byte) (out []byte, places cibtext.Places, findings diag.Findings, err error) {
	switch head := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff"))); {
	case len(head) == 0:
		return nil, nil, nil, fmt.Errorf("import %s: it is empty", name)
	case head[0] == '<':
		return data, nil, nil, nil
	case pcstext.Recognise(data):
		out, places, findings = pcstext.Read(name, data)
	case crmtext.Recognise(data):
		out, places, findings = crmtext.Read(name, data)
	default:
		return nil, nil, nil, fmt.Errorf("import %s: it is neither a CIB nor what `pcs config` or `crm configure show` prints: use cibadmin --query to get a CIB", name)
	}
	if out == nil {
		return nil, nil, findings, fmt.Errorf("import %s: nothing of it could be read: use cibadmin --query to get a CIB", name)
	}
	return out, places, findings, nil
}

// hosts looks names up in this machine's /etc/hosts, where loopback addresses do not
// count.
func (t tool) hosts() func(string) []netip.Addr {
	_, data, err := t.readLocal("/etc/hosts")
	if err != nil {
		return nil
	}
	return func(name string) (found []netip.Addr) {
		for line := range strings.Lines(string(data)) {
			line, _, _ = strings.Cut(line, "#")
			words := strings.Fields(line)
			for _, w := range words[min(1, len(words)):] {
				if a, err := netip.ParseAddr(words[0]); err == nil && strings.EqualFold(w, name) && !a.IsLoopback() && a.Zone() == "" {
					found = append(found, a)
				}
			}
		}
		return found
	}
}

// importReport is what --json prints.
type importReport struct {
	Description string           `json:"description"`
	Complete    bool             `json:"complete"` // it is a valid one
	FrontEnd    bool             `json:"front_end"`
	Facts       int              `json:"facts"` // of the cluster
	Said        int              `json:"said"`  // of those, how many the description says
	Leftovers   []adopt.Leftover `json:"leftovers"`
	Findings    diag.Findings    `json:"findings"`
}

func newImportReport(a adopt.Adoption, text []byte, findings diag.Findings) importReport {
	return importReport{
		Description: string(text), Complete: len(a.Errors) == 0, FrontEnd: a.FrontEnd, Facts: a.Facts, Said: a.Said,
		Leftovers: append([]adopt.Leftover{}, a.Leftovers...), Findings: append(diag.Findings{}, findings...),
	}
}

// importSummary says in one line how well it went.
func importSummary(a adopt.Adoption, findings diag.Findings, output string) string {
	s := fmt.Sprintf("the description says %d of %s", a.Said, diag.Count(a.Facts, "fact"))
	switch {
	case !a.FrontEnd:
		s += "; nothing runs oned, so this is no front-end of OpenNebula's"
	case len(a.Errors) > 0:
		s += "; it is incomplete, see what is marked MISSING"
	}
	if output != "" {
		s += "; written to " + output
	}
	return s + "; " + tally(findings)
}
