package onaws_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/boot/onaws"
)

func TestAWebhookIsCountedByPlatformAndResult(t *testing.T) {
	var out bytes.Buffer
	onaws.CountWebhooks(&out, func() time.Time { return time.UnixMilli(1772377200000) })("jobber", "unauthorised", 0)
	want := `{"_aws":{"CloudWatchMetrics":[{"Dimensions":[["platform","result"]],"Metrics":[{"Name":"webhooks","Unit":"Count"},{"Name":"hints","Unit":"Count"}],"Namespace":"FluxCascade"}],"Timestamp":1772377200000},"hints":0,"platform":"jobber","result":"unauthorised","webhooks":1}` + "\n"
	if out.String() != want {
		t.Errorf("got %s, want %s", out.String(), want)
	}
}
