package failover

import (
	"fmt"
	"math"
	"os"
	"runtime"
)

// Load is how many processes wanted to run over the last minute, on average, for each
// core; 0 when the kernel does not say.
func Load() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	var minute float64
	if _, err := fmt.Sscan(string(text), &minute); err != nil {
		return 0
	}
	return math.Round(100*minute/float64(runtime.NumCPU())) / 100
}
