// Command widget draws the Syncs page for CloudWatch's dashboards. It reads, and changes nothing.
package main

import (
	"log"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/syncs/syncsio"
)

func main() {
	fn, err := onaws.Open(config.Widget)
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(fn, syncsio.Widget(syncsio.System{Stack: fn.Config().Stack, Store: fn.Store(), Queue: fn.Queue(), Rules: fn.Running, Now: time.Now}))
}
