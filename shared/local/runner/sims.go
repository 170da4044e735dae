package runner

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/hubspot"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/jobber"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/pipedrive"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/quickbooks"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/salesforce"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/xero"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// simulators are those of every platform.
var simulators = map[record.Platform]func(platformsim.Options) platformsim.Simulator{
	"hubspot":    made(hubspot.New),
	"jobber":     made(jobber.New),
	"quickbooks": made(quickbooks.New),
	"salesforce": made(salesforce.New),
	"pipedrive":  made(pipedrive.New),
	"xero":       made(xero.New),
}

// made gives a simulator's constructor in the form that all have here.
func made[S platformsim.Simulator](begin func(platformsim.Options) S) func(platformsim.Options) platformsim.Simulator {
	return func(o platformsim.Options) platformsim.Simulator { return begin(o) }
}

// Simulator makes the simulator of a platform.
func Simulator(p record.Platform, o platformsim.Options) (platformsim.Simulator, error) {
	begin, known := simulators[p]
	if !known {
		return nil, fmt.Errorf("there is no simulator for platform %s", p)
	}
	return begin(o), nil
}

// Serve gives what an outside client needs for a simulator that is served at base.
func Serve(sim platformsim.Simulator, base string) platformsim.Access {
	a := sim.Access()
	a.BaseURL = base
	for _, address := range []*string{&a.TokenURL, &a.AuthorizeURL, &a.RevokeURL} {
		if strings.HasPrefix(*address, "/") {
			*address = base + *address
		}
	}
	return a
}

// keeper keeps a simulator's state in a file: a vendor does not forget what it answered when we are killed, so the
// file is written before an answer leaves.
type keeper struct {
	sim  platformsim.Simulator
	path string // "" keeps nothing
}

// ServeHTTP serves the simulator and keeps what a request changed before its answer leaves.
func (k keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if k.path == "" {
		k.sim.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	k.sim.ServeHTTP(answer, r)
	if err := k.save(); err != nil {
		http.Error(w, "the simulator cannot keep its state", http.StatusInternalServerError)
		return
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// save writes the state if it changed; the file is whole at any moment.
func (k keeper) save() error {
	saver, ok := k.sim.(platformsim.Saver)
	if k.path == "" || !ok || !saver.Dirty() {
		return nil
	}
	state, err := saver.State()
	if err != nil {
		return err
	}
	temporary := k.path + ".new"
	if err := os.WriteFile(temporary, state, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, k.path)
}

// load gives the state of an earlier run, nil for none.
func loadState(dir string, c record.Connection) ([]byte, error) {
	if dir == "" {
		return nil, nil
	}
	state, err := os.ReadFile(statePath(dir, c))
	if os.IsNotExist(err) {
		return nil, nil
	}
	return state, err
}

func statePath(dir string, c record.Connection) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "simulator-"+string(c)+".json")
}
