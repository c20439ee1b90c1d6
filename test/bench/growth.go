package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Sizes of clusters as people have them; each line is beside the first of its kind.
var (
	smallCounts = []int{classicResources, 20, 100}
	nodeCounts  = []int{2, 4, 8, 16}
)

// sizesLines measures how what oneha does with a description grows with resources and with
// nodes, in sizes that occur; configLines has those that do not. And how what it does after a
// failover grows with virtual machines.
func sizesLines(ctx context.Context, t *table) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var texts []string
	for _, n := range smallCounts {
		texts = append(texts, description(n))
	}
	if err := sizeGrowth(ctx, t, dir, "resources", smallCounts, texts); err != nil {
		return err
	}
	texts = nil
	for _, n := range nodeCounts {
		texts = append(texts, manyNodes(n))
	}
	if err := sizeGrowth(ctx, t, dir, "nodes", nodeCounts, texts); err != nil {
		return err
	}
	return recoverLines(ctx, t, dir)
}

// sizeGrowth measures generate for each text, which has so many of a thing.
func sizeGrowth(ctx context.Context, t *table, dir, of string, counts []int, texts []string) error {
	var generate []program
	for i, n := range counts {
		file := filepath.Join(dir, fmt.Sprintf("%s-%d.yaml", of, n))
		if err := os.WriteFile(file, []byte(texts[i]), 0o644); err != nil {
			return err
		}
		name := fmt.Sprintf("oneha generate, %d %s", n, of)
		generate = append(generate, program{name: name, args: []string{onehaPath, "generate", file, "-o", filepath.Join(dir, fmt.Sprintf("%s-%d", of, n))}})
	}
	costs, err := contest(ctx, "generate for more "+of, growthRounds, generate...)
	if err != nil {
		return err
	}
	for i, n := range counts[1:] {
		t.beside(fmt.Sprintf("generate, %d %s, CPU", n, of), cpu, costs[i+1], fmt.Sprintf("%d %s", counts[0], of), costs[0], limit{})
	}
	return nil
}

// manyNodes is a description of the classic services on so many nodes.
func manyNodes(nodes int) string {
	var b strings.Builder
	b.WriteString("version: 1\ncluster: opennebula\nnodes:\n")
	for i := range nodes {
		fmt.Fprintf(&b, "  one-server%d: {addr: 10.3.4.%d, bmc: \"ipmi://10.3.5.%d\"}\n", i+1, 20+i, 20+i)
	}
	b.WriteString("bmc: {username: oneha, password_file: /etc/oneha/bmc}\nvip: 10.3.4.2/24\nservices: [oned, sunstone, gate, flow]\n")
	return b.String()
}
