package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// secretBytesMax bounds what is read as a secret.
const secretBytesMax = 4096

func rotateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "rotate", Short: "Replace secrets, or renew tokens"}
	cmd.AddCommand(rotateSecretsCommand())
	return cmd
}

func rotateSecretsCommand() *cobra.Command {
	var client, webhook bool
	cmd := &cobra.Command{
		Use:   "secrets CONNECTION",
		Short: "Replace an app's client secret or webhook secret; with neither flag, renew the tokens",
		Long: `Asks for the new secret on the terminal, or reads it from the input, one a line: it is never an argument. A new client
secret first proves itself by renewing the tokens; one that the platform refuses changes nothing and costs no
authorisation. Where the webhook secret is the client secret (HubSpot, Jobber), both are replaced.`,
		Args: cobra.ExactArgs(1),
	}
	f := operating(cmd)
	cmd.Flags().BoolVar(&client, "client-secret", false, "replace the client secret")
	cmd.Flags().BoolVar(&webhook, "webhook-secret", false, "replace the webhook secret")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return onConnection(cmd, f, args[0], func(ctx context.Context, t operate.Target, rules *operate.Rules,
			c *ruleset.Connection) (operate.Done, error) {
			var next operate.Rotation
			var err error
			input := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), secretBytesMax))
			if client {
				if next.ClientSecret, err = readSecret(cmd, input, "New client secret"); err != nil {
					return operate.Done{}, err
				}
			}
			if webhook {
				if next.WebhookSecret, err = readSecret(cmd, input, "New webhook secret"); err != nil {
					return operate.Done{}, err
				}
			}
			system := &boot.System{Rules: rules.Running(), Store: t.Store(), Now: time.Now}
			return operate.Rotate(ctx, t, c, next, func(ctx context.Context, c *ruleset.Connection, app platform.App) error {
				return system.Renew(ctx, c.Name, app)
			})
		})
	}
	return cmd
}

// readSecret asks on a terminal without showing what is typed, or reads a line.
func readSecret(cmd *cobra.Command, input *bufio.Reader, what string) (string, error) {
	var text string
	if file, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: ", what)
		raw, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		if err != nil {
			return "", fmt.Errorf("read the secret: %w", err)
		}
		text = string(raw)
	} else {
		line, err := input.ReadString('\n')
		if err != nil && err != io.EOF {
			return "", fmt.Errorf("read the secret: %w", err)
		}
		text = line
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", fmt.Errorf("%s: nothing was given, so nothing is changed", strings.ToLower(what))
	}
	return text, nil
}
