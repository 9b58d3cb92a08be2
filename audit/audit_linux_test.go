package audit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/audit"
)

// Every write to the device of a full disk fails.
func TestOpenReportsLinesThatCannotBeWritten(t *testing.T) {
	t.Parallel()

	var failures []error

	log, err := audit.Open("/dev/full", func(err error) { failures = append(failures, err) })
	require.NoError(t, err)

	log.Record(t.Context(), audit.Entry{Call: "stopJob"})
	require.Len(t, failures, 1)
	require.NoError(t, log.Close())
}
