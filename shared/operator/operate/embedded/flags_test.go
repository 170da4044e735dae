package embedded_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/operator/operate/embedded"
)

func TestAFolderIsNamedAsAShellReadsIt(t *testing.T) {
	for dir, want := range map[string]string{"/srv/sync": "--data /srv/sync", "my data": "--data 'my data'", "Ann's": `--data 'Ann'\''s'`,
		"": "--data ''", "a$b": "--data 'a$b'"} {
		if got := embedded.Flags(dir); got != want {
			t.Errorf("%q: got %s, want %s", dir, got, want)
		}
	}
}
