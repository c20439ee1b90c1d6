package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/commands"
	"github.com/oneha/oneha/internal/complete"
)

// answered is what a shell is told for words after oneha, the last at the cursor.
func answered(t *testing.T, words ...string) string {
	t.Helper()
	var out, bad bytes.Buffer
	if code := run(context.Background(), append([]string{"oneha", "completion", "answer", "oneha"}, words...), strings.NewReader(""), &out, &bad); code != exitOK || bad.Len() > 0 {
		t.Fatalf("%q: exit code %d: %s", words, code, bad.String())
	}
	return out.String()
}

// first are the words of an answer without what they mean.
func first(answer string) (words []string) {
	for line := range strings.Lines(answer) {
		word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		words = append(words, word)
	}
	return words
}

func TestCompletion(t *testing.T) {
	raft, nodes := "../../examples/raft.yaml", "../../examples/two-node.yaml"
	for _, test := range []struct{ typed, want string }{
		{"ra", "raft"},
		{"re", "recover"}, // reference is nobody's business
		{"raft re", "replace reset"},
		{"check _", ":yaml"},
		{"import _", ":files"},
		{"apply --no", "--no-failures"},
		{"apply --yes --y", ""}, // given already
		{"plan --fail a --fa", "--fail"},
		{"check --explain F0", "F01 F02 F03 F04 F05 F06 F07 F08 F09"},
		{"check --explain=F01", "F01"},
		{"check --rules F01,F0", "F01,F02 F01,F03 F01,F04 F01,F05 F01,F06 F01,F07 F01,F08 F01,F09"},
		{"check --cib li", "live :files"},
		{"check --json=", ""},
		{"recover explain PROLOG_MIGRATE_P", "PROLOG_MIGRATE_POWEROFF PROLOG_MIGRATE_POWEROFF_FAILURE"},
		{"explain qdevice.a", "qdevice.algorithm :yaml"},
		{"explain --target debian-12 qdevice.a", "qdevice.algorithm :yaml"},
		{"explain --target rhel-8", "rhel-8"},
		{"generate f -o _", ":dirs"},
		{"generate --format pcs,co", "pcs,corosync"},
		{"init --layout _", "staged colocation group"},
		{"sync --mode _", "pacemaker raft"},
		{"init --services oned,su", "oned,sunstone"},
		{"raft -f " + raft + " leave server-", "server-0 server-1 server-2"},
		{"raft leave --file=" + raft + " server-2", "server-2"},
		{"fence off -f " + nodes + " _", "one-server1 one-server2"},
		{"fence off -f nowhere.yaml _", "--device --json --verbose --yes --help"},
		{"fence off -f - one", ""},
		{"completion _", "bash zsh fish"},
		{"version _", "--help"},
		{"-- --x", ""},
		{"no-such-command --x", ""},
		{"tm list --file _", ":files"},
	} {
		words := strings.Fields(test.typed)
		if last := len(words) - 1; words[last] == "_" {
			words[last] = "" // nothing yet
		}
		if got := strings.Join(first(answered(t, words...)), " "); got != test.want {
			t.Errorf("oneha %s: got %s, want %s", test.typed, got, test.want)
		}
	}
}

// Without --file it is the description that the command would read.
func TestCompletionReadsTheDescriptionHere(t *testing.T) {
	text, err := os.ReadFile("../../examples/raft.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile(defaultFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := answered(t, "raft", "join", ""); got != "server-0\t192.168.150.1\nserver-1\t192.168.150.2\nserver-2\t192.168.150.3\n" {
		t.Errorf("%q", got)
	}
	// A file that is no description, and names that would be another answer.
	for _, text := range []string{"\xff\x00", "version: 1\nnodes: {\":files\": 1, \"a\\nb\": 10.0.0.1}\n"} {
		if err := os.WriteFile(defaultFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := answered(t, "raft", "join", "s"); got != "" {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// Whatever the help says a value or argument stands for is known here, or is a word
// that only the person can know.
func TestCompletionKnowsTheWordsOfTheHelp(t *testing.T) {
	persons := map[string]bool{}
	for _, word := range strings.Fields("ADDRESS/PREFIX DURATION HOST ID N NAME NAME=ADDRESS NAME=URL SECONDS TIME URL USER VERSION WORDS VM ACTION VALUE NEW") {
		persons[word] = true
	}
	here := newTool(strings.NewReader(""), io.Discard, io.Discard)
	known := func(c commands.Command, kind string) {
		offer := here.completionValues(kind, "", complete.Typed{Command: c.Name})
		if len(offer.Words) == 0 && offer.Files == "" && !persons[kind] && kind != "SERVER" && kind != "NODE" && kind != "OLD" {
			t.Errorf("%s: nothing is known of %s", c.Name, kind)
		}
	}
	for _, c := range treeOf(tool{}.app()).All() {
		for _, f := range c.VisibleFlags() {
			if f.Value != "" {
				known(c, f.Value)
			}
		}
		for _, argument := range c.Arguments {
			for kind := range strings.SplitSeq(strings.TrimSuffix(argument, "..."), "|") {
				known(c, kind)
			}
		}
	}
}

// The scripts that are printed are those that are installed.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		var out, bad bytes.Buffer
		if code := run(context.Background(), []string{"oneha", "completion", shell}, strings.NewReader(""), &out, &bad); code != exitOK {
			t.Fatalf("%s: exit code %d: %s", shell, code, bad.String())
		}
		want, err := os.ReadFile(filepath.Join("..", "..", "internal", "complete", "oneha."+shell))
		if err != nil {
			t.Fatal(err)
		}
		if out.String() != string(want) {
			t.Errorf("%s: another script", shell)
		}
	}
	for _, args := range [][]string{{}, {"tcsh"}, {"bash", "more"}} {
		var out, bad bytes.Buffer
		if code := run(context.Background(), append([]string{"oneha", "completion"}, args...), strings.NewReader(""), &out, &bad); code != exitTrouble || out.Len() > 0 {
			t.Errorf("%q: exit code %d, %q", args, code, out.String())
		}
	}
}
