// Package spectest holds what goes over the wire against what the vendors publish of their APIs: OpenAPI descriptions,
// Jobber's GraphQL schema, the describes of a Salesforce org. Requests are ours, answers the simulators', and neither is
// made from these files. They are in ../shared/platforms beside the module and are not part of it: without them nothing
// is validated, which whoever asks is told.
package spectest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Validator holds one request and its answer against a description. The error says where they part. Safe for
// concurrent use.
type Validator interface {
	Check(r *http.Request, body []byte, status int, header http.Header, answer []byte) error
}

// parentsMax bounds the way up to the module's root.
const parentsMax = 10

// Dir gives the folder of what is known of a vendor. The error says that it is not here.
func Dir(p record.Platform) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for range parentsMax {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(dir, "..", "shared", "platforms", string(p))
			if _, err := os.Stat(path); err != nil {
				return "", fmt.Errorf("../shared/platforms/%s is not here", p)
			}
			return path, nil
		}
		dir = filepath.Dir(dir)
	}
	return "", errors.New("no go.mod above the working directory")
}

// For loads the validator of a platform that is called at baseURL, and for tokens at tokenURL.
func For(p record.Platform, baseURL, tokenURL string) (Validator, error) {
	dir, err := Dir(p)
	if err != nil {
		return nil, err
	}
	if p == "jobber" {
		return newGraphQL(filepath.Join(dir, "subset-2025.graphql"), tokenURL)
	}
	rest, err := newREST(dir, baseURL, tokenURL)
	if err != nil || p != "salesforce" {
		return rest, err
	}
	described, err := newDescribes(filepath.Join(dir, "describe"))
	if err != nil {
		return nil, err
	}
	return both{rest, described}, nil
}

// both holds an exchange against two descriptions.
type both [2]Validator

// Check implements Validator.
func (b both) Check(r *http.Request, body []byte, status int, header http.Header, answer []byte) error {
	if err := b[0].Check(r, body, status, header, answer); err != nil {
		return err
	}
	return b[1].Check(r, body, status, header, answer)
}
