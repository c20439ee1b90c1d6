package fakezone

import (
	_ "embed"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

//go:embed testdata/vip-like.sh
var vipLike string

// VIPLike gives the options OpenNebula's own way with the floating address, as the
// control of what does it better: a hook that does what vip.sh is described to
// do, with pause (1 s there) between its announcements, of which there are ten.
func (o *Options) VIPLike(pause time.Duration) {
	const name = "vip-like.sh"
	if !o.VIP.IsValid() {
		o.VIP = defaultVIP
	}
	text := strings.Replace(vipLike, "PAUSE=1\n", "PAUSE="+strconv.FormatFloat(pause.Seconds(), 'f', -1, 64)+"\n", 1)
	o.HookFiles = map[string]string{name: text}
	o.Leader, o.Follower = vipHook(name, "leader", o.VIP), vipHook(name, "follower", o.VIP)
}

func vipHook(command, action string, vip netip.Prefix) Hook {
	return Hook{Command: command, Arguments: action + " " + NIC + " " + vip.String()}
}
