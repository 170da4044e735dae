package doctor

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// CDK is the deploying tool that everything here was tried with; README.md, infra and this name the same.
const CDK = "aws-cdk@2.1148.1"

const (
	// nodeMin and nodeMax are the versions of Node with long-term support that jsii takes (nodejs.org/en/about/previous-releases
	// and aws.github.io/jsii/compatibility, read 2026-12): 20 has ended in April 2026.
	nodeMin, nodeMax = 22, 24
	// toolPatience bounds one question to a tool.
	toolPatience = 15 * time.Second
)

// Tool runs a program of this machine and gives the first line that it prints. The error is os/exec's.
type Tool func(ctx context.Context, name string, args ...string) (string, error)

// OfThisMachine is the Tool there is.
func OfThisMachine(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, toolPatience)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line, err
}

var version = regexp.MustCompile(`^v?(\d+)\.(\d+)\.(\d+)`)

// Machine looks at the tools that deploy. Only deploying needs them, so what is missing beside a stack that stands is no
// more than a warning.
func Machine(ctx context.Context, tool Tool, stands bool) *Report {
	r := &Report{}
	lacking := Problem
	if stands {
		lacking = Warning
	}
	get := fmt.Sprintf("install Node %d or %d (nodejs.org): deploying needs it, and nothing else does", nodeMax, nodeMin)
	node, err := tool(ctx, "node", "--version")
	m := version.FindStringSubmatch(node)
	switch {
	case err != nil || m == nil:
		r.add("node", lacking, "there is no Node on this machine", get)
		return r // npx comes with it
	default:
		r.node(node, m[1], lacking, get)
	}
	if _, err := tool(ctx, "npx", "--version"); err != nil {
		r.add("cdk", lacking, "Node has no npx", "install npm, which has it; it fetches "+CDK+" when you deploy")
		return r
	}
	r.cdk(ctx, tool)
	return r
}

func (r *Report) node(found, majorText string, lacking State, get string) {
	major, _ := strconv.Atoi(majorText) // digits by its shape
	switch {
	case major < nodeMin:
		r.add("node", lacking, found+" is no longer supported", get)
	case major > nodeMax || major%2 == 1:
		r.add("node", Warning, found+" is not one with long-term support that CDK is tried with", get)
	default:
		r.add("node", OK, found, "")
	}
}

// cdk looks for a command line of the machine's own, which a person may run by habit.
func (r *Report) cdk(ctx context.Context, tool Tool) {
	own, err := tool(ctx, "cdk", "--version")
	m, want := version.FindStringSubmatch(own), version.FindStringSubmatch(strings.TrimPrefix(CDK, "aws-cdk@"))
	if err != nil || m == nil {
		r.add("cdk", OK, "npx fetches "+CDK+" when you deploy", "")
		return
	}
	for i := 1; i < len(m); i++ {
		have, _ := strconv.Atoi(m[i])
		need, _ := strconv.Atoi(want[i])
		if have < need {
			r.add("cdk", Warning, "the cdk of this machine is "+m[0]+", older than what reads our templates", "deploy with npx "+CDK+" deploy")
			return
		}
		if have > need {
			break
		}
	}
	r.add("cdk", OK, "npx fetches "+CDK+" when you deploy; the cdk of this machine is "+m[0], "")
}

// Join gives reports as one, in order.
func Join(reports ...*Report) *Report {
	all := &Report{}
	for _, r := range reports {
		all.Findings = append(all.Findings, r.Findings...)
	}
	return all
}
