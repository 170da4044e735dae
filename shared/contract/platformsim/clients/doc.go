// Package clients shows the simulators to the vendors' own client libraries: its tests serve each simulator on a loopback
// port and run scripts/tools/clients/NAME.mjs against it, which creates, reads, updates, searches, works in batches and
// refreshes a token as that library does, and ends with an error at any difference from what the vendor documents. What is
// faithful to these clients is so whatever our connectors expect. Jobber has no client of its own.
//
// The libraries come from the npm packages that scripts/tools/package.json pins; without them the tests skip aloud.
package clients
