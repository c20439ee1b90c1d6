package packages

import (
	"context"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/lab/labtest"
)

// TestLint has Debian's lintian and rpmlint read every package, for both architectures.
// What they say and we mean is in packaging/nfpm, with the reason: *.lintian and
// rpmlint.toml.
func TestLint(t *testing.T) {
	if !labtest.All("ONEHA_PACKAGES") {
		t.Skip("ONEHA_PACKAGES=all runs it: make installs")
	}
	labtest.NeedMachines(t)
	dir := build(t, t.TempDir(), older, "amd64 arm64")
	ctx, cancel := labtest.Within(t)
	defer cancel()
	l, err := lab.Open(ctx, lab.Options{Prefix: "packages-lint", CacheDir: labtest.CacheDir(), Log: t.Logf,
		Image: &lab.Image{Name: "lint", Packages: []string{"lintian", "rpmlint", "rpm"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	settings, err := filepath.Abs(filepath.Join(checkout, "packaging", "nfpm"))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{
		// Go's strings end without a mark, so that words which lintian sees there were often
		// cut out of two, other ones with each build.
		"lintian --fail-on none --display-info --show-overrides --suppress-tags spelling-error-in-binary --tag-display-limit 0 --allow-root /mnt/packages/*.deb",
		"rpmlint --strict --config /mnt/settings/rpmlint.toml /mnt/packages/*.rpm",
	} {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
		r, err := l.Run(ctx, lab.Command{Args: []string{"sh", "-c", command}, Binds: []lab.Bind{
			{Host: dir, Inside: "/mnt/packages", ReadOnly: true}, {Host: settings, Inside: "/mnt/settings", ReadOnly: true},
		}})
		cancel()
		t.Logf("%s\n%s%s", command, r.Stdout, r.Stderr)
		// lintian's own exit code counts what is suppressed, too.
		if err != nil || complaint.MatchString(r.Stdout) {
			t.Errorf("exit %d: %s", r.Code, command)
		}
	}
}

// complaint is a line of lintian's that no override answers.
var complaint = regexp.MustCompile(`(?m)^[EWI]: `)
