package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/local/runner"
)

// running is what a run of local leaves for other terminals: where its front is.
type running struct {
	Front string `json:"front"`
}

func runningPath() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	dir = filepath.Join(dir, "fluxcascade")
	return filepath.Join(dir, "local.json"), os.MkdirAll(dir, 0o700)
}

// announce writes where this run is; forget removes it.
func announce(w *runner.World) (forget func(), err error) {
	path, err := runningPath()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(running{Front: w.FrontURL})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, err
	}
	return func() {
		if now, err := os.ReadFile(path); err == nil && bytes.Equal(now, text) {
			_ = os.Remove(path)
		}
	}, nil
}

// ask calls the running local.
func ask(method, path string, body any, into any) error {
	file, err := runningPath()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return errors.New("nothing runs here; start it in another terminal: go run ./scripts/fluxcascade local")
	}
	var r running
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, r.Front+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return errors.New("the local run does not answer; is it still running?")
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(strings.TrimSpace(string(answer)))
	}
	return json.Unmarshal(answer, into)
}

func editCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "edit CONNECTION ID FIELD=VALUE…",
		Short: "Change a record of the running local as a person would",
		Example: `  fluxcascade edit jobber Q2xpZW50LzE= phone=312-555-0199
  fluxcascade edit hubspot 101 email=new@example.com lastname=Smith`,
		Args: cobra.MinimumNArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			fields := map[string]string{}
			for _, arg := range args[2:] {
				name, value, ok := strings.Cut(arg, "=")
				if !ok {
					return fmt.Errorf("%q is not FIELD=VALUE", arg)
				}
				fields[name] = value
			}
			var answer struct{ Object string }
			if err := ask(http.MethodPost, "/person/"+args[0]+"/"+url.PathEscape(args[1]), fields, &answer); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "changed %s/%s %s; watch the other terminal\n", args[0], answer.Object, args[1])
			return nil
		},
	}
}

func recordsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "records CONNECTION",
		Short: "List the records of the running local's simulated platform",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var list []runner.Listed
			if err := ask(http.MethodGet, "/records/"+args[0], nil, &list); err != nil {
				return err
			}
			for _, l := range list {
				fmt.Fprintf(cmd.OutOrStdout(), "%-10s %-24s %s\n", l.Object, l.ID, l.Label)
			}
			return nil
		},
	}
}
