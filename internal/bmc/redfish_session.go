package bmc

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// redfishGrace is the time that each of two things may take after the context has
// ended: the BMC's answer to a login that is under way, and a logout.
const redfishGrace = time.Second

// openSession waits for the answer longer than for others: a session that the
// BMC opened and nobody knows of stays until the BMC forgets it. That is what
// remains when the connection breaks between the two; basic authentication has no
// such moment.
func (d *redfishDriver) openSession(ctx context.Context) error {
	late, cancel := outlive(ctx, redfishGrace)
	defer cancel()
	d.transport.ctx = late
	auth, err := d.api.Service.CreateSession(d.config.Username, d.config.Password)
	d.transport.ctx = ctx
	if err != nil {
		return d.explainSession(err)
	}
	d.session = auth.Session
	if d.session == "" { // no Location: a few BMCs have it in the body only
		var body struct {
			Path string `json:"@odata.id"`
		}
		_ = json.Unmarshal(d.transport.last, &body) // an empty path is looked at below
		d.session = body.Path
	}
	d.transport.setToken(auth.Token)
	switch {
	case !localPath(d.session):
		d.session = ""
		return &failure{text: "the BMC does not say where its session is, so that it could not be ended: use basic authentication"}
	case auth.Token == "":
		return &failure{text: "the BMC opened a session and gave no token for it: use basic authentication"}
	case ctx.Err() != nil:
		return d.explain("open a session", ctx.Err())
	}
	return nil
}

// Close ends the session. It tries twice, since this is the only chance.
func (d *redfishDriver) Close(ctx context.Context) error {
	if d.transport == nil {
		return nil
	}
	defer d.transport.CloseIdleConnections()
	if d.session == "" {
		return nil
	}
	d.transport.ctx = ctx
	var err error
	for range 2 {
		_, err = d.api.Delete(d.session)
		if code := statusOf(err); err == nil || code == http.StatusNotFound || code == http.StatusUnauthorized { // it is gone
			d.session = ""
			return nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return d.explain("end the session", err)
}

// outlive returns a context that ends a while after its parent does.
func outlive(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() { time.AfterFunc(d, cancel) })
	return ctx, func() { stop(); cancel() }
}
