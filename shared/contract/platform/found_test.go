package platform_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
)

func TestWhatWasFoundIsBelievedForAWhile(t *testing.T) {
	var f platform.Found[[]string]
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	also := func(name string) func([]string) []string {
		return func(before []string) []string { return append(slices.Clone(before), name) }
	}
	want := func(when string, now time.Time, age time.Duration, want ...string) {
		t.Helper()
		if got, ok := f.Get("o", now, age); !slices.Equal(got, want) || ok != (want != nil) {
			t.Errorf("%s: got %v, %v, want %v", when, got, ok, want)
		}
	}
	want("nothing is known", at, platform.FoundLife)
	f.Put("o", at, also("a"))
	f.Put("o", at.Add(time.Minute), also("b"))
	want("both are", at.Add(time.Minute), platform.FoundLife, "a", "b")
	want("another asks for what is fresh", at.Add(2*time.Minute), time.Minute)
	late := at.Add(time.Minute + platform.FoundLife)
	want("it is too old", late, platform.FoundLife)
	f.Put("o", late, also("c"))
	want("what is too old does not come back", late, platform.FoundLife, "c")
	f.Forget("o")
	want("it is forgotten", late, platform.FoundLife)
	f.Put("p", late, also("d"))
	want("another object's", late, platform.FoundLife)
}
