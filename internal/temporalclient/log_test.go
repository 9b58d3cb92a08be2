package temporalclient_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/internal/temporalclient"
)

func TestLogOfTheSDKWarnsOfFailedAttemptsButNotOfStoppedOnes(t *testing.T) {
	t.Parallel()

	failed := errors.New("syntax error")

	for name, row := range map[string]struct {
		message string
		err     error
		want    string
	}{
		"a failed attempt":                 {"Activity error.", failed, `level=WARN msg="Activity error." app=7 Error="syntax error"` + "\n"},
		"a stopped attempt":                {"Activity error.", temporal.NewCanceledError(), ""},
		"a heartbeat of a stopped attempt": {"RecordActivityHeartbeat with error", context.Canceled, ""},
		"another message":                  {"Activity panic.", failed, `level=ERROR msg="Activity panic." app=7 Error="syntax error"` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var out bytes.Buffer

			log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
				ReplaceAttr: func(_ []string, attribute slog.Attr) slog.Attr {
					if attribute.Key == slog.TimeKey {
						return slog.Attr{}
					}

					return attribute
				},
			}))

			var options client.Options

			temporalclient.Configure(&options, log.With("app", "7"))
			options.Logger.Error(row.message, "Error", row.err)
			require.Equal(t, row.want, out.String())
		})
	}
}
