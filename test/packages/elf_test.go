package packages

import (
	"bytes"
	"debug/elf"
	"testing"
)

// static fails when a program asks for a loader or libraries, or has symbols that
// stripping takes away.
func static(t *testing.T, program string) {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("%s is not static: it has a segment %s", program, p.Type)
		}
	}
	if f.Section(".symtab") != nil || f.Section(".debug_info") != nil {
		t.Errorf("%s is not stripped", program)
	}
}

// programs fails when a program of a package is for another architecture, or there is
// none where the package is not for all.
func programs(t *testing.T, d deb, arch string) {
	t.Helper()
	want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[arch]
	found := 0
	for _, f := range d.files {
		if !bytes.HasPrefix(f.content, []byte(elf.ELFMAG)) {
			continue
		}
		program, err := elf.NewFile(bytes.NewReader(f.content))
		if err != nil {
			t.Errorf("%s: %v", f.path, err)
			continue
		}
		if found++; program.Machine != want {
			t.Errorf("%s is for %s, want %s", f.path, program.Machine, want)
		}
	}
	if all := controlField(d.control["control"], "Architecture") == "all"; all != (found == 0) {
		t.Errorf("%d programs, for all architectures: %t", found, all)
	}
}
