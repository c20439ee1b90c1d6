package one

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// EachStay calls do for every history record of every virtual machine that was open at
// since, or is open, or was begun later; those that are DONE included. It is one call to
// oned, read as it comes; its answer has the record of each machine that runs, with its
// template, so that it is about as large as the extended pool, and larger the longer ago
// since is.
func EachStay(ctx context.Context, e Endpoint, c Credentials, since time.Time, do func(vm int, s Stay)) error {
	const openEnd = -1
	err := e.post(ctx, call("one.vmpool.accounting", c.session, everyUser, int(since.Unix()), openEnd), func(body io.Reader) error {
		limited := &io.LimitedReader{R: body, N: maxPool}
		result, err := resultOf(limited)
		if err != nil {
			return err
		}
		err = readStays(newVMReader(result), do)
		if limited.N <= 0 {
			return fmt.Errorf("the answer has more than %d MB", maxPool>>20)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("ask oned at %s for the history of its virtual machines: %w", e, err)
	}
	return nil
}

// readStays reads a HISTORY_RECORDS document. A record begins with its machine's ID and
// ends with its machine's document.
func readStays(v *vmReader, do func(vm int, s Stay)) error {
	vm, record := -1, historyRecord{}
	var name string
	var text []byte
	for depth := 0; ; {
		t, err := v.token()
		if err == io.EOF && depth == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the history: %w", ended(err))
		}
		switch t := t.(type) {
		case xml.StartElement:
			depth++
			name, text = t.Name.Local, text[:0]
			if depth == 2 {
				vm, record = -1, newHistoryRecord(-1)
			}
		case xml.CharData:
			if depth == 3 {
				text = append(text, t...)
			}
		case xml.EndElement:
			value := strings.TrimSpace(string(text))
			switch {
			case depth == 3 && name == "OID":
				vm = number(value)
			case depth == 3:
				record.set(name, value)
			case depth == 2 && vm >= 0 && record.Seq >= 0:
				do(vm, record.Stay)
			}
			depth--
			name, text = "", text[:0]
		}
	}
}
