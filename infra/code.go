package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
)

// Names within a function's package.
const (
	bootstrapFile = "bootstrap"
	configFile    = "sync.yaml"
	// configPath is where a function finds its configuration: Lambda unpacks packages there.
	configPath = "/var/task/" + configFile
)

// standIn takes the place of a function that is not built, so that a stack can be synthesised and looked at.
const standIn = "#!/bin/sh\necho 'not built: run scripts/build' >&2\nexit 1\n"

// Code is a folder for each function, to be packaged as it is: the bootstrap, and the configuration of this very stack
// beside it, so that stages built once differ in nothing else.
type Code struct {
	Dirs map[config.Function]string
	// Missing lists the functions that are not built and have a stand-in.
	Missing []config.Function
}

// gatherCode assembles the folders under work.
func gatherCode(dist, work string, text []byte) (Code, error) {
	code := Code{Dirs: map[config.Function]string{}}
	for _, f := range config.Functions() {
		binary, err := os.ReadFile(filepath.Join(dist, string(f), bootstrapFile))
		if errors.Is(err, fs.ErrNotExist) {
			binary, err = []byte(standIn), nil
			code.Missing = append(code.Missing, f)
		}
		dir := filepath.Join(work, string(f))
		if err := errors.Join(err, os.MkdirAll(dir, 0o755),
			os.WriteFile(filepath.Join(dir, bootstrapFile), binary, 0o755), os.WriteFile(filepath.Join(dir, configFile), text, 0o644)); err != nil {
			return Code{}, fmt.Errorf("package %s: %w", f, err)
		}
		code.Dirs[f] = dir
	}
	return code, nil
}
