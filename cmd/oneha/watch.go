package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// watched is what --watch shows again and again: what one look finds, and how it is
// shown and judged.
type watched[T any] struct {
	look    func(context.Context) T
	text    func(found T, width int) string
	json    func(T) any
	verdict func(T) error  // whose exit code it has
	key     func(T) string // changes when something has happened; nil shows every look
}

// watch looks every so often until ctx ends; the error is the verdict of the last look.
// On a terminal all pictures are at one place, otherwise they follow each other.
func watch[T any](ctx context.Context, t tool, every time.Duration, asJSON bool, w watched[T]) (last error) {
	show, end, err := w.view(t, asJSON)
	if err != nil {
		return err
	}
	defer func() {
		if err := end(); err != nil && last == nil {
			last = err
		}
	}()
	for {
		began := time.Now()
		found := w.look(ctx)
		if ctx.Err() != nil {
			return last // cut short: not what it is like
		}
		if err := show(found); err != nil {
			return err
		}
		last = w.verdict(found)
		// A slow look must not leave the machine no rest.
		wait := time.NewTimer(max(every-time.Since(began), every/4))
		select {
		case <-ctx.Done():
			wait.Stop()
			return last
		case <-wait.C:
		}
	}
}

func (w watched[T]) view(t tool, asJSON bool) (show func(T) error, end func() error, err error) {
	if !asJSON && t.screen() {
		s, err := t.openScreen()
		if err != nil {
			return nil, nil, err
		}
		return func(found T) error {
			columns, _ := s.Size()
			return s.Draw(w.text(found, columns))
		}, s.Close, nil
	}
	shown, was := false, ""
	return func(found T) error {
		if w.key != nil {
			key := w.key(found)
			if shown && key == was {
				return nil
			}
			was = key
		}
		between := "\n"
		if !shown {
			between = ""
		}
		shown = true
		if asJSON {
			return json.NewEncoder(t.stdout).Encode(w.json(found))
		}
		_, err := fmt.Fprint(t.stdout, between+w.text(found, t.statusStyle().Width))
		return err
	}, func() error { return nil }, nil
}
