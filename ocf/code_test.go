package ocf_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/oneha/oneha/ocf"
)

func TestCodeOf(t *testing.T) {
	cause := errors.New("no current")
	tests := []struct {
		err  error
		code ocf.Code
		text string
	}{
		{nil, 0, ""},
		{cause, 1, "no current"},
		{ocf.Failed("light lamp", cause), 1, "light lamp: no current"},
		{ocf.Perm("not root"), 4, "not root"},
		{ocf.Installed("no bulb"), 5, "no bulb"},
		{ocf.Configured("watts", "is below 0: -1"), 6, "parameter watts is below 0: -1"},
		{ocf.NotRunning("dark"), 7, "dark"},
		{ocf.Degraded("flickers"), 190, "flickers"},
		{fmt.Errorf("look at lamp: %w", ocf.NotRunning("dark")), 7, "look at lamp: dark"},
		{ocf.Failed("look at lamp", ocf.NotRunning("dark")), 1, "look at lamp: dark"}, // the outermost verdict counts
		{&ocf.Error{Reason: "forgot the code"}, 1, "forgot the code"},
	}
	for _, tt := range tests {
		if got := ocf.CodeOf(tt.err); got != tt.code {
			t.Errorf("CodeOf(%v) = %d, want %d", tt.err, got, tt.code)
		}
		if tt.err != nil && tt.err.Error() != tt.text {
			t.Errorf("text %q, want %q", tt.err, tt.text)
		}
	}
	if !errors.Is(ocf.Failed("light lamp", cause), cause) {
		t.Error("the cause is lost")
	}
}
