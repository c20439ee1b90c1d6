package bmc

import (
	"context"

	"github.com/bougou/go-ipmi/pkg/command/chassis"
)

// Interrupt asks for a diagnostic interrupt (NMI) of the machine. It is an error
// when the driver has none.
func (c *Client) Interrupt(ctx context.Context) error { return plain(c.lib.SendNMI(ctx)) }

// SendNMI pulses the diagnostic interrupt (IPMI 2.0, section 28.3), once: a second one
// may disturb the crash dump that the first one started.
func (d *ipmi) SendNMI(ctx context.Context) error {
	return explain("send chassis control diagnostic interrupt", d.line.during(ctx, never, d.control(chassis.ChassisControlDiagnosticInterrupt)))
}

// SendNMI asks for the reset type Nmi, where the BMC takes it.
func (d *redfishDriver) SendNMI(ctx context.Context) error { return d.reset(ctx, orderDiag) }
