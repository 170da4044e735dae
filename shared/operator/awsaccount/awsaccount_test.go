package awsaccount_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/smithy-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/operator/awsaccount"
	"github.com/fluxcascade/fluxcascade/shared/proof/awsfake"
)

// machine is an operator's: AWS over TLS with a certificate that only a bundle trusts, and no setting of the real machine.
func machine(t *testing.T, a *awsfake.Account) (endpoint, bundle string) {
	t.Helper()
	server := httptest.NewUnstartedServer(a)
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	t.Cleanup(server.Close)
	home := t.TempDir()
	bundle = filepath.Join(home, "bundle.pem")
	write(t, bundle, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	for name, value := range awsfake.Environment(server.URL, home) {
		t.Setenv(name, value)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	t.Setenv("AWS_ACCESS_KEY_ID", "") // those of the files
	write(t, filepath.Join(home, "credentials"), "[default]\naws_access_key_id = AKIA\naws_secret_access_key = key\n")
	return server.URL, bundle
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func account() *awsfake.Account { return &awsfake.Account{Number: "123456789012", Region: "eu-west-1"} }

// look opens the account and asks for a stack's template, as every command does.
func look(s awsaccount.Settings) error {
	ctx := context.Background()
	a, err := awsaccount.Open(ctx, s)
	if err != nil {
		return err
	}
	_, err = cloudformation.NewFromConfig(a.Config).GetTemplate(ctx,
		&cloudformation.GetTemplateInput{StackName: aws.String("FluxCascade-prod")})
	return err
}

func TestABundleIsTrustedAndNothingElse(t *testing.T) {
	a := account()
	_, bundle := machine(t, a)
	account, err := awsaccount.Open(context.Background(), awsaccount.Settings{})
	if err != nil {
		t.Fatalf("with AWS_CA_BUNDLE: %v", err)
	}
	if got, want := account.Where(context.Background()), "region eu-west-1 of account 123456789012 (the default profile)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if skew, ok := account.Skew(); !ok || skew.Abs().Minutes() > 1 {
		t.Errorf("clock: got %v, %v", skew, ok)
	}
	response, err := account.HTTP().Do(request(t, os.Getenv("AWS_ENDPOINT_URL")))
	if err != nil {
		t.Errorf("a download beside the APIs does not trust the bundle: %v", err)
	} else {
		_ = response.Body.Close()
	}

	t.Setenv("AWS_CA_BUNDLE", "")
	wants(t, "without a bundle", look(awsaccount.Settings{}), "certificate that this machine does not trust", "AWS_CA_BUNDLE")
	t.Setenv("AWS_CA_BUNDLE", bundle+".gone")
	wants(t, "a bundle that is not there", look(awsaccount.Settings{}), "AWS_CA_BUNDLE names "+bundle+".gone")
	write(t, bundle, "no certificate")
	t.Setenv("AWS_CA_BUNDLE", bundle)
	wants(t, "a bundle without certificates", look(awsaccount.Settings{}), bundle, "no certificate in PEM form")
}

func TestProfilesOfASharedFile(t *testing.T) {
	a := account()
	machine(t, a)
	write(t, os.Getenv("AWS_CONFIG_FILE"), `[profile base]
aws_access_key_id = AKIABASE
aws_secret_access_key = base
[profile prod]
role_arn = arn:aws:iam::123456789012:role/Operator
source_profile = base
region = us-west-2
[profile mfa]
role_arn = arn:aws:iam::123456789012:role/Operator
mfa_serial = arn:aws:iam::123456789012:mfa/tess
source_profile = base
[profile lost]
role_arn = arn:aws:iam::123456789012:role/Operator
source_profile = nobody
[sso-session work]
sso_region = eu-west-1
sso_start_url = https://work.example.com/start
sso_registration_scopes = sso:account:access
[profile sso]
sso_session = work
sso_account_id = 123456789012
sso_role_name = Operator
[profile process]
credential_process = false
`)
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_PROFILE", "prod")
	opened, err := awsaccount.Open(context.Background(), awsaccount.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := opened.Where(context.Background()), "region us-west-2 of account 123456789012 (profile prod)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if asked := a.Asked(); asked[0] != "sts AssumeRole" {
		t.Errorf("asked %v, want AssumeRole first", asked)
	}
	a.Refuse = map[string]awsfake.Refusal{"AssumeRole": {Status: 403, Code: "AccessDenied", Message: "is not authorized"}}
	wants(t, "a role that may not be assumed", look(awsaccount.Settings{}), "profile prod may not take on its role", "trust policy")
	a.Refuse = nil

	t.Setenv("AWS_PROFILE", "base")
	wants(t, "no region", look(awsaccount.Settings{}), "no AWS region is set for profile base", "--region")
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_PROFILE", "lost")
	wants(t, "a source that is not there", look(awsaccount.Settings{}), "there is no AWS profile nobody", "config")
	t.Setenv("AWS_PROFILE", "typo")
	wants(t, "a profile that is not there", look(awsaccount.Settings{}), "there is no AWS profile typo", "list-profiles")
	t.Setenv("AWS_PROFILE", "process")
	wants(t, "a process that fails", look(awsaccount.Settings{}), "credential_process of profile process failed")

	t.Setenv("AWS_PROFILE", "mfa")
	wants(t, "an MFA device and nobody to ask", look(awsaccount.Settings{}), "MFA device", "profile mfa")
	asked := false
	ask := func() (string, error) { asked = true; return "123456", nil }
	if _, err := awsaccount.Open(context.Background(), awsaccount.Settings{MFACode: ask}); err != nil || !asked {
		t.Errorf("an MFA device: asked %v, %v", asked, err)
	}

	t.Setenv("AWS_PROFILE", "sso")
	wants(t, "no sign-in", look(awsaccount.Settings{}), "the sign-in of profile sso has ended: aws sso login --profile sso")
	sum := sha1.Sum([]byte("work"))
	write(t, filepath.Join(os.Getenv("HOME"), ".aws/sso/cache", hex.EncodeToString(sum[:])+".json"),
		`{"accessToken":"token","expiresAt":"2099-01-01T00:00:00Z"}`)
	if _, err := awsaccount.Open(context.Background(), awsaccount.Settings{}); err != nil {
		t.Errorf("a sign-in that holds: %v", err)
	}
	a.Refuse = map[string]awsfake.Refusal{"GetRoleCredentials": {Status: 401, Code: "UnauthorizedException",
		Message: "Session token not found"}}
	wants(t, "a sign-in that was ended", look(awsaccount.Settings{}), "aws sso login --profile sso")

	t.Setenv("AWS_PROFILE", "")
	write(t, os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), "")
	wants(t, "no credentials at all", look(awsaccount.Settings{}), "no AWS credentials for the default profile", "aws configure")
}

func TestRefusalsSayWhoWasAskedAndWhatToDo(t *testing.T) {
	a := account()
	machine(t, a)
	in := "region eu-west-1 of account 123456789012"
	for _, c := range []struct {
		refusal awsfake.Refusal
		want    []string
	}{
		{awsfake.Refusal{Status: 403, Code: "AccessDenied", Message: "User: arn:aws:iam::1:user/t is not authorized to perform: kms:Decrypt"},
			[]string{"assumed-role/Operator/tess lacks the right kms:Decrypt", in, "OperatorPolicy"}},
		{awsfake.Refusal{Status: 403, Code: "AccessDenied", Message: "denied"}, []string{"lacks the right cloudformation:GetTemplate"}},
		{awsfake.Refusal{Status: 403, Code: "AccessDenied", Message: "is not authorized to perform: a:B with an explicit deny in a policy"},
			[]string{"explicitly"}},
		{awsfake.Refusal{Status: 403, Code: "ExpiredToken", Message: "x"}, []string{"have expired", "aws sso login"}},
		{awsfake.Refusal{Status: 403, Code: "InvalidClientTokenId", Message: "x"}, []string{"does not know these credentials", in, "--region"}},
		{awsfake.Refusal{Status: 403, Code: "SignatureDoesNotMatch", Message: "x"}, []string{"clock", "aws configure"}},
		{awsfake.Refusal{Status: 400, Code: "Throttling", Message: "x"}, []string{"run it again in a minute", in}},
	} {
		a.Refuse = map[string]awsfake.Refusal{"GetTemplate": c.refusal}
		err := look(awsaccount.Settings{})
		wants(t, c.refusal.Code, err, c.want...)
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != c.refusal.Code {
			t.Errorf("%s: the code is lost to programs: %v", c.refusal.Code, err)
		}
		if kept := awsclient.Classify("read", err); !strings.Contains(kept.Error(), c.want[0]) {
			t.Errorf("%s: Classify drops the words: %v", c.refusal.Code, kept)
		}
	}
}

func TestAPlaceThatDoesNotAnswerIsNamed(t *testing.T) {
	machine(t, account())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := listener.Addr().String()
	_ = listener.Close()
	t.Setenv("AWS_ENDPOINT_URL", "https://"+free)
	wants(t, "nothing listens", look(awsaccount.Settings{Region: "us-east-2"}), "nothing answers in region us-east-2", "HTTPS_PROXY")
	t.Setenv("AWS_ENDPOINT_URL", "https://cloudformation.eu-wst-1.invalid")
	wants(t, "a misspelt region", look(awsaccount.Settings{Region: "eu-wst-1"}), "Is eu-wst-1 a region of AWS?")
}

// TestProxies runs itself once for each proxy: net/http reads HTTPS_PROXY once in a process.
func TestProxies(t *testing.T) {
	if os.Getenv("FLUXCASCADE_TEST_PROXY") != "" {
		if err := look(awsaccount.Settings{}); err != nil {
			_, _ = io.WriteString(os.Stdout, "failed: "+err.Error()+"\n")
		}
		return
	}
	a := account()
	a.Stacks = map[string]awsfake.Stack{"FluxCascade-prod": {Template: "{}"}}
	endpoint, bundle := machine(t, a)
	t.Setenv("AWS_ENDPOINT_URL", "https://example.com") // the name in the test server's certificate; only the proxy reaches it
	tunnel := func(w http.ResponseWriter, r *http.Request) {
		through(t, w, r, strings.TrimPrefix(endpoint, "https://"))
	}
	plain := httptest.NewServer(http.HandlerFunc(tunnel))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(tunnel))
	defer secure.Close()
	pass := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") == "" {
			http.Error(w, "who?", http.StatusProxyAuthRequired)
			return
		}
		tunnel(w, r)
	}))
	defer pass.Close()
	for _, c := range []struct{ name, proxy, want string }{
		{"over http", plain.URL, ""},
		{"over https, its certificate in the bundle", secure.URL, ""},
		{"with a password", strings.Replace(pass.URL, "http://", "http://tess:secret@", 1), ""},
		{"without the password", pass.URL, "asks for a name and password"},
		{"that is not there", "http://127.0.0.1:1", "the proxy that HTTPS_PROXY names does not let us through"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestProxies$")
		cmd.Env = append(os.Environ(), "FLUXCASCADE_TEST_PROXY=1", "HTTPS_PROXY="+c.proxy, "https_proxy=", "NO_PROXY=", "no_proxy=")
		out, err := cmd.CombinedOutput()
		failed := bytes.Contains(out, []byte("failed: "))
		if err != nil || failed != (c.want != "") || !bytes.Contains(out, []byte(c.want)) {
			t.Errorf("a proxy %s (bundle %s): %v, %s; want %q", c.name, bundle, err, out, c.want)
		}
	}
}

// through joins a CONNECT request to the server that stands for every host.
func through(t *testing.T, w http.ResponseWriter, r *http.Request, to string) {
	if r.Method != http.MethodConnect {
		http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
		return
	}
	server, err := net.Dial("tcp", to)
	if err != nil {
		t.Error(err)
		return
	}
	client, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() { _, _ = io.Copy(server, buffered); _ = server.Close() }()
	go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
}
