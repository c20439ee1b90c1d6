package lint

import "unicode/utf8"

// Place is where something stands; the zero Place is nowhere.
type Place struct {
	File         string
	Line, Column int // from 1, the column in characters; 0 when there is no place in the file
}

// ruler turns byte offsets that only grow into places.
type ruler struct {
	file         string
	text         []byte
	at           int // offset that line and column stand for
	line, column int
}

func newRuler(file string, text []byte) *ruler {
	return &ruler{file: file, text: text, line: 1, column: 1}
}

// place returns the place of an offset that is not before the last one.
func (r *ruler) place(offset int) Place {
	for r.at < min(offset, len(r.text)) {
		if r.text[r.at] == '\n' {
			r.line, r.column, r.at = r.line+1, 1, r.at+1
			continue
		}
		_, size := utf8.DecodeRune(r.text[r.at:])
		r.column, r.at = r.column+1, r.at+size
	}
	return Place{r.file, r.line, r.column}
}
