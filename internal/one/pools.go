package one

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"time"
)

// PoolVM is a virtual machine as the pool has it.
type PoolVM struct {
	VM
	Since  time.Time // when it entered its state at the earliest; zero if oned does not tell
	Driver string    // VM_MAD of its last history record: kvm, lxc
	Domain string    // DEPLOY_ID, what the hypervisor calls it; "" before it was started
}

// Filters of one.vmpool.info.
const (
	everyUser = -2
	noRange   = -1
	notDone   = -1
)

// maxPool bounds the document of a pool, in bytes.
const maxPool = 512 << 20

// pool is what the pool tells of it.
func (r vmRecord) pool() PoolVM {
	return PoolVM{VM: VM{ID: r.id, Name: r.name, State: r.state, LCM: r.lcm, Seq: r.seq, Host: r.host},
		Since: r.since(), Driver: r.driver, Domain: r.deployID}
}

// faultNoMethod is XML-RPC's code for a method that the server does not have.
const faultNoMethod = -506

// EachVM calls do for every virtual machine that is not DONE, in one call to oned. Its
// document is read as it comes: memory does not grow with the cloud. Since is told
// for those that have ever been deployed (infoextended; releases before 5.8 have the
// times in the short pool).
func EachVM(ctx context.Context, e Endpoint, c Credentials, do func(PoolVM)) error {
	return e.eachVM(ctx, c, newVMReader, func(r vmRecord) { do(r.pool()) })
}

// eachVM asks for the pool.
func (e Endpoint) eachVM(ctx context.Context, c Credentials, reader func(io.Reader) *vmReader, do func(vmRecord)) error {
	ask := func(method string) error {
		return e.post(ctx, call(method, c.session, everyUser, noRange, noRange, notDone), func(body io.Reader) error {
			return readVMs(body, reader, do)
		})
	}
	err := ask("one.vmpool.infoextended")
	if fault := (*Fault)(nil); errors.As(err, &fault) && fault.Code == faultNoMethod {
		err = ask("one.vmpool.info")
	}
	if err != nil {
		return fmt.Errorf("ask oned at %s for its virtual machines: %w", e, err)
	}
	return nil
}

// eachVM reads an answer with VM documents to its end.
func eachVM(body io.Reader, do func(vmRecord)) error {
	return readVMs(body, newVMReader, do)
}

func readVMs(body io.Reader, reader func(io.Reader) *vmReader, do func(vmRecord)) error {
	limited := &io.LimitedReader{R: body, N: maxPool}
	result, err := resultOf(limited)
	if err != nil {
		return err
	}
	for vms := reader(result); ; {
		r, err := vms.next()
		switch {
		case err == io.EOF:
			return nil
		case limited.N <= 0:
			return fmt.Errorf("the answer has more than %d MB", maxPool>>20)
		case err != nil:
			return err
		}
		do(r)
	}
}

// HostState is STATE of a host (include/Host.h).
type HostState int

const (
	HostInit      HostState = 0
	HostMonitored HostState = 2
	HostError     HostState = 3
	HostDisabled  HostState = 4
	HostOffline   HostState = 8
)

var hostStates = [...]string{"INIT", "MONITORING_MONITORED", "MONITORED", "ERROR", "DISABLED", "MONITORING_ERROR", "MONITORING_INIT", "MONITORING_DISABLED", "OFFLINE"}

// String is oned's own name of the state.
func (s HostState) String() string {
	if s < 0 || int(s) >= len(hostStates) {
		return fmt.Sprintf("STATE %d", int(s))
	}
	return hostStates[s]
}

// Host is a hypervisor.
type Host struct {
	ID    int       `xml:"ID"`
	Name  string    `xml:"NAME"`
	State HostState `xml:"STATE"`
	// When its monitoring last said something, Unix seconds; 0 if oned does not tell.
	// The first was written until 5.10.
	Legacy    int64 `xml:"LAST_MON_TIME"`
	Monitored int64 `xml:"MONITORING>TIMESTAMP"`
}

// Seen is when the monitoring last heard of the host; zero if oned does not tell.
func (h Host) Seen() time.Time {
	if at := max(h.Legacy, h.Monitored); at > 0 {
		return time.Unix(at, 0)
	}
	return time.Time{}
}

// Hosts asks for all hosts.
func Hosts(ctx context.Context, e Endpoint, c Credentials) ([]Host, error) {
	var pool struct {
		Hosts []Host `xml:"HOST"`
	}
	if err := e.pool(ctx, &pool, "one.hostpool.info", c.session); err != nil {
		return nil, fmt.Errorf("ask oned at %s for its hosts: %w", e, err)
	}
	return pool.Hosts, nil
}

// ImageState is STATE of an image (include/Image.h).
type ImageState int

var imageStates = [...]string{"INIT", "READY", "USED", "DISABLED", "LOCKED", "ERROR", "CLONE", "DELETE", "USED_PERS", "LOCKED_USED", "LOCKED_USED_PERS"}

// String is oned's own name of the state.
func (s ImageState) String() string {
	if s < 0 || int(s) >= len(imageStates) {
		return fmt.Sprintf("STATE %d", int(s))
	}
	return imageStates[s]
}

// Waits reports whether an image in the state waits for the answer of a driver, which
// is lost when oned dies.
func (s ImageState) Waits() bool { return s == 4 || s == 6 || s == 7 || s == 9 || s == 10 }

// Image is an image.
type Image struct {
	ID    int        `xml:"ID"`
	Name  string     `xml:"NAME"`
	State ImageState `xml:"STATE"`
	Since int64      `xml:"REGTIME"` // when it was registered, Unix seconds
}

// Images asks for all images.
func Images(ctx context.Context, e Endpoint, c Credentials) ([]Image, error) {
	var pool struct {
		Images []Image `xml:"IMAGE"`
	}
	if err := e.pool(ctx, &pool, "one.imagepool.info", c.session, everyUser, noRange, noRange); err != nil {
		return nil, fmt.Errorf("ask oned at %s for its images: %w", e, err)
	}
	return pool.Images, nil
}

// pool reads the document of a pool that has a few thousand objects at most.
func (e Endpoint) pool(ctx context.Context, into any, method string, params ...any) error {
	return e.post(ctx, call(method, params...), func(body io.Reader) error {
		document, err := resultOf(&io.LimitedReader{R: body, N: maxPool})
		if err != nil {
			return err
		}
		if err := xml.NewDecoder(document).Decode(into); err != nil {
			return fmt.Errorf("read the document: %w", ended(err))
		}
		return nil
	})
}
