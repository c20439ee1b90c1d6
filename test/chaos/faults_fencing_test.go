package chaos

import "testing"

// TestChassisWords reads requests and answers as ipmi_sim and the lab write them: a lie
// that does not recognise them would be the truth, and its rounds would show nothing.
func TestChassisWords(t *testing.T) {
	for _, tt := range []struct {
		request       string
		off, on, asks bool
	}{
		{"one-server1 get power", false, false, true},
		{"one-server1 get power boot", false, false, true},
		{"one-server1 get boot", false, false, false},
		{"one-server1 set power 0", true, false, false},
		{"one-server1 set power 1", false, true, false},
		{`one-server1 set power "0"`, true, false, false},
		{"one-server1 check power 0", false, false, false},
	} {
		if off, on, asks := switches(tt.request, "0"), switches(tt.request, "1"), asksPower(tt.request); off != tt.off || on != tt.on || asks != tt.asks {
			t.Errorf("%q: switches off %v, on %v, asks %v", tt.request, off, on, asks)
		}
	}
	const answer = "power:0\nboot:default\n"
	if got := said(answer, true); got != "power:1\nboot:default\n" || said(got, false) != answer || said(answer, false) != answer {
		t.Errorf("said %q", got)
	}
}
