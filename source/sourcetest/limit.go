package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// oversizedMemory is the memory that the query of an oversized record may take: some copies of a record of the maximum size.
const oversizedMemory = 6 * source.MaxRecord

// allowedMemory returns the memory that a query may take in this build: the race detector stores about as much again for each
// byte that a program writes.
func allowedMemory() int64 {
	build, _ := debug.ReadBuildInfo()
	if build != nil && slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return 2 * oversizedMemory
	}

	return oversizedMemory
}

// RequireLimited requires that queries whose result has a record of more than [source.MaxRecord] bytes end with an error that
// is not retryable, and that the process does not take the memory for the record.
func RequireLimited(t *testing.T, from source.Querier, queries ...string) {
	t.Helper()

	for _, query := range queries {
		t.Run(source.Shorten(query, 60), func(t *testing.T) {
			before := resetPeak(t)

			err := readToEnd(t.Context(), from, query)

			var problem *source.Error
			require.ErrorAs(t, err, &problem)
			require.Equal(t, source.CodeLimitExceeded, problem.Code, "%v", err)
			require.False(t, problem.Retryable)
			require.NotEmpty(t, problem.Source)
			require.Contains(t, problem.Message, "has more than 64 MiB, the limit of a record")
			require.NotEmpty(t, problem.Hint)
			require.Less(t, memory(t, "VmHWM:")-before, allowedMemory())

			require.NoError(t, readToEnd(t.Context(), from, "SELECT 1"), "the source can be used after the error")
		})
	}
}

// readToEnd runs a query and reads its records.
func readToEnd(ctx context.Context, from source.Querier, query string) error {
	rows, err := from.Query(ctx, query, nil)
	if err != nil {
		return err
	}

	_, err = readAll(ctx, rows)

	return err
}

// resetPeak sets the peak of the process's memory to its current memory, which it returns. It skips the test if the operating
// system does not report the memory.
func resetPeak(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()

	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Skip("the operating system does not report the peak of a process's memory")
	}

	return memory(t, "VmRSS:")
}

// memory returns a value in bytes of /proc/self/status.
func memory(t *testing.T, name string) int64 {
	t.Helper()

	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)

	_, after, found := strings.Cut(string(status), name)
	require.True(t, found)

	var kibibytes int64

	_, err = fmt.Sscan(after, &kibibytes)
	require.NoError(t, err)

	return kibibytes << 10
}

// endless checks that a write ends within five seconds after its context, even if its rows have no end and ignore the context.
func (s Suite) endless(t *testing.T) {
	modes := []source.Mode{source.Replace, source.Append}
	if !s.Keyless {
		modes = append(modes, source.Upsert, source.Update)
	}

	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			store, table := s.begin(t)

			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()

			var cancelled time.Time

			rows := &endlessRows{columns: people, after: 5_000, then: func() { cancelled = time.Now(); cancel() }}

			write := source.Write{Table: table, Mode: mode}
			if mode.Keyed() {
				write.Key = []string{"id"}
			}

			_, err := store.WriteTable(ctx, write, rows)
			require.ErrorIs(t, err, context.Canceled)
			require.Less(t, time.Since(cancelled), 5*time.Second)
			require.Len(t, s.read(t, store, table, people), 2, "the write is undone")
		})
	}
}

// endlessRows are rows without an end, which do not watch the context.
type endlessRows struct {
	columns source.Schema
	count   int
	after   int    // The number of records after which then is called.
	then    func() // Ends the context.
}

func (r *endlessRows) Schema() source.Schema { return r.columns }

func (r *endlessRows) Next(context.Context) (source.Record, error) {
	r.count++

	switch {
	case r.count == r.after:
		r.then()
	case r.count > 1_000*r.after:
		return nil, errors.New("the write has not ended")
	}

	return source.Record{int64(r.count), "endless"}, nil
}

func (r *endlessRows) Close() error { return nil }
