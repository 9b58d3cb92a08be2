package jobservice

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
)

// BenchmarkStatusOfAnEndedJob measures a status that the cache has.
func BenchmarkStatusOfAnEndedJob(b *testing.B) {
	s := New(Options{})
	s.ended.put(&Status{
		JobID: "night 1", State: job.Completed, Version: 12, Ended: true, appID: "7",
		Fields: []byte(`{"jobId":"night 1","status":"completed","version":12}`),
	}, time.Now().Add(time.Hour))

	b.ReportAllocs()

	for b.Loop() {
		_, err := s.Status(b.Context(), "7", "night 1")
		require.NoError(b, err)
	}
}
