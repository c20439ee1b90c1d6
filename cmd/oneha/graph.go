package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/picture"
)

// writeGraph draws a cluster into a file, as SVG or in Graphviz's language by the
// file's name. Corosync may be nil: then the nodes are those that the CIB names. The
// title is the cluster's name when it is "".
func (t tool) writeGraph(file string, configuration, corosync []byte, title string) error {
	draw, err := graphForm(file)
	if err != nil {
		return err
	}
	p, err := picture.FromCIB(configuration, corosync)
	if err != nil {
		return fmt.Errorf("draw cluster: %w", err)
	}
	if title != "" {
		p.Title = title
	}
	return writeFiles(filepath.Dir(file), []cib.File{{Name: filepath.Base(file), Data: draw(p), Mode: 0o644}})
}

// graphForm returns what draws a file of that name. It fails before anything long is
// started for a picture that cannot be drawn.
func graphForm(file string) (draw func(picture.Picture) []byte, err error) {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".svg":
		return picture.Picture.SVG, nil
	case ".dot":
		return picture.Picture.DOT, nil
	}
	return nil, fmt.Errorf("--graph %s: the name has to end in .svg or .dot", file)
}
