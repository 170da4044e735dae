package ruleset

import (
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// The currencies by how many decimals their amounts have: ISO 4217, list one (six-group.com, data standards; read 2026-12-01),
// without funds and metals. All others have two.
const (
	wholeCurrencies = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
	milliCurrencies = "BHD IQD JOD KWD LYD OMR TND"
)

// currencyCode is how a currency is spelled.
var currencyCode = lazyregexp.New(`^[A-Z]{3}$`)

// Decimals gives how many decimals an amount of a currency has; ok is false for what is spelled as no currency's code.
func Decimals(currency string) (places int, ok bool) {
	switch {
	case !currencyCode.MatchString(currency):
		return 0, false
	case slices.Contains(strings.Fields(wholeCurrencies), currency):
		return 0, true
	case slices.Contains(strings.Fields(milliCurrencies), currency):
		return 3, true
	}
	return 2, true
}
