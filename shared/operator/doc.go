// Package operator is a door: it holds no code of its own. Behind it lives what a person sees and does.
//
//	operate       pause, resume, activate, answer, release, redrive, status: each written once, over a Target
//	              (operate/deployed is a stack, operate/embedded a folder, operate/socket what runs on one)
//	awsaccount    the operator's AWS credentials, region, proxies and certificates; words for what fails there
//	doctor        `fluxcascade doctor`: what a stack stands on, and what to do about it
//	syncs         the Syncs page and the daily digest: its sentences, its HTML
//	connect       takes a connection from nothing to connected, and back
//	accountcheck  `fluxcascade check`: a configuration against the accounts it is for
//	starter       `fluxcascade init`: a first configuration, from what the platforms have
//	guide         the guides and the changelog that the program carries
//	diagram       draws a configuration
//	forecast      how long a first load takes within the platforms' limits
//	cost          what requests and resources cost
//
// It may import everything below it: record, fault, rules, contract, engine, run. Of it, functions link the packages of the
// page alone. It decides nothing about records: what a person decides goes to the decider like any observation.
//
// Start with operate/operate.go (Target) and syncs/build.go. Commands themselves are in scripts/fluxcascade, one file each.
package operator
