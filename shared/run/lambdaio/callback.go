package lambdaio

import (
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// connectPath begins the addresses to which a vendor sends the browser of a person who authorised the app.
const connectPath = "/connect/"

// callbackPage is what that browser shows. It is the same for everybody: nothing of the address is read, shown, kept or sent
// on. What the address holds is of no use but to the terminal that made its state, and which has the app's secret.
const callbackPage = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="robots" content="noindex"><title>FluxCascade</title>
<h1>One step left</h1>
<p>Copy the whole address of this page from the browser's address bar, and paste it into the terminal that asks for it.</p>
<p>It works once, for a few minutes, and only there. If no terminal asks for it, close this page: nothing was connected.</p></html>`

// callback answers a browser that comes back from a vendor's page.
func callback(w *intake.Webhook, r events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	if _, ok := w.Routes[record.Platform(strings.TrimPrefix(r.RawPath, connectPath))]; !ok {
		return respond(intake.Answer{Status: http.StatusNotFound, Message: "no connection of this platform is configured"})
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Body: callbackPage, Headers: map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options":  "nosniff",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Strict-Transport-Security": "max-age=31536000"}}
}
