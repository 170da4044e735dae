package spectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// rest is every OpenAPI description of a vendor.
type rest struct {
	routers []routers.Router
	token   *url.URL
}

// newREST loads the descriptions in dir and puts them at the addresses that are called.
func newREST(dir, baseURL, tokenURL string) (*rest, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.openapi.*"))
	if err != nil {
		return nil, err
	}
	more, err := filepath.Glob(filepath.Join(dir, "xero*.yaml"))
	if err != nil {
		return nil, err
	}
	token, err := url.Parse(tokenURL)
	if err != nil {
		return nil, err
	}
	out := &rest{token: token}
	for _, file := range append(files, more...) {
		doc, err := openapi3.NewLoader().LoadFromFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		if doc.Paths == nil || doc.Paths.Len() == 0 {
			continue // webhooks alone
		}
		amend(doc)
		switch filepath.Base(dir) {
		case "pipedrive":
			nullable(doc)
		case "xero":
			undated(doc)
		}
		settle(doc, baseURL, token)
		router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation(),
			openapi3.DisableSchemaPatternValidation())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		out.routers = append(out.routers, router)
	}
	if len(out.routers) == 0 {
		return nil, fmt.Errorf("no description in %s", dir)
	}
	return out, nil
}

// amend corrects what a description is known to tell wrongly. HubSpot's search takes its sort as a text, "-createdate", or as
// an object with a propertyName and a direction; its description knows the first alone (README of @hubspot/api-client
// 14.0.1, search). An association's type of HubSpot's own has no label, and answers null (associations v4 guide).
func amend(doc *openapi3.T) {
	if doc.Components == nil {
		return
	}
	if search := doc.Components.Schemas["PublicObjectSearchRequest"]; search != nil {
		search.Value.Properties["sorts"] = &openapi3.SchemaRef{Value: openapi3.NewArraySchema().WithItems(openapi3.NewSchema())}
	}
	if tie := doc.Components.Schemas["AssociationSpecWithLabel"]; tie != nil {
		tie.Value.Properties["label"].Value.Nullable = true
	}
}

// nullable lets every value of an answer be null: Pipedrive's descriptions are made from its client's TypeScript, which does
// not say where null stands for no value (the text of next_cursor does: "null if you have reached the end"). An option's id
// is a number there, and a text in recorded answers (dealsFields.json: "open").
func nullable(doc *openapi3.T) {
	if recent := doc.Components.Schemas["RecentsDataInner"]; recent != nil {
		*recent.Value = *openapi3.NewObjectSchema() // of every kind of record there, of users alone here
	}
	for name, schema := range doc.Components.Schemas {
		for property, value := range schema.Value.Properties {
			if value.Value == nil {
				continue
			}
			value.Value.Nullable = true
			if property == "id" && strings.Contains(name, "Option") {
				value.Value.Type = nil
			}
		}
	}
}

// undated takes back that times are of RFC 3339: Xero's own examples have none with a zone, and its answers are
// /Date(1573755038314)/.
func undated(doc *openapi3.T) {
	forget := func(ref *openapi3.SchemaRef) {
		if ref != nil && ref.Value != nil && strings.HasPrefix(ref.Value.Format, "date") {
			ref.Value.Format = ""
		}
	}
	for _, schema := range doc.Components.Schemas {
		for _, property := range schema.Value.Properties {
			forget(property)
		}
	}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for _, parameter := range operation.Parameters {
				forget(parameter.Value.Schema)
			}
		}
	}
}

// settle puts a description's paths behind the hosts that are called.
func settle(doc *openapi3.T, baseURL string, token *url.URL) {
	prefix := ""
	if len(doc.Servers) > 0 {
		if u, err := url.Parse(doc.Servers[0].URL); err == nil {
			prefix = strings.TrimSuffix(u.Path, "/")
		}
	}
	hosts := []string{baseURL}
	if at := token.Scheme + "://" + token.Host; at != baseURL {
		hosts = append(hosts, at)
	}
	doc.Servers = nil
	for _, host := range hosts {
		doc.Servers = append(doc.Servers, &openapi3.Server{URL: strings.TrimSuffix(host, "/") + prefix})
		if prefix == "/v1" { // an account's own domain has its API below /api
			doc.Servers = append(doc.Servers, &openapi3.Server{URL: strings.TrimSuffix(host, "/") + "/api" + prefix})
		}
	}
	for _, item := range doc.Paths.Map() {
		item.Servers = nil
		for _, operation := range item.Operations() {
			operation.Servers = nil
		}
	}
}

// Check implements Validator. The token endpoint may be in no description; whatever else is called must be in one. A page
// of a gateway's before the API is no answer of the API.
func (v *rest) Check(r *http.Request, body []byte, status int, header http.Header, answer []byte) error {
	r = r.Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(body))
	var route *routers.Route
	var parameters map[string]string
	i := slices.IndexFunc(v.routers, func(router routers.Router) bool {
		var err error
		route, parameters, err = router.FindRoute(r)
		return err == nil
	})
	if i < 0 {
		if r.URL.Host == v.token.Host && r.URL.Path == v.token.Path {
			return nil
		}
		return errors.New("no description has this operation")
	}
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true}}
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
		return fmt.Errorf("the request: %w", brief(err))
	}
	if status >= 400 && !strings.Contains(header.Get("Content-Type"), "json") {
		return nil
	}
	output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: status, Header: header,
		Body: io.NopCloser(bytes.NewReader(answer))}
	if err := openapi3filter.ValidateResponse(context.Background(), output); err != nil {
		return fmt.Errorf("the answer with status %d: %w", status, brief(err))
	}
	return nil
}

// briefMax bounds what is told of a misfit: the library quotes whole schemas.
const briefMax = 400

func brief(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > briefMax {
		text = text[:briefMax] + "…"
	}
	return errors.New(text)
}
