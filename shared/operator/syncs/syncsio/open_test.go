package syncsio

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
)

const exampleFile = "../../../../infra/sync.yaml"

func TestTheActiveConfigurationIsShownAndTheOtherUntilThen(t *testing.T) {
	ctx, s := context.Background(), memstore.New()
	rules := running(s, exampleFile)
	if got, active, err := rules(ctx); err != nil || active || len(got.Connections) != 3 {
		t.Fatalf("nothing is active yet: got %+v, %v, %v", got, active, err)
	}
	body, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := activation.Activate(ctx, s, activation.Version{}, activation.Text{Name: "sync.yaml", Body: body}, "digest", "test",
		time.Now()); err != nil {
		t.Fatal(err)
	}
	if got, active, err := running(s, "/not/there.yaml")(ctx); err != nil || !active || got.Version != 1 {
		t.Errorf("got %+v, %v, %v", got, active, err)
	}
}

func TestAnEnvironmentThatLacksSomethingIsToldAtTheStart(t *testing.T) {
	if _, _, err := Open(config.Digest); err == nil {
		t.Error("it starts without an environment")
	}
	for name, value := range map[string]string{config.EnvConfig: exampleFile, config.EnvStack: "FluxCascade-test",
		config.EnvTableControl: "control", config.EnvQueuesAt: "https://sqs.us-east-1.amazonaws.com/123456789012/",
		config.EnvQueueNames:     `{"due-jobber":"q"}`,
		config.EnvDigestTopicARN: "arn:aws:sns:us-east-1:123456789012:digest", "AWS_REGION": "us-east-1"} {
		t.Setenv(name, value)
	}
	system, c, err := Open(config.Digest)
	if err != nil || system.Stack != "FluxCascade-test" || c.Tables[store.Control] != "control" ||
		c.QueueURLs["due-jobber"] != "https://sqs.us-east-1.amazonaws.com/123456789012/q" || c.DigestTopicARN == "" {
		t.Errorf("got %+v, %+v, %v", system, c, err)
	}
}
