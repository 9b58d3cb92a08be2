package jobservice

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJobIDTakenNamesDifferingFieldsAndWhatToDo(t *testing.T) {
	t.Parallel()

	many := make([]string, 12)
	for i := range many {
		many[i] = fmt.Sprintf("f%02d", i)
	}

	for name, row := range map[string]struct {
		differing []string
		reason    string
	}{
		"unknown fields": {nil, "a different request has started it"},
		"one field":      {[]string{"appId"}, "appId differs from the request that started it"},
		"two fields":     {[]string{"operation.opName", "operation.title"}, "operation.opName, operation.title differ from the request that started it"},
		"many fields": {
			many,
			"f00, f01, f02, f03, f04, f05, f06, f07, f08, f09 and 2 more fields differ from the request that started it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			taken := jobIDTaken("night 1", row.differing)
			require.Equal(t, "the jobId night 1 belongs to another job: "+row.reason+
				"; use another jobId, or repeat the first request unchanged to get that job", taken.Message)
			require.Equal(t, CodeJobIDTaken, taken.Code)
			require.Equal(t, "night 1", taken.JobID)
		})
	}
}
