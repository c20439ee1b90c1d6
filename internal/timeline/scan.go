package timeline

import (
	"bufio"
	"errors"
	"io"
)

// longestLine is more than any line that says something here has, in bytes.
const longestLine = 64 << 10

// Scan reads a whole log. Of a line that is too long the rest is left out; a last one
// without an end counts.
func (r Reader) Scan(from io.Reader, host string) (facts []Fact, err error) {
	in := bufio.NewReaderSize(from, longestLine)
	for {
		line, more, err := in.ReadLine()
		if f, ok := r.Read(string(line), host); ok {
			facts = append(facts, f)
		}
		for more && err == nil {
			_, more, err = in.ReadLine()
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return facts, nil
			}
			return facts, err
		}
	}
}
