package packages

import (
	"os"
	"os/exec"
	"path/filepath"
)

// provide gives rpm, which knows nothing of Debian's packages, an empty one for each
// of the names.
func provide(m machine, names []string) {
	m.Helper()
	for _, name := range names {
		dir := m.TempDir()
		description := filepath.Join(dir, "nfpm.yaml")
		text := "name: " + name + "\narch: all\nversion: 1.0.0\nmaintainer: nobody\ndescription: stands for Debian's " + name + "\n"
		if err := os.WriteFile(description, []byte(text), 0o644); err != nil {
			m.Fatal(err)
		}
		nfpm, err := filepath.Abs(filepath.Join(checkout, "bin", "tools", "nfpm"))
		if err != nil {
			m.Fatal(err)
		}
		file := filepath.Join(dir, name+".rpm")
		if out, err := exec.CommandContext(m.ctx, nfpm, "package", "-f", description, "-p", "rpm", "-t", file).CombinedOutput(); err != nil {
			m.Fatalf("nfpm: %v\n%s", err, out)
		}
		if err := m.Copy(file, srv+"/"+name+".rpm"); err != nil {
			m.Fatal(err)
		}
		m.run(onDebian + "-i " + srv + "/" + name + ".rpm")
	}
}
