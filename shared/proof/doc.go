// Package proof is a door: it holds no code of its own. Behind it lives what shows that the rest is right.
//
//	platformtest  the suite that every connector passes before its vendor's simulator; benches brings each connector to it,
//	              spectest holds what goes over the wire against what vendors publish
//	simtest       seeded histories of people, platforms and faults around the production handlers, and the invariants that
//	              must hold after each (`fluxcascade dev simulate`)
//	awsfake       an AWS account over HTTP, as far as an operator's commands ask
//	effort        how much a test tries: a few seeds in each run of the suite, all in ./scripts/test --long
//
// It may import everything below it. Tests and the command line alone import it. The suites of store and queue stand beside
// their contracts.
//
// Start with simtest/doc.go and platformtest/platformtest.go.
package proof
