// Package apply makes a running cluster's configuration another one, whole or not
// at all, and back.
//
// [Wanted] and [Restored] say what a CIB shall become; [Transaction.Push] has
// Pacemaker make that one change on condition that the configuration is still the
// one that was read, and says what came of it, also when the answer was lost;
// [Store] keeps what was before; [Settle] waits for the consequences. Nothing but
// Pacemaker's own tools is needed, and the package knows nothing of descriptions: it
// is given CIBs.
package apply

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/cib"
)

// Configuration returns the <configuration> of a CIB, byte for byte.
func Configuration(data []byte) ([]byte, error) {
	from, to, err := find(data)
	if err != nil {
		return nil, err
	}
	return data[from:to], nil
}

// find returns where the <configuration> of a CIB begins and ends.
func find(data []byte) (from, to int, err error) {
	in := xml.NewDecoder(bytes.NewReader(data))
	depth := 0
	for {
		at := int(in.InputOffset())
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return 0, 0, errors.New("read CIB: it has no <configuration>")
		}
		if err != nil {
			return 0, 0, fmt.Errorf("read CIB: %w", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			switch depth++; {
			case depth == 1 && e.Name.Local != "cib":
				return 0, 0, errors.New("read CIB: the root element is not <cib>")
			case depth == 2 && e.Name.Local == "configuration":
				if err := in.Skip(); err != nil {
					return 0, 0, fmt.Errorf("read CIB: %w", err)
				}
				return at, int(in.InputOffset()), nil
			}
		case xml.EndElement:
			depth--
		}
	}
}

var (
	epochForm   = regexp.MustCompile(`(\sepoch=")(\d+)(")`)
	updatesForm = regexp.MustCompile(`(\snum_updates=")\d+(")`)
)

// with returns the CIB live with another configuration, as its next version: what
// crm_diff needs to make a patch that Pacemaker accepts.
func with(live, configuration []byte) ([]byte, error) {
	from, to, err := find(live)
	if err != nil {
		return nil, err
	}
	head := live[:from]
	if epoch := epochForm.FindSubmatch(head); epoch != nil { // a file may lack it
		n, err := strconv.Atoi(string(epoch[2]))
		if err != nil {
			return nil, fmt.Errorf("read version of CIB: %w", err)
		}
		head = epochForm.ReplaceAll(head, []byte("${1}"+strconv.Itoa(n+1)+"${3}"))
	}
	head = updatesForm.ReplaceAll(head, []byte("${1}0${2}"))
	return bytes.Join([][]byte{head, configuration, live[to:]}, nil), nil
}

// Wanted returns what the CIB live is to become: the configuration of the CIB
// generated, with the nodes that the cluster knows and what is configured for them,
// and with the properties that Pacemaker writes by itself. Version, schema and
// status are those of live.
func Wanted(live, generated []byte) ([]byte, error) {
	have, want := etree.NewDocument(), etree.NewDocument()
	if err := errors.Join(have.ReadFromBytes(live), want.ReadFromBytes(generated)); err != nil {
		return nil, fmt.Errorf("read CIB: %w", err)
	}
	from, to := have.FindElement("/cib/configuration"), want.FindElement("/cib/configuration")
	if from == nil || to == nil {
		return nil, errors.New("read CIB: it has no <configuration>")
	}
	keepNodes(from, to)
	keepProperties(from, to)
	fragment := etree.NewDocument()
	fragment.WriteSettings.CanonicalAttrVal = true
	fragment.SetRoot(to.Copy())
	fragment.Indent(2)
	text, err := fragment.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("write CIB: %w", err)
	}
	return with(live, bytes.TrimSpace(text))
}

// keepNodes takes the nodes over. What the new configuration itself says of a node
// replaces what was said of it.
func keepNodes(from, to *etree.Element) {
	nodes, said := etree.NewElement("nodes"), map[string]*etree.Element{}
	if old := to.SelectElement("nodes"); old != nil {
		for _, n := range old.ChildElements() {
			said[n.SelectAttrValue("uname", "")] = n
		}
		to.InsertChildAt(old.Index(), nodes)
		to.RemoveChild(old)
	} else {
		to.AddChild(nodes)
	}
	for _, section := range from.SelectElements("nodes") {
		for _, n := range section.ChildElements() {
			n = n.Copy()
			if new, ok := said[n.SelectAttrValue("uname", "")]; ok {
				for _, c := range n.ChildElements() {
					n.RemoveChild(c)
				}
				for _, c := range new.ChildElements() {
					n.AddChild(c.Copy())
				}
			}
			nodes.AddChild(n)
		}
	}
}

// keepProperties takes over what Pacemaker found out by itself.
func keepProperties(from, to *etree.Element) {
	section := to.SelectElement("crm_config")
	if section == nil {
		section = etree.NewElement("crm_config")
		to.InsertChildAt(0, section)
	}
	set := section.SelectElement("cluster_property_set")
	if set == nil {
		set = section.CreateElement("cluster_property_set")
		set.CreateAttr("id", "cib-bootstrap-options")
	}
	for _, nv := range from.FindElements("crm_config/cluster_property_set/nvpair") {
		name := nv.SelectAttrValue("name", "")
		if !cib.IsDetected(name) {
			continue
		}
		if there := set.FindElement("nvpair[@name='" + name + "']"); there != nil {
			there.CreateAttr("value", nv.SelectAttrValue("value", ""))
		} else {
			set.AddChild(nv.Copy())
		}
	}
}

// Restored returns the CIB live with a configuration that it had before, byte for
// byte. When the nodes or Pacemaker's release have changed since, those of now are
// kept, and exact is false.
func Restored(live, configuration []byte) (restored []byte, exact bool, err error) {
	old := bytes.Join([][]byte{[]byte("<cib>"), configuration, []byte("</cib>")}, nil)
	have, err := members(live)
	if err != nil {
		return nil, false, err
	}
	had, err := members(old)
	if err != nil {
		return nil, false, err
	}
	if have == had {
		restored, err = with(live, configuration)
		return restored, true, err
	}
	restored, err = Wanted(live, old)
	return restored, false, err
}

// members says which nodes a CIB knows and which Pacemaker wrote it.
func members(data []byte) (string, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		return "", fmt.Errorf("read CIB: %w", err)
	}
	var b bytes.Buffer
	for _, n := range doc.FindElements("/cib/configuration/nodes/*") {
		fmt.Fprintf(&b, "%s=%s ", n.SelectAttrValue("id", ""), n.SelectAttrValue("uname", ""))
	}
	for _, nv := range doc.FindElements("/cib/configuration/crm_config/cluster_property_set/nvpair[@name='dc-version']") {
		b.WriteString(nv.SelectAttrValue("value", ""))
	}
	return b.String(), nil
}
