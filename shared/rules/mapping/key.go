package mapping

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Key gives the key that values have under a match rule: its parts through their transforms, trimmed, in NFC and
// folded, joined so that no two lists of parts give one key. ok is false if a part is missing or blank, or says nothing.
func Key(rule ruleset.MatchRule, values record.HubValues) (key string, ok bool) {
	var b strings.Builder
	for _, part := range rule.Parts {
		value, known := values[part.Field]
		if !known {
			return "", false
		}
		out := Run(part.Transforms, []Said{Read(value)})
		if len(out) != 1 {
			return "", false
		}
		text := cases.Fold().String(norm.NFC.String(strings.Join(strings.Fields(out[0].text), " ")))
		if text == "" {
			return "", false
		}
		b.WriteString(strconv.Itoa(len(text)) + ":" + text)
	}
	return b.String(), b.Len() > 0
}

// Hash hides a key: HMAC-SHA256 under the deployment's secret, in hex, bound to group, entity type and rule.
func Hash(secret []byte, group record.Group, t record.Object, rule, key string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(strings.Join([]string{string(group), string(t), rule, key}, "\x00")))
	return hex.EncodeToString(mac.Sum(nil))
}
