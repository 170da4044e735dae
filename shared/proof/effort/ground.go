package effort

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// The seeds that a tree may draw: groundStep apart, so that no two runs of up to a million histories share any.
const (
	grounds    = 100_000_000
	groundStep = 1_000_000
)

// sources are the folders and files of the module whose content draws the ground.
var sources = []string{"events", "functions", "go.mod", "go.sum", "infra", "scripts", "shared"}

// Ground draws the first seed of a run from the content of a tree, the module's root: so each change searches histories that
// no run has tried, and the same tree always the same. It reads files alone and asks no version control, so that it says the same
// in a clone, in an unpacked archive, and before a commit. Folders that are not source (node_modules, and those with a dot
// before their name) do not count, and names count with what they hold.
// Errors: a source that cannot be read.
func Ground(tree fs.FS) (uint64, error) {
	sum := sha256.New()
	for _, source := range sources {
		err := fs.WalkDir(tree, source, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".")):
				return fs.SkipDir
			case !entry.Type().IsRegular():
				return nil
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			fmt.Fprintf(sum, "%s\x00%d\x00", path, info.Size())
			file, err := tree.Open(path)
			if err != nil {
				return err
			}
			defer file.Close()
			_, err = io.Copy(sum, file)
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("draw seeds from the tree: %w", err)
		}
	}
	return binary.BigEndian.Uint64(sum.Sum(nil)) % grounds * groundStep, nil
}
