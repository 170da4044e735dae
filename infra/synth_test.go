package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// toolkit is the CDK's command line, as README and scripts name it.
const toolkit = "aws-cdk@2.1148.1"

// TestACloneSynthesises copies what a fresh clone holds elsewhere and runs the command that README names there, without
// an account, and without building the functions, whose place stand-ins take. Its template is the tests' own.
func TestACloneSynthesises(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	needNode(t)
	if _, err := exec.LookPath("npx"); err != nil {
		t.Skip("SKIPPED ALOUD: npx is not here:", err)
	}
	npx := func(dir string, args ...string) *exec.Cmd {
		cmd := exec.Command("npx", append([]string{"--yes", "--prefer-offline", toolkit}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
			return strings.HasPrefix(v, "AWS_") ||
				strings.HasPrefix(v, "CDK_")
		}),
			"AWS_EC2_METADATA_DISABLED=true", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1", "CI=1")
		return cmd
	}
	if out, err := npx(t.TempDir(), "--version").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED ALOUD: %s is not here: %v\n%s", toolkit, err, out)
	}
	clone := cloned(t)
	cmd := npx(clone, "synth", "--quiet", "--build", "true", "--context", "stage=test")
	if out, err := cmd.CombinedOutput(); err != nil && !strings.Contains(string(out), "not built: [") {
		t.Fatalf("%v\n%s", err, out)
	}
	got, err := read(filepath.Join(clone, "cdk.out"), "FluxCascade-test")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(normalised(stackOf(t, exampleFile).template), "\n"), strings.Split(normalised(got), "\n")); diff != "" {
		t.Errorf("the command line synthesises something else than the tests:\n%s", diff)
	}
}

// cloned copies the files that git knows, as they are here, to a folder of their own.
func cloned(t *testing.T) string {
	t.Helper()
	list := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	list.Dir = ".."
	names, err := list.Output()
	if err != nil {
		t.Skip("SKIPPED ALOUD: git does not list the files:", err)
	}
	clone := t.TempDir()
	for _, name := range strings.Split(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		from, to := filepath.Join("..", name), filepath.Join(clone, name)
		info, err := os.Stat(from)
		if os.IsNotExist(err) {
			continue // removed, and not yet committed
		}
		text, readErr := os.ReadFile(from)
		if err != nil || readErr != nil {
			t.Fatal(err, readErr)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	return clone
}
