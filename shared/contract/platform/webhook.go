package platform

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// Signed says that signature is the base64 of an HMAC-SHA256, keyed with secret, over parts, one after the other. It takes
// the same time wherever they differ. Without a secret nothing is signed.
func Signed(secret, signature string, parts ...[]byte) bool {
	given, err := base64.StdEncoding.DecodeString(signature)
	mac := hmac.New(sha256.New, []byte(secret))
	for _, part := range parts {
		mac.Write(part)
	}
	return err == nil && secret != "" && hmac.Equal(given, mac.Sum(nil))
}

// Verify checks a webhook that is signed over its raw body (Signed), before it is read: its size, and its signature in a
// header. Errors: fault.Rejected (too large), fault.Unauthorized.
func Verify(op, secret, header string, r Request, bodyBytesMax int) error {
	if len(r.Body) > bodyBytesMax {
		return fault.Newf(fault.Rejected, op, "body over %d bytes", bodyBytesMax)
	}
	if !Signed(secret, r.Header.Get(header), r.Body) {
		return fault.Newf(fault.Unauthorized, op, "signature missing or wrong")
	}
	return nil
}
