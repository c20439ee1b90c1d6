package chaos

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// noteCIB keeps the configuration of before the fault.
func noteCIB(ctx context.Context, r *Round) error {
	text, err := localCIB(ctx, r.Active)
	if err != nil {
		return err
	}
	r.Kept[ruleCIB], err = configuration(text)
	return err
}

// sameLimit is how long nodes may differ: something may just be written.
const sameLimit = 30 * time.Second

// auditCIB waits until all nodes have one and the same CIB, the status and the versions
// included, and compares its configuration with that of before.
func auditCIB(ctx context.Context, r *Round, _ Want) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, sameLimit)
	defer cancel()
	for {
		texts := map[string][]string{} // nodes by what they have
		first := ""
		for _, n := range r.Cluster.Nodes {
			text, err := localCIB(ctx, n)
			if err != nil {
				return nil, err
			}
			text = written.ReplaceAllString(text, "")
			texts[text] = append(texts[text], n.Name)
			first = text
		}
		if len(texts) == 1 {
			now, err := configuration(first)
			if err != nil {
				return nil, err
			}
			before, _ := r.Kept[ruleCIB].([]string)
			return changes(before, now), nil
		}
		select {
		case <-ctx.Done():
			var found []string
			for text, nodes := range texts {
				head, _, _ := strings.Cut(text, ">")
				found = append(found, fmt.Sprintf("the CIB of %s differs: %s>, %d bytes", strings.Join(nodes, ", "), head, len(text)))
			}
			slices.Sort(found)
			return found, nil
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// written is when a node wrote the CIB to its disk, which each does for itself, and who
// changed it or a part of it last: a node that was sent all of it has its sender there.
// These are the attributes that Pacemaker leaves out as well of the digests by which its
// nodes compare what they have (pcmk__xa_filterable in its lib/common/digest.c), so it does
// not make them equal either.
var written = regexp.MustCompile(` (cib-last-written|crm-debug-origin|update-(origin|client|user))="[^"]*"`)

// askLimit ends a question to a node.
const askLimit = 20 * time.Second

// localCIB is the node's own copy.
func localCIB(ctx context.Context, n *lab.Node) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	r, err := n.Exec(ctx, "cibadmin", "--query", "--local")
	return r.Stdout, err
}

// cleanedUp marks where crm_resource --cleanup notes when it was last called.
const cleanedUp = `name="last-lrm-refresh"`

// configuration lists what a CIB configures, sorted: every element with its attributes
// behind the IDs of those it is in. A set of attributes without any says nothing, and a
// command that removed the last one leaves it: it is left out. So is the time at which
// Pacemaker last looked anew at everything, which a clean-up makes it do.
func configuration(text string) (lines []string, err error) {
	in := xml.NewDecoder(strings.NewReader(text))
	var path []string
	inside := false
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			slices.Sort(lines)
			return lines, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read CIB: %w", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			line := e.Name.Local
			id := line
			var attributes []string
			for _, a := range e.Attr {
				attributes = append(attributes, fmt.Sprintf("%s=%q", a.Name.Local, a.Value))
				if a.Name.Local == "id" {
					id += "#" + a.Value
				}
			}
			slices.Sort(attributes)
			if inside = inside || line == "configuration"; inside && !strings.HasSuffix(line, "_attributes") && !slices.Contains(attributes, cleanedUp) {
				lines = append(lines, strings.Join(append(path, append([]string{line}, attributes...)...), " "))
			}
			path = append(path, id)
		case xml.EndElement:
			path = path[:len(path)-1]
			inside = inside && e.Name.Local != "configuration"
		}
	}
}

// changes says what came and what went.
func changes(before, now []string) (found []string) {
	for _, line := range before {
		if !slices.Contains(now, line) {
			found = append(found, "gone: "+line)
		}
	}
	for _, line := range now {
		if !slices.Contains(before, line) {
			found = append(found, "new: "+line)
		}
	}
	return found
}
