package one

import "strings"

// guacdConfig is what the options of guacd say about its port (guacd(8)).
type guacdConfig struct {
	host string // "" when none is given
	port int    // 0 when none is given
	tls  bool
}

// parseGuacd reads the environment file of guacd's unit, OPTS="-b HOST -l PORT".
// systemd splits the value at blanks (systemd.exec(5), systemd.service(5)).
func parseGuacd(text string) (guacdConfig, []mistake) {
	var c guacdConfig
	var mistakes []mistake
	offset := 0
	for line := range strings.Lines(text) {
		begin := offset
		offset += len(line)
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || name != "OPTS" {
			continue
		}
		c = guacdConfig{} // the last assignment counts
		args := strings.Fields(strings.Trim(value, `"'`))
		for i := 0; i < len(args); i++ {
			option, given := args[i], ""
			if len(option) < 2 || option[0] != '-' {
				continue
			}
			if given = option[2:]; given == "" && i+1 < len(args) && strings.ContainsRune("blLpCK", rune(option[1])) {
				i++
				given = args[i]
			}
			switch option[1] {
			case 'b':
				c.host = given
			case 'l':
				n, err := parsePort(given)
				if err != nil {
					mistakes = append(mistakes, mistakeAt(text, begin, "option -l: "+err.Error()))
					continue
				}
				c.port = n
			case 'C', 'K':
				c.tls = true
			}
		}
	}
	return c, mistakes
}
