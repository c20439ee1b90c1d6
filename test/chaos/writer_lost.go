package chaos

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// pageSize is how many IDs are asked for at once: an answer of some 100 kB.
const pageSize = 200

// Lost reads back what was acknowledged, and returns the writes that are not there, or
// are another's now. It asks until it is answered or ctx ends. Every write is read back by
// two calls, the second of which comes after the next fault; then it is forgotten, and one
// that was lost at once.
func (w *Writer) Lost(ctx context.Context) ([]string, error) {
	begin := time.Now()
	w.mu.Lock()
	all := slices.Clone(w.acks)
	w.mu.Unlock()
	slices.SortStableFunc(all, func(a, b ack) int { return cmp.Compare(a.id, b.id) })
	var lost []string
	gone := map[int]bool{} // by number
	for len(all) > 0 {
		first := all[0].id
		n := 1
		for n < len(all) && all[n].id < first+pageSize {
			n++
		}
		found, err := w.read(ctx, first, all[n-1].id)
		if err != nil {
			return nil, err
		}
		for _, a := range all[:n] {
			if why := a.differs(found); why != "" {
				lost = append(lost, why)
				gone[a.number] = true
			}
		}
		all = all[n:]
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acks = slices.DeleteFunc(w.acks, func(a ack) bool { return a.at.Before(w.mark) || gone[a.number] })
	w.mark = begin
	return lost, nil
}

// differs says how what was found is not what was acknowledged; "" for nothing.
func (a ack) differs(found map[int]int) string {
	number, there := found[a.id]
	if there && number == a.number {
		return ""
	}
	what := "is not there"
	if there {
		what = fmt.Sprintf("is write %d now", number)
	}
	return fmt.Sprintf("write %d, acknowledged at %s with the ID %d, %s", a.number, a.at.UTC().Format("15:04:05.000"), a.id, what)
}

// readLimit ends a reading that hangs.
const readLimit = 10 * time.Second

// read asks until it is answered.
func (w *Writer) read(ctx context.Context, first, last int) (map[int]int, error) {
	for {
		asking, cancel := context.WithTimeout(ctx, readLimit)
		found, err := w.to.read(asking, first, last)
		cancel()
		if err == nil {
			return found, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("read what was written from %d to %d: %w (last: %v)", first, last, ctx.Err(), err)
		case <-time.After(2 * w.every):
		}
	}
}
