package chaos

import (
	"testing"
	"time"

	"github.com/oneha/oneha/test/raftrounds"
)

func TestJudgeZone(t *testing.T) {
	check(t, judgeZone(raftrounds.Outcome{Away: time.Second, Limit: time.Second}))
	check(t, judgeZone(raftrounds.Outcome{Fault: "muteness of leader", Two: 1}), "muteness of leader: two had it for 1ns")
	check(t, judgeZone(raftrounds.Outcome{Away: time.Second + 1, Limit: time.Second}), "without it for 1.000000001s")
}
