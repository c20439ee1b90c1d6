package unit

import (
	"testing"
	"time"
)

// What has happened since has no earlier time, whatever the clock did.
func TestBegan(t *testing.T) {
	noted := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	const age = 10 * time.Minute
	for _, c := range []struct {
		name string
		step time.Duration
		want time.Time
	}{
		{"as it was", 0, noted},
		{"an hour ahead", time.Hour, noted},
		{"an hour back", -time.Hour, noted.Add(-time.Hour)},
	} {
		if got := began(noted, age, noted.Add(age+c.step)); !got.Equal(c.want) {
			t.Errorf("clock %s: %v, want %v", c.name, got, c.want)
		}
	}
}
