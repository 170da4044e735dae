package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/operator/starter"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// draftedConfig is the file that init writes unless another is named.
const draftedConfig = "sync.yaml"

func initCommand() *cobra.Command {
	var hub, config, zone string
	var spokes []string
	var force bool
	cmd := &cobra.Command{
		Use:   "init --hub PLATFORM --spokes PLATFORM,…",
		Short: "Write a first configuration, commented, from what the platforms have",
		Long: `Writes a configuration that maps what the hub and each spoke have in common: owners with a reason for each, transforms, match
rules, schedules. Read it, change what is not as you work, and check it with lint.

With --data or --stack it looks at the accounts that are connected there, so that their own custom fields are in it, as
proposals in comments; without, it goes by what every account of the platform has. Which platform to take as the hub:
fluxcascade guide choose-a-hub.`,
		Example: "  fluxcascade init --hub hubspot --spokes jobber,quickbooks",
		Args:    cobra.NoArgs,
	}
	target := operating(cmd)
	_ = cmd.Flags().MarkHidden("json") // it is refused
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if target.json {
			return errors.New("init writes YAML; it has no --json")
		}
		if hub == "" || len(spokes) == 0 {
			return errors.New("init needs --hub PLATFORM and --spokes PLATFORM,…; which one to take: fluxcascade guide choose-a-hub")
		}
		if zone == "" {
			zone = machineZone()
		} else if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
			return fmt.Errorf("--zone %q is not a time zone; write an IANA name such as America/Chicago or Europe/Berlin", zone)
		}
		var names []record.Platform
		for _, name := range spokes {
			names = append(names, record.Platform(name))
		}
		first, others, err := starter.Accounts(catalog.All(), record.Platform(hub), names)
		if err != nil {
			return err
		}
		looked, err := lookAt(cmd.Context(), target, append([]*starter.Account{&first}, pointers(others)...))
		if err != nil {
			return err
		}
		text, err := starter.Write(first, others, zone)
		if err != nil {
			return err
		}
		if err := writeNew(config, text, force); err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		fmt.Fprintf(out, "Wrote %s: %s as the hub, %d spokes.", config, first.Platform.Label, len(others))
		if len(looked) == 0 {
			fmt.Fprint(out, " It goes by what every account has; once accounts are connected, --data or --stack brings in their own fields.")
		} else {
			fmt.Fprintf(out, " The fields of %v are as their accounts have them.", looked)
		}
		fmt.Fprintf(out, "\nRead it: every owner has a reason, and a reason that is not yours is a wrong owner. Then:\n  fluxcascade lint "+
			"--config %s\n  fluxcascade connect %s --config %s --data DIR   (and each spoke)\n", config, first.Connection, config)
		return nil
	}
	flags := cmd.Flags()
	flags.StringVar(&hub, "hub", "", "the platform that owns the master records")
	flags.StringSliceVar(&spokes, "spokes", nil, "the platforms that map to it")
	flags.StringVar(&config, "config", draftedConfig, "the file to write")
	flags.StringVar(&zone, "zone", "", "the IANA time zone in which the business has its days (default: this machine's)")
	flags.BoolVar(&force, "force", false, "overwrite the file if it is there")
	return cmd
}

// machineZone is the time zone of this machine by its IANA name, "" where it has none of a place: servers keep UTC.
func machineZone() string {
	name := time.Now().Location().String()
	if name == "Local" {
		target, err := os.Readlink("/etc/localtime")
		if err != nil {
			return ""
		}
		_, name, _ = strings.Cut(target, "zoneinfo/")
	}
	if _, err := time.LoadLocation(name); err != nil || !strings.Contains(name, "/") || strings.HasPrefix(name, "Etc/") {
		return ""
	}
	return name
}

func pointers(accounts []starter.Account) []*starter.Account {
	out := make([]*starter.Account, len(accounts))
	for i := range accounts {
		out[i] = &accounts[i]
	}
	return out
}

// writeNew writes a file that is not there yet, or that may be overwritten.
func writeNew(path, text string, force bool) error {
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, how, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and was left as it is; name another with --config, or overwrite it with --force", path)
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// lookAt fills in the fields of the accounts that are connected in the named system, and gives their connections; none
// without a named system.
func lookAt(ctx context.Context, f *targetFlags, accounts []*starter.Account) ([]record.Connection, error) {
	if f.data == "" && f.stack == "" {
		return nil, nil
	}
	target, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	var looked []record.Connection
	rules := &ruleset.Rules{}
	for _, a := range accounts {
		rules.Connections = append(rules.Connections, ruleset.Connection{Name: a.Connection, Platform: a.Platform.Name})
	}
	system := systemOf(target, rules)
	for _, a := range accounts {
		has, err := credential.Has(ctx, target.Store(), a.Connection)
		if err != nil {
			return nil, err
		}
		if !has {
			continue
		}
		if a.Fields, err = fieldsOf(ctx, system, a); err != nil {
			return nil, fmt.Errorf("look at %s: %w", a.Connection, err)
		}
		looked = append(looked, a.Connection)
	}
	return looked, nil
}

// fieldsOf asks a connected account for its fields.
func fieldsOf(ctx context.Context, system *boot.System, a *starter.Account) (map[record.Object][]platform.FieldInfo, error) {
	connector, err := system.Connector(a.Connection)
	if err != nil {
		return nil, err
	}
	describing, ok := connector.(platform.Connecting)
	if !ok {
		return nil, nil
	}
	fields := map[record.Object][]platform.FieldInfo{}
	for _, o := range a.Platform.Objects {
		if fields[o.Name], err = describing.Describe(ctx, o.Name); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// systemOf assembles connectors over a system that a person operates.
func systemOf(target operate.Target, rules *ruleset.Rules) *boot.System {
	return &boot.System{Rules: rules, Store: target.Store(), Queue: target.Queue(), Now: time.Now, PublicURL: target.PublicURL(),
		App: func(ctx context.Context, c record.Connection) (boot.App, error) {
			declared, ok := rules.Connection(c)
			if !ok {
				return boot.App{}, fmt.Errorf("connection %s is not configured", c)
			}
			return target.App(ctx, declared)
		}}
}
