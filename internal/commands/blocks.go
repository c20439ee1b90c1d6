package commands

import "strings"

// Block is a paragraph of a description, with lines below it that are to be shown as
// they are. Either may be empty.
type Block struct {
	Text  string
	Lines []string
}

// Parts are the blocks of a description by where a manual has them.
type Parts struct {
	Text     []Block
	Status   []Block // what the exit codes mean
	Examples []Block
}

// Blocks divides a description: an empty line ends a block, an indented line is to be
// shown as it is.
func Blocks(description string) (blocks []Block) {
	fresh := true
	for line := range strings.Lines(description) {
		line = strings.TrimRight(line, " \n")
		if line == "" {
			fresh = true
			continue
		}
		words, indented := strings.CutPrefix(line, "  ")
		if fresh || !indented && len(blocks[len(blocks)-1].Lines) > 0 {
			blocks = append(blocks, Block{})
		}
		fresh = false
		b := &blocks[len(blocks)-1]
		switch {
		case indented:
			b.Lines = append(b.Lines, words)
		case b.Text == "":
			b.Text = line
		default:
			b.Text += " " + line
		}
	}
	return blocks
}

// Parts sorts the blocks of the command's description.
func (c Command) Parts() (p Parts) {
	for _, b := range Blocks(c.Description) {
		switch {
		case strings.HasPrefix(b.Text, "Exit codes"):
			b.Text = strings.TrimPrefix(strings.TrimPrefix(b.Text, "Exit codes: "), "Exit codes, ")
			p.Status = append(p.Status, b)
		case b.Text == "Example:" || b.Text == "Examples:":
			b.Text = ""
			p.Examples = append(p.Examples, b)
		default:
			p.Text = append(p.Text, b)
		}
	}
	return p
}
