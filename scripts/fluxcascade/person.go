package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// terminal is the person at the terminal. What is asked for as a secret is not shown, and nothing secret is ever printed.
type terminal struct {
	in      *bufio.Reader
	file    *os.File // stdin where it is a terminal, else nil
	out     io.Writer
	browser bool
}

func newTerminal(cmd *cobra.Command, browser bool) *terminal {
	t := &terminal{in: bufio.NewReader(cmd.InOrStdin()), out: cmd.OutOrStdout(), browser: browser}
	if file, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		t.file = file
	}
	return t
}

// Say implements connect.Person.
func (t *terminal) Say(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }

// Ask implements connect.Person.
func (t *terminal) Ask(prompt string) (string, error) {
	fmt.Fprint(t.out, prompt)
	line, err := t.in.ReadString('\n')
	if line == "" && err != nil {
		fmt.Fprintln(t.out)
		return "", fmt.Errorf("nobody is there to answer %q", strings.TrimSuffix(strings.TrimSpace(prompt), ":"))
	}
	return strings.TrimSpace(line), nil
}

// AskSecret implements connect.Person.
func (t *terminal) AskSecret(prompt string) (string, error) {
	if t.file == nil {
		return t.Ask(prompt)
	}
	fmt.Fprint(t.out, prompt)
	raw, err := term.ReadPassword(int(t.file.Fd()))
	fmt.Fprintln(t.out)
	if err != nil {
		return "", errors.New("the secret could not be read")
	}
	return string(raw), nil
}

// Open implements connect.Person, where there is a screen.
func (t *terminal) Open(address string) {
	if !t.browser || t.file == nil {
		return
	}
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	}
	if path, err := exec.LookPath(name); err == nil {
		_ = exec.Command(path, args...).Start() // the address is printed, too
	}
}
