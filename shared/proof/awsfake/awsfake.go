// Package awsfake answers over HTTP as an AWS account does, as far as an operator's commands ask: who am I, which stacks,
// which limits. It speaks the services' own wire formats, so that the SDK's clients are tested with it, not around it.
// Tests alone import it.
package awsfake

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// requestBytesMax bounds what is read of a request.
const requestBytesMax = 1 << 20

// Account is an AWS account in one region. Set its fields before it serves.
type Account struct {
	// Number is twelve digits.
	Number string
	// Region is the only one where its stacks are; requests signed for another find none.
	Region string
	Stacks map[string]Stack
	// Concurrency and Unreserved are Lambda's account limits.
	Concurrency, Unreserved int
	CodeBytes               int64
	// StackLimit and OutputLimit are CloudFormation's account limits; 0 for the usual.
	StackLimit, OutputLimit int
	// Hears are the subscriptions of every topic: their ARNs, or PendingConfirmation.
	Hears []string
	// Refuse names operations that AWS answers otherwise: "GetTemplate" to a code such as AccessDenied.
	Refuse map[string]Refusal
	// Now gives the Date of answers; nil for the real one.
	Now func() time.Time

	mu    sync.Mutex
	asked []string
}

// Stack is a deployed stack.
type Stack struct {
	Status    string // CREATE_COMPLETE unless given
	Template  string
	Resources map[string]string // logical to physical ids
	Outputs   map[string]string
	Tags      map[string]string
}

// Refusal is an error of AWS.
type Refusal struct {
	Status  int
	Code    string
	Message string
}

// Environment gives the variables of an operator's machine whose AWS is at a URL, with keys, and without anything that the
// real machine has. home is an empty folder.
func Environment(url, home string) map[string]string {
	return map[string]string{"HOME": home, "AWS_CONFIG_FILE": home + "/config", "AWS_SHARED_CREDENTIALS_FILE": home + "/credentials",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": url, "AWS_ENDPOINT_URL_STS": url, "AWS_ENDPOINT_URL_SSO": url,
		"AWS_CA_BUNDLE": "", "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "",
		"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "", "AWS_MAX_ATTEMPTS": "1"}
}

// Asked lists "service Operation" of each request, in order.
func (a *Account) Asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked)
}

// ServeHTTP implements http.Handler: the service is in the request's signature, the operation in its body or path.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, requestBytesMax))
	if err != nil {
		http.Error(w, "cut off", http.StatusBadRequest)
		return
	}
	if a.Now != nil {
		w.Header().Set("Date", a.Now().UTC().Format(http.TimeFormat))
	}
	service, region := signedFor(r.Header.Get("Authorization"))
	form, _ := url.ParseQuery(string(body))
	operation := form.Get("Action")
	if operation == "" {
		operation = operationOf(r)
	}
	a.mu.Lock()
	a.asked = append(a.asked, service+" "+operation)
	a.mu.Unlock()
	if refusal, ok := a.Refuse[operation]; ok {
		refuse(w, operation, form.Has("Action"), refusal)
		return
	}
	switch operation {
	case "GetCallerIdentity":
		answer(w, operation, element("Account", a.Number)+element("Arn", "arn:aws:sts::"+a.Number+":assumed-role/Operator/tess")+
			element("UserId", "AROA:tess"))
	case "AssumeRole":
		answer(w, operation, `<Credentials>`+element("AccessKeyId", "ASIAASSUMED")+element("SecretAccessKey", "assumed")+
			element("SessionToken", "session")+element("Expiration", "2099-01-01T00:00:00Z")+`</Credentials>`)
	case "GetRoleCredentials":
		writeJSON(w, map[string]any{"roleCredentials": map[string]any{"accessKeyId": "ASIASSO", "secretAccessKey": "sso", "sessionToken": "s",
			"expiration": 4070908800000}})
	case "GetTemplate", "ListStackResources", "DescribeStacks":
		a.cloudFormation(w, operation, region, form)
	case "DescribeAccountLimits":
		answer(w, operation, "<AccountLimits>"+limit("StackLimit", a.StackLimit, 2000)+limit("StackOutputsLimit", a.OutputLimit, 200)+
			"</AccountLimits>")
	case "ListSubscriptionsByTopic":
		var list strings.Builder
		for _, arn := range a.Hears {
			list.WriteString("<member>" + element("SubscriptionArn", arn) + element("Protocol", "email") + "</member>")
		}
		answer(w, operation, "<Subscriptions>"+list.String()+"</Subscriptions>")
	case "GetAccountSettings":
		writeJSON(w, map[string]any{"AccountLimit": map[string]any{"ConcurrentExecutions": a.Concurrency,
			"UnreservedConcurrentExecutions": a.Unreserved, "TotalCodeSize": int64(75) << 30},
			"AccountUsage": map[string]any{"FunctionCount": 12, "TotalCodeSize": a.CodeBytes}})
	default:
		refuse(w, operation, form.Has("Action"), Refusal{http.StatusBadRequest, "InvalidAction", "this fake knows no " + operation})
	}
}

func (a *Account) cloudFormation(w http.ResponseWriter, operation, region string, form url.Values) {
	name := form.Get("StackName")
	s, ok := a.Stacks[name]
	if region != a.Region {
		ok = false
	}
	if name != "" && !ok {
		refuse(w, operation, true, Refusal{http.StatusBadRequest, "ValidationError", "Stack with id " + name + " does not exist"})
		return
	}
	switch operation {
	case "GetTemplate":
		answer(w, operation, element("TemplateBody", s.Template))
	case "ListStackResources":
		var list strings.Builder
		for _, logical := range slices.Sorted(maps.Keys(s.Resources)) {
			list.WriteString("<member>" + element("LogicalResourceId", logical) + element("PhysicalResourceId", s.Resources[logical]) +
				element("ResourceStatus", "CREATE_COMPLETE") + element("ResourceType", "AWS::Any::Thing") + "</member>")
		}
		answer(w, operation, "<StackResourceSummaries>"+list.String()+"</StackResourceSummaries>")
	default:
		var list strings.Builder
		for _, n := range slices.Sorted(maps.Keys(a.Stacks)) {
			if region == a.Region && (name == "" || name == n) {
				list.WriteString(describe(n, a.Stacks[n]))
			}
		}
		answer(w, operation, "<Stacks>"+list.String()+"</Stacks>")
	}
}

func describe(name string, s Stack) string {
	pairs := func(of map[string]string, key, value string) string {
		var list strings.Builder
		for _, k := range slices.Sorted(maps.Keys(of)) {
			list.WriteString("<member>" + element(key, k) + element(value, of[k]) + "</member>")
		}
		return list.String()
	}
	if s.Status == "" {
		s.Status = "CREATE_COMPLETE"
	}
	return "<member>" + element("StackName", name) + element("StackStatus", s.Status) + element("CreationTime", "2026-01-01T00:00:00Z") +
		"<Outputs>" + pairs(s.Outputs, "OutputKey", "OutputValue") + "</Outputs><Tags>" + pairs(s.Tags, "Key", "Value") + "</Tags></member>"
}

func limit(name string, value, usual int) string {
	if value == 0 {
		value = usual
	}
	return "<member>" + element("Name", name) + element("Value", fmt.Sprint(value)) + "</member>"
}

// answer writes what a service of the Query protocol says.
func answer(w http.ResponseWriter, operation, result string) {
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", operation, result)
}

func refuse(w http.ResponseWriter, operation string, query bool, r Refusal) {
	if query {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(r.Status)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type>%s%s</Error></ErrorResponse>", element("Code", r.Code),
			element("Message", r.Message))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", r.Code)
	w.WriteHeader(r.Status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": r.Message, "operation": operation})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func element(name, text string) string {
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(text))
	return "<" + name + ">" + escaped.String() + "</" + name + ">"
}

// signedFor reads service and region from "AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …".
func signedFor(authorization string) (service, region string) {
	_, scope, _ := strings.Cut(authorization, "Credential=")
	scope, _, _ = strings.Cut(scope, ",")
	if parts := strings.Split(scope, "/"); len(parts) == 5 {
		return parts[3], parts[2]
	}
	return "unsigned", ""
}

// operationOf names the operation of a service that puts it into a header or path.
func operationOf(r *http.Request) string {
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return operation
	}
	switch path := strings.TrimSuffix(r.URL.Path, "/"); path {
	case "/2016-08-19/account-settings":
		return "GetAccountSettings"
	case "/federation/credentials":
		return "GetRoleCredentials"
	default:
		return r.Method + " " + path
	}
}
