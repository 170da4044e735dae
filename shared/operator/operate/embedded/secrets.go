package embedded

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// SecretsFile is where the apps and the first refresh tokens are, in the data folder, readable by its owner alone.
const SecretsFile = "secrets.json"

// Secret is one connection's part of the secrets file.
type Secret struct {
	platform.App
	// RefreshToken is used once, when the connection has no token yet; newer ones are kept in the store.
	RefreshToken string `json:"refresh_token,omitempty"`
}

// Secrets is the secrets file. It is read again when it changes, so that a rotated secret is picked up. Safe for
// concurrent use.
type Secrets struct {
	Path string

	mu   sync.Mutex
	read time.Time // the file's own time when it was read
	size int64
	all  map[record.Connection]Secret
}

// All gives every connection's secret; none if there is no file yet. Errors: fault.Unauthorized for a file that others can
// read, or of the wrong shape.
func (s *Secrets) All() (map[record.Connection]Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load()
}

// Of gives a connection's secret. Errors: fault.Unauthorized if there is none.
func (s *Secrets) Of(c record.Connection) (Secret, error) {
	all, err := s.All()
	if err != nil {
		return Secret{}, err
	}
	one := all[c]
	if one.ClientID == "" || one.ClientSecret == "" {
		return one, fault.Newf(fault.Unauthorized, "app secret of "+string(c), "%s has no client_id and client_secret for it", s.Path)
	}
	return one, nil
}

// Save replaces a connection's app, and keeps its refresh token. The file is whole at any moment.
func (s *Secrets) Save(c record.Connection, app platform.App) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.load()
	if err != nil {
		return err
	}
	next := map[record.Connection]Secret{c: {App: app, RefreshToken: all[c].RefreshToken}}
	for name, one := range all {
		if name != c {
			next[name] = one
		}
	}
	text, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", s.Path, err)
	}
	temporary := s.Path + ".new"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("keep the app secret of %s: %w", c, err)
	}
	s.all = nil
	return os.Rename(temporary, s.Path)
}

func (s *Secrets) load() (map[record.Connection]Secret, error) {
	info, err := os.Stat(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[record.Connection]Secret{}, nil
	}
	if err != nil {
		return nil, fault.New(fault.Unauthorized, "read the secrets file", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.Newf(fault.Unauthorized, "read the secrets file", "%s can be read by others; run: chmod 600 %s", s.Path, s.Path)
	}
	if s.all != nil && info.ModTime().Equal(s.read) && info.Size() == s.size {
		return s.all, nil
	}
	raw, err := os.ReadFile(s.Path)
	if err != nil {
		return nil, fault.New(fault.Unauthorized, "read the secrets file", err)
	}
	all := map[record.Connection]Secret{}
	if err := json.Unmarshal(raw, &all); err != nil { // the cause may quote the file
		return nil, fault.Newf(fault.Unauthorized, "read the secrets file", "%s is not the JSON that fluxcascade serve --help shows", s.Path)
	}
	s.all, s.read, s.size = all, info.ModTime(), info.Size()
	return all, nil
}

// matchSecretBytes is the length of a match secret that is made here.
const matchSecretBytes = 32

// MatchSecret gives the key of the match hashes: kept in dir, so that a later run finds the same keys; made again, and not
// kept, without a dir.
func MatchSecret(dir string) ([]byte, error) {
	secret := make([]byte, matchSecretBytes)
	if dir == "" {
		_, err := rand.Read(secret)
		return secret, err
	}
	path := filepath.Join(dir, matchSecretFile)
	kept, err := os.ReadFile(path)
	if err == nil {
		return kept, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	return secret, os.WriteFile(path, secret, 0o600)
}
