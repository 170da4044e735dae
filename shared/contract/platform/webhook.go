package platform

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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
