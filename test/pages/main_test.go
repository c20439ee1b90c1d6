package pages

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// place is where pages are pasted, nil without root.
var place *lab.Lab

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	if os.Geteuid() != 0 && os.Getenv("CI") != "true" {
		return m.Run()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	l, err := lab.Open(ctx, lab.Options{Prefix: "pages", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: "../.."})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	place = l
	code := m.Run()
	if err := l.Close(); err != nil {
		fmt.Println(err)
		return 1
	}
	return code
}
