package startup_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/fluxcascade/fluxcascade/scripts/startup"
	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
)

// built are the functions, built once for all tests.
var built struct {
	sync.Once
	dir string
	err error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(status)
}

func folder(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "fluxcascade-startup-"); built.err == nil {
			built.err = startup.BuildAll(context.Background(), built.dir, "")
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.dir
}

// most is what a function may take.
type most struct {
	// zip is its size for Lambda (arm64), zipped, in bytes. For this machine it may have an eighth more: the same programs are 11 to
	// 13 in a hundred larger for amd64.
	zip int
	// allocs and kilobytes are of all packages' initialisation, over an empty function's.
	allocs, kilobytes int
}

// limits are 4 MiB of zip, and 6 for those that decide; and about a tenth over what initialisation took here in 2026-12.
// What stands in the counts is other people's: the AWS SDK's tables of endpoints and schemas (see go.mod), and in those that
// decide phone metadata and the names of languages that come with it: github.com/nyaruka/phonenumbers 1.8.1, the newest,
// decodes all of it in its init and has no switch. Whatever calls methods by names that the linker cannot know, as
// html/template does, leaves in every method of what is reachable, those of the DynamoDB client too, and costs 1.1 MB. The
// sweeper decides: it asks package resolve what is due, in canonical forms, so that phone metadata comes with it.
var limits = map[config.Function]most{
	config.Webhook:  {4 << 20, 2_250, 300},
	config.Poller:   {4 << 20, 3_000, 390},
	config.Digest:   {4 << 20, 2_600, 375},
	config.Widget:   {4 << 20, 2_600, 375},
	config.Resolver: {6 << 20, 45_600, 3300},
	config.Writer:   {6 << 20, 45_600, 3300},
	config.Sweeper:  {6 << 20, 45_600, 3300},
}

// TestFunctionsInitialiseLittle starts real bootstraps before a stubbed Lambda Runtime API, beside an empty function, and
// counts what the Go runtime says their packages' initialisation took. It measures no time.
func TestFunctionsInitialiseLittle(t *testing.T) {
	rules, err := filepath.Abs("../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	bootstraps := startup.Bootstraps(folder(t), rules)
	allocs, kilobytes := count(t, bootstraps[startup.Empty])
	for _, f := range config.Functions() {
		m, ok := limits[f]
		if !ok {
			t.Errorf("what %s may take is not said", f)
		}
		a, k := count(t, bootstraps[string(f)])
		a, k = a-allocs, k-kilobytes
		t.Logf("%s: %d allocations and %d KB over an empty function, at most %d and %d", f, a, k, m.allocs, m.kilobytes)
		if a > m.allocs || k > m.kilobytes {
			t.Errorf("%s initialises with %d allocations and %d KB over an empty function, at most %d and %d: GODEBUG=inittrace=1 says where",
				f, a, k, m.allocs, m.kilobytes)
		}
		if a < 0 || k < 0 {
			t.Errorf("%s initialises with less than nothing: the empty function is not empty", f)
		}
	}
}

func count(t *testing.T, b startup.Bootstrap) (allocs, kilobytes int) {
	t.Helper()
	inits, err := startup.Inits(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	allocs, size := startup.Sum(inits)
	return allocs, size >> 10
}

// TestPackagesAreSmall zips what was built for this machine, and with all effort also what Lambda gets.
func TestPackagesAreSmall(t *testing.T) {
	for _, f := range config.Functions() {
		small(t, filepath.Join(folder(t), string(f)), limits[f].zip*9/8)
	}
	if !effort.IsLong() {
		return
	}
	dir := t.TempDir()
	if err := startup.BuildAll(t.Context(), dir, "arm64"); err != nil {
		t.Fatal(err)
	}
	for _, f := range config.Functions() {
		small(t, filepath.Join(dir, string(f)), limits[f].zip)
	}
}

func small(t *testing.T, path string, limit int) {
	t.Helper()
	size, err := startup.ZipBytes(path)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(path)
	t.Logf("%s: %d bytes zipped, at most %d", name, size, limit)
	if size > limit {
		t.Errorf("%s is %d bytes zipped, at most %d: see what it links with go tool nm -size -sort size", name, size, limit)
	}
}
