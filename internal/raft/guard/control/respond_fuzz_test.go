package control

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

type anyGuard struct{ asked []string }

func (g *anyGuard) Poke(_ context.Context, role string) Reply {
	g.asked = append(g.asked, role)
	return Reply{Reached: role == Leader, Text: "as told"}
}

func (g *anyGuard) Status(context.Context) (State, error) {
	g.asked = append(g.asked, "status")
	return State{}, nil
}

// A line asks the guard for the one thing that it says, or for nothing; there is always an
// answer.
func FuzzRespond(f *testing.F) {
	for _, line := range []string{"poke leader\n", "poke follower\n", "status\n", "", "poke\n", "poke leader follower\n", "STATUS\n", "poke  leader\x00", "status status"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		g := &anyGuard{}
		answer := string(respond(t.Context(), strings.Fields(line), g))
		want := ""
		switch words := strings.Fields(line); {
		case len(words) == 1 && words[0] == "status":
			want = "status"
		case len(words) == 2 && words[0] == "poke" && (words[1] == Leader || words[1] == Follower):
			want = words[1]
		}
		if got := strings.Join(g.asked, " "); got != want {
			t.Fatalf("%q asks for %q", line, got)
		}
		switch {
		case want == "status" && !json.Valid([]byte(answer)),
			want == Leader && answer != "ok as told\n",
			want == Follower && answer != "not as told\n",
			want == "" && !strings.HasPrefix(answer, "not understood"):
			t.Errorf("%q is answered by %q", line, answer)
		}
	})
}
