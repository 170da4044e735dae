package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/operator/awsaccount"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/deployed"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/embedded"
)

// targetFlags name the system that a command operates.
type targetFlags struct {
	data, stack, region string
	json                bool
	// opened is the account of the stack, once it was.
	opened *awsaccount.Account
}

// operating gives a command the flags that name its target.
func operating(cmd *cobra.Command) *targetFlags {
	f := &targetFlags{}
	cmd.Flags().StringVar(&f.data, "data", "", "the data directory of serve or local, whether it runs or not")
	cmd.Flags().StringVar(&f.stack, "stack", "", "the name of a deployed stack, FluxCascade-prod")
	cmd.Flags().StringVar(&f.region, "region", "", "the stack's AWS region (default: as the AWS command line finds it)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("data", "stack")
	return f
}

func (f *targetFlags) open(ctx context.Context) (operate.Target, error) {
	switch {
	case f.stack != "":
		account, err := f.account(ctx)
		if err != nil {
			return nil, err
		}
		return deployed.Open(ctx, f.stack, account)
	case f.data != "":
		return embedded.Open(f.data)
	}
	return nil, errors.New("which system? Give --data DIR for serve or local on this machine, or --stack NAME for a deployed one")
}

// account opens the AWS account that the stack is in.
func (f *targetFlags) account(ctx context.Context) (*awsaccount.Account, error) {
	if f.opened != nil {
		return f.opened, nil
	}
	var err error
	f.opened, err = awsaccount.Open(ctx, awsaccount.Settings{Region: f.region, MFACode: askMFACode})
	return f.opened, err
}

// askMFACode asks on the error output, for the other may be JSON.
func askMFACode() (string, error) {
	fmt.Fprint(os.Stderr, "code of your MFA device for AWS: ")
	var code string
	_, err := fmt.Fscanln(os.Stdin, &code) // reads no byte of the next line, which may answer another question
	return code, err
}

// print tells what an operation did and what happens next.
func (f *targetFlags) print(out io.Writer, done operate.Done) error {
	if f.json {
		return json.NewEncoder(out).Encode(done)
	}
	_, err := fmt.Fprintf(out, "%s\n%s\n", done.Did, done.Next)
	return err
}

// agree asks a person a question that yes answers; on the error output, for the other may be JSON.
func agree(cmd *cobra.Command, question string) bool {
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && line == "" {
		fmt.Fprintln(cmd.ErrOrStderr())
		return false
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}
