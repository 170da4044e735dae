package awsaccount

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
)

// Failure is an error of AWS in words for a person. It wraps the SDK's, which code may ask for its kind.
type Failure struct {
	words string
	cause error
}

var _ awsclient.Explained = (*Failure)(nil)

// Error gives the words alone.
func (f *Failure) Error() string { return f.words }

// Explained implements awsclient.Explained.
func (f *Failure) Explained() {}

// Unwrap gives the SDK's error.
func (f *Failure) Unwrap() error { return f.cause }

// The codes that a person can do something about. Sources: docs.aws.amazon.com/IAM/latest/UserGuide/
// troubleshoot_access-denied.html and docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html, read 2026-12.
var (
	denied  = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "AuthorizationErrorException"}
	expired = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
	invalid = []string{"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure", "OptInRequired",
		"NotSignedUp"}
	unsigned = []string{"SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "RequestTimeTooSkewed"}
	throttle = []string{"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
)

// action finds in AWS's refusal the right that lacks; the rest of that text is not repeated.
var action = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)`)

// explain is the outermost step of every call: an error that a person can act on gets words, every other passes.
func (a *Account) explain(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	out, meta, err := next.HandleInitialize(ctx, in)
	if err == nil {
		return out, meta, nil
	}
	if code := codeOf(err); code != "" && !within(code, denied, expired, invalid, unsigned, throttle) {
		return out, meta, err // the answer of a condition, a missing thing: whoever asked knows what it means
	}
	if ctx.Err() != nil {
		return out, meta, err // the person stopped it
	}
	var who Identity
	if codeOf(err) != "" { // it answers, so that this may too
		who, _ = a.Who(ctx)
	}
	words := a.words(err, who)
	if within(codeOf(err), denied) {
		words = a.refused(err, who, awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx))
	}
	return out, meta, &Failure{words: words, cause: err}
}

// words say what a failed call means and what to do.
func (a *Account) words(err error, who Identity) string {
	where := a.where(who)
	switch code := codeOf(err); {
	case code == "":
		return a.unanswered(err)
	case within(code, expired):
		return fmt.Sprintf("the credentials of %s have expired: %s", a.profile(), a.signIn())
	case within(code, invalid):
		return fmt.Sprintf("AWS does not know these credentials in %s (%s). Either the keys are wrong or deleted (%s), or the account has not "+
			"enabled the region: give --region", where, code, a.signIn())
	case within(code, unsigned):
		return fmt.Sprintf("AWS refuses the signature of %s (%s). Either the secret key is wrong, or this machine's clock is%s: set it, or run "+
			"`aws configure`", a.profile(), code, a.ahead())
	case within(code, throttle):
		return fmt.Sprintf("AWS limits how often %s may ask (%s): run it again in a minute", where, code)
	default:
		return fmt.Sprintf("AWS refused in %s (%s)", where, code)
	}
}

// refused names the right that lacks, by AWS's own text where it tells it, else by the operation.
func (a *Account) refused(err error, who Identity, service, operation string) string {
	right := strings.ToLower(strings.ReplaceAll(service, " ", "")) + ":" + operation
	var api smithy.APIError
	why := "an administrator has to attach the policy that the stack's output OperatorPolicy names, or ReaderPolicy for looking alone"
	if errors.As(err, &api) {
		if m := action.FindStringSubmatch(api.ErrorMessage()); m != nil {
			right = m[1]
		}
		if strings.Contains(api.ErrorMessage(), "explicit deny") {
			why = "a policy denies it explicitly (the account's, the organisation's or a boundary), so that granting it is not enough"
		}
	}
	name := who.ARN
	if name == "" {
		name = a.profile()
	}
	return fmt.Sprintf("%s lacks the right %s in %s: %s", name, right, a.where(who), why)
}

// unanswered says why no answer came.
func (a *Account) unanswered(err error) string {
	var (
		name      *net.DNSError
		untrusted *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		network   *net.OpError
		timeout   interface{ Timeout() bool }
	)
	switch {
	case strings.Contains(err.Error(), "get credentials:"):
		return a.explainCredentials(err).Error()
	case errors.As(err, &network) && network.Op == "proxyconnect":
		return fmt.Sprintf("the proxy that HTTPS_PROXY names does not let us through (%v): correct HTTPS_PROXY, or name the hosts that need "+
			"none in NO_PROXY", network.Err)
	case strings.Contains(err.Error(), "Proxy Authentication Required"):
		return "the proxy that HTTPS_PROXY names asks for a name and password: write them into it, http://NAME:PASSWORD@HOST:PORT"
	case errors.As(err, &name):
		return fmt.Sprintf("there is no host %s. Is %s a region of AWS? If so, this machine has no network, or needs HTTPS_PROXY", name.Name,
			a.Config.Region)
	case errors.As(err, &untrusted) || errors.As(err, &authority):
		return "AWS showed a certificate that this machine does not trust. A proxy of your company may stand between: put its " +
			"certificate into a file (PEM) and name that in AWS_CA_BUNDLE; where AWS_CA_BUNDLE is set, only what is in it is trusted"
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("AWS did not answer in region %s within %v: look at the network, HTTPS_PROXY and --region", a.Config.Region,
			callPatience)
	case errors.As(err, &network):
		return fmt.Sprintf("nothing answers in region %s (%v): look at the network, HTTPS_PROXY and --region", a.Config.Region, network.Err)
	}
	return fmt.Sprintf("AWS gave no answer that can be read, in region %s: look at the network, HTTPS_PROXY and --region, then run it again "+
		"(%v)", a.Config.Region, err)
}

// explainLoad says what is wrong with the files and variables.
func (a *Account) explainLoad(err error) error {
	var (
		missing awsconfig.SharedConfigProfileNotExistError
		role    awsconfig.SharedConfigAssumeRoleError
		broken  awsconfig.SharedConfigLoadError
		token   awsconfig.AssumeRoleTokenProviderNotSetError
		path    *fs.PathError
		words   string
	)
	switch {
	case errors.As(err, &token):
		words = fmt.Sprintf("the role of %s asks for the code of an MFA device, which cannot be asked for here: sign in first, `aws configure "+
			"export-credentials --profile %s --format env` gives variables that hold for an hour", a.profile(), firstOf(a.Profile, "default"))
	case errors.As(err, &missing):
		words = fmt.Sprintf("there is no AWS %s in %s: `aws configure list-profiles` shows which there are; AWS_PROFILE names the one to use",
			"profile "+missing.Profile, files())
	case errors.As(err, &role):
		words = fmt.Sprintf("the role %s of the AWS profile %s cannot be used: its source_profile or credential_source is missing or wrong; "+
			"correct it in %s", role.RoleARN, role.Profile, files())
	case errors.As(err, &broken):
		words = fmt.Sprintf("the AWS configuration %s does not parse: correct it", broken.Filename) // its lines may be secrets
	case errors.As(err, &path) && path.Path == os.Getenv("AWS_CA_BUNDLE"):
		words = fmt.Sprintf("AWS_CA_BUNDLE names %s, which cannot be read (%v): name a file of certificates in PEM form, or unset it", path.Path,
			path.Err)
	case strings.Contains(err.Error(), "CA bundle"):
		words = fmt.Sprintf("AWS_CA_BUNDLE (or ca_bundle in the profile) names %s, which holds no certificate in PEM form: name one that does, "+
			"or unset it", firstOf(os.Getenv("AWS_CA_BUNDLE"), "a file"))
	default:
		words = fmt.Sprintf("the AWS configuration of %s cannot be used; look at %s (%v)", a.profile(), files(), err)
	}
	return &Failure{words: words, cause: err}
}

// explainCredentials says why there are none.
func (a *Account) explainCredentials(err error) error {
	var (
		sso       *ssocreds.InvalidTokenError
		process   *processcreds.ProviderError
		token     awsconfig.AssumeRoleTokenProviderNotSetError
		operation *smithy.OperationError
		words     string
	)
	found := errors.As(err, &operation)
	switch {
	case errors.As(err, &token):
		return a.explainLoad(err)
	case errors.As(err, &sso) || strings.Contains(err.Error(), "cached SSO token"),
		found && (operation.Service() == "SSO" || operation.Service() == "SSO OIDC") && codeOf(err) != "":
		words = fmt.Sprintf("the sign-in of %s has ended: aws sso login%s", a.profile(), a.flag())
	case errors.As(err, &process):
		words = fmt.Sprintf("the credential_process of %s failed: run it by hand; it must print JSON with credentials", a.profile())
	case found && operation.Service() == "STS" && within(codeOf(err), denied):
		words = fmt.Sprintf("%s may not take on its role (sts:%s was refused): the role's trust policy must name these credentials, and they "+
			"need sts:AssumeRole on it", a.profile(), operation.Operation())
	case found && operation.Service() == "STS" && codeOf(err) != "":
		words = fmt.Sprintf("%s could not take on its role: %s", a.profile(), a.words(err, Identity{}))
	case found && operation.Service() != "ec2imds":
		words = a.unanswered(operation.Err)
	default:
		words = fmt.Sprintf("there are no AWS credentials for %s: %s", a.profile(), a.signIn())
	}
	return &Failure{words: words, cause: err}
}

// signIn says how to get credentials.
func (a *Account) signIn() string {
	return fmt.Sprintf("run `aws sso login%s` or `aws configure%s`, or set AWS_PROFILE to a profile that has some", a.flag(), a.flag())
}

func (a *Account) flag() string {
	if a.Profile == "" {
		return ""
	}
	return " --profile " + a.Profile
}

// ahead says how wrong the clock is, " wrong" if that is not known.
func (a *Account) ahead() string {
	if skew, ok := a.Skew(); ok && skew.Abs() > SkewMax {
		return fmt.Sprintf(" wrong (it is %v off)", skew.Abs().Round(time.Second))
	}
	return " wrong"
}

// files are those that the configuration is read from.
func files() string {
	return firstOf(os.Getenv("AWS_CONFIG_FILE"), awsconfig.DefaultSharedConfigFilename()) + " and " +
		firstOf(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), awsconfig.DefaultSharedCredentialsFilename())
}

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func within(code string, lists ...[]string) bool {
	for _, list := range lists {
		for _, c := range list {
			if c == code {
				return true
			}
		}
	}
	return false
}
