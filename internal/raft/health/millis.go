package health

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// MarshalJSON writes milliseconds.
func (m Millis) MarshalJSON() ([]byte, error) {
	ms := math.Round(float64(m)/float64(100*time.Microsecond)) / 10
	return strconv.AppendFloat(nil, ms, 'f', -1, 64), nil
}

// maxMillis is more than any time that is meant: a century.
const maxMillis = 100 * 366 * 24 * 3600 * 1000

// UnmarshalJSON reads milliseconds.
func (m *Millis) UnmarshalJSON(text []byte) error {
	ms, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsNaN(ms) || math.Abs(ms) > maxMillis {
		return fmt.Errorf("read milliseconds: %.40q is no such number", text)
	}
	*m = Millis(ms * float64(time.Millisecond))
	return nil
}

// ms are whole milliseconds.
func (m Millis) ms() int64 { return m.Duration().Milliseconds() }
