package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
)

func TestQuotaOfApp(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, limits string
		want         app.Quota
	}{
		{"none", "{queryTimeout: 1m}", app.Quota{}},
		{"refuses by default", "{runningJobs: 20}", app.Quota{RunningJobs: 20, WhenFull: app.Refuse}},
		{"queues", "{runningJobs: 1, whenFull: queue}", app.Quota{RunningJobs: 1, WhenFull: app.Queue}},
		{"an integer as weight", "{weight: 3}", app.Quota{Weight: 3}},
		{"a fraction as weight", "{weight: 0.5, callsPerMinute: 600}", app.Quota{Weight: 0.5, CallsPerMinute: 600}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			found := load(t, "limits: "+test.limits, nil)
			require.Equal(t, test.want, found.Quota)
		})
	}
}
