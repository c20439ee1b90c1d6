package zoneconf

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Patch is what makes is of was, for patch(1): changed lines alone and none around
// them, which may hold a secret. It is nil when nothing changes.
func Patch(name string, was, is []byte) []byte {
	if bytes.Equal(was, is) {
		return nil
	}
	a, b := linesOf(was), linesOf(is)
	var out bytes.Buffer
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", name, name)
	i, j := 0, 0
	for _, same := range append(common(a, b), [2]int{len(a), len(b)}) {
		if old, new := a[i:same[0]], b[j:same[1]]; len(old)+len(new) > 0 {
			fmt.Fprintf(&out, "@@ -%s +%s @@\n", span(i, len(old)), span(j, len(new)))
			write(&out, '-', old)
			write(&out, '+', new)
		}
		i, j = same[0]+1, same[1]+1
	}
	return out.Bytes()
}

// span is where lines stand, as a patch has it: an empty span stands behind the line
// that it names.
func span(from, count int) string {
	if count > 0 {
		from++
	}
	return fmt.Sprintf("%d,%d", from, count)
}

func write(out *bytes.Buffer, sign byte, lines []string) {
	for _, l := range lines {
		out.WriteByte(sign)
		out.WriteString(l)
		if !strings.HasSuffix(l, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

func linesOf(text []byte) []string { return slices.Collect(strings.Lines(string(text))) }

// common are the pairs of equal lines of a longest common subsequence. The files have
// some thousand lines, of which a few differ.
func common(a, b []string) (pairs [][2]int) {
	head, tail := 0, 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	x, y := a[head:len(a)-tail], b[head:len(b)-tail]
	length := make([][]int32, len(x)+1) // of what is common from here on
	for i := range length {
		length[i] = make([]int32, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	for i := range head {
		pairs = append(pairs, [2]int{i, i})
	}
	for i, j := 0, 0; i < len(x) && j < len(y); {
		switch {
		case x[i] == y[j]:
			pairs = append(pairs, [2]int{head + i, head + j})
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	for i := range tail {
		pairs = append(pairs, [2]int{len(a) - tail + i, len(b) - tail + i})
	}
	return pairs
}
