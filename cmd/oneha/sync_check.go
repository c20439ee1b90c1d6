package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/twin"
)

// syncFormat is the version of what sync --json prints.
const syncFormat = 1

// ownAddresses are this machine's, as text.
func (run *syncing) ownAddresses() []string {
	var own []string
	if run.machine.Root != "/" && run.tool.machine.Interfaces != nil {
		nics, _ := run.tool.machine.Interfaces()
		for _, nic := range nics {
			own = append(own, nic.Addresses...)
		}
	} else if addrs, err := run.addresses(); err == nil {
		for _, a := range addrs {
			own = append(own, a.String())
		}
	}
	for i, a := range own {
		own[i], _, _ = strings.Cut(a, "/")
	}
	return own
}

func (run *syncing) machineName() string {
	name, _ := os.Hostname()
	return cmp.Or(run.tool.machine.Name, name)
}

// syncReport is what --check --json prints.
type syncReport struct {
	Format  int               `json:"format"`
	Mode    twin.Mode         `json:"mode"`
	This    string            `json:"this"`
	Same    bool              `json:"same"`
	Servers []twin.Comparison `json:"servers"`
}

// check compares this server with the others.
func (run *syncing) check(ctx context.Context) error {
	done := run.waiting("comparing files with " + diag.Count(len(run.peers), "server"))
	r := syncReport{Format: syncFormat, Mode: run.mode, This: run.me, Servers: make([]twin.Comparison, len(run.peers))}
	var wait sync.WaitGroup
	for i, p := range run.peers {
		wait.Go(func() { r.Servers[i] = run.compare(ctx, p) })
	}
	wait.Wait()
	done()
	r.Same = !slices.ContainsFunc(r.Servers, func(c twin.Comparison) bool { return !c.Same() })
	if run.c.Bool("json") {
		if err := run.encode(r); err != nil {
			return err
		}
	} else if _, err := fmt.Fprint(run.stdout, syncTables(r, run.statusStyle().Width)); err != nil {
		return err
	}
	if !r.Same {
		return errFindings
	}
	return nil
}

// compare compares this server with one. What goes wrong is something that could not be
// compared.
func (run *syncing) compare(ctx context.Context, p syncPeer) twin.Comparison {
	host := run.host(p)
	defer host.Close()
	here, there, clock, err := run.machine.Both(ctx, host, run.request())
	if err != nil {
		return twin.Comparison{Server: p.name, Differences: []twin.Difference{}, Unknown: []string{err.Error()}}
	}
	return twin.Compare(p.name, here, there, clock)
}

// syncTables is a report for people.
func syncTables(r syncReport, width int) string {
	var b strings.Builder
	for i, c := range r.Servers {
		if i > 0 {
			b.WriteString("\n")
		}
		switch {
		case c.Same():
			fmt.Fprintf(&b, "%s is like %s%s\n", c.Server, r.This, clockNote(c))
			continue
		case len(c.Differences) == 0:
			fmt.Fprintf(&b, "%s: not everything could be compared with %s\n", c.Server, r.This)
		default:
			fmt.Fprintf(&b, "%s differs from %s in %s%s\n", c.Server, r.This, diag.Count(len(c.Differences), "place"), clockNote(c))
			b.WriteString(table(differenceRows(r.This, c), []int{0, 0, 26, 26}, max(width, 100)))
		}
		for _, u := range c.Unknown {
			b.WriteString(paragraph("  not compared: ", "    ", u, width))
		}
	}
	return b.String()
}

func clockNote(c twin.Comparison) string {
	if c.Clock == nil {
		return ""
	}
	return fmt.Sprintf(" (clock %+.2f s, within %.2f s)", c.Clock.Offset.Seconds(), c.Clock.Within.Seconds())
}

// differenceRows are the rows of a table. What is missing with its directory is counted
// there.
func differenceRows(me string, c twin.Comparison) [][]string {
	rows := [][]string{{"ITEM", "WHAT", strings.ToUpper(me), strings.ToUpper(c.Server)}}
	top := map[string]string{} // of directories that one has, the outermost such
	within := map[string]int{} // how many files are in these
	for _, d := range c.Differences {
		if outermost, ok := top[path.Dir(d.Item)]; ok {
			top[d.Item] = outermost
			within[outermost]++
		} else if strings.HasPrefix(d.What, "only ") && d.Here+d.There == string(twin.Directory) {
			top[d.Item] = d.Item
		}
	}
	for _, d := range c.Differences {
		if outermost, ok := top[d.Item]; ok && outermost != d.Item {
			continue
		}
		item, what := d.Item, d.What
		if d.Topic != twin.AboutFile && d.Topic != twin.AboutTime {
			item = string(d.Topic) + " " + item
		}
		if len(d.Names) > 0 {
			what += ": " + strings.Join(d.Names, ", ")
		}
		if n := within[d.Item]; n > 0 {
			what += ", and " + diag.Count(n, "file") + " in it"
		}
		rows = append(rows, []string{item, what, cmp.Or(d.Here, "-"), cmp.Or(d.There, "-")})
	}
	return rows
}

// list prints what is compared and what is kept.
func (run *syncing) list() error {
	rows := [][]string{{"COMPARED", "WHY"}}
	for _, p := range twin.List(run.mode) {
		rows = append(rows, p[:])
	}
	text := "Compared in mode " + string(run.mode) + ", with owner and mode; backups of editors and packages are not:\n" +
		table(rows, []int{46, 0}, 100) + "\nDiffers on purpose, and stays when a file is copied:\n"
	rows = [][]string{{"VALUE", "WHY", "SOURCE"}}
	for _, k := range twin.Kept {
		if k.Mode == "" || k.Mode == run.mode {
			rows = append(rows, []string{path.Base(k.File) + " " + strings.Join(k.Path, " "), k.Why, k.Source})
		}
	}
	_, err := fmt.Fprint(run.stdout, text+table(rows, []int{46, 0, 0}, 130))
	return err
}
