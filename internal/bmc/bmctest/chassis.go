package bmctest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bougou/go-ipmi/pkg/command/chassis"
	"github.com/bougou/go-ipmi/pkg/hal"
	"github.com/bougou/go-ipmi/pkg/hal/mock"
	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/types"
)

// machine is a mock with a chassis of ours.
type machine struct {
	*mock.HAL
	chassis *power
}

func (m machine) Chassis() hal.ChassisHAL { return m.chassis }

// power is the chassis: a machine that can be switched, and what was asked of it.
type power struct {
	*mock.Chassis
	options Options
	conn    *conn

	mu       sync.Mutex
	on, next bool
	changeAt time.Time // zero when no change is under way
	wasOff   bool
	commands []string
}

var _ hal.ChassisHAL = (*power)(nil)

// onNow carries out what has become due.
func (p *power) onNow() bool {
	for !p.changeAt.IsZero() && !time.Now().Before(p.changeAt) {
		p.on = p.next
		if p.wasOff = p.wasOff || !p.on; !p.on && p.options.Bounce > 0 {
			p.next, p.changeAt = true, p.changeAt.Add(p.options.Bounce)
			continue
		}
		p.changeAt = time.Time{}
	}
	return p.on
}

func (p *power) PowerState(context.Context) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.options.LoseAtRead > 0 {
		p.options.LoseAtRead--
		p.conn.lose()
	}
	return p.onNow(), p.options.ReadError
}

func (p *power) SetPower(_ context.Context, on bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commands = append(p.commands, map[bool]string{true: "on", false: "off"}[on])
	p.onNow()
	switch {
	case p.options.Refuse, p.options.RefuseOn && on:
		return errors.New("refused")
	case p.options.Ignore, p.options.IgnoreOn && on:
	default:
		p.next, p.changeAt = on, time.Now().Add(p.options.Late)
		p.onNow()
	}
	if p.options.LoseAtPower > 0 {
		p.options.LoseAtPower--
		p.conn.lose()
	}
	if p.options.Away > 0 && (!p.options.AwayOnce || len(p.commands) == 1) {
		p.conn.leave(p.options.Away)
	}
	return nil
}

func (p *power) interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commands = append(p.commands, "diag")
}

// registry is go-ipmi's own, with a diagnostic interrupt (IPMI 2.0, section 28.3)
// where the options ask for it: the library has none.
func (p *power) registry() *handlers.Registry {
	r := handlers.NewRegistry()
	handlers.RegisterAllHandlers(r)
	if !p.options.Diag {
		return r
	}
	own := handlers.NewRegistry()
	handlers.RegisterChassisHandlers(own)
	r.RegisterFunc(types.CommandChassisControl, func(ctx context.Context, h *handlers.HandlerContext, request []byte) ([]byte, types.CompletionCode, error) {
		var control chassis.ChassisControlRequest
		if control.Unpack(request) == nil && control.ChassisControl == chassis.ChassisControlDiagnosticInterrupt {
			p.interrupt()
			return nil, types.CodeOK, nil
		}
		return own.Dispatch(ctx, h, uint8(types.CommandChassisControl.NetFn), types.CommandChassisControl.ID, request)
	})
	return r
}
