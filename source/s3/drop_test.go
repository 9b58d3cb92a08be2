package s3_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/files"
)

// seen reads a file and returns its version.
func seen(t *testing.T, from *files.Source, name string) (done source.Part) {
	t.Helper()

	rows, err := from.ReadTable(t.Context(), source.Read{
		Table: named(name), Done: func(part source.Part) { done = part },
	})
	require.NoError(t, err)

	for err == nil {
		_, err = rows.Next(t.Context())
	}

	require.NoError(t, rows.Close())
	require.NotEmpty(t, done.Version)

	return done
}

func TestDropFileRemovesTheVersionThatWasRead(t *testing.T) {
	t.Parallel()

	server := serve(t)
	server.put(t, "x/t.csv", "id\n1\n")

	bucket := server.open(t, map[string]any{"prefix": "x"})
	done := seen(t, bucket, "t.csv")

	server.put(t, "x/t.csv", "id\n2\n")

	isOther, err := bucket.DropFile(t.Context(), done)
	require.NoError(t, err)
	require.True(t, isOther)
	require.Zero(t, server.Count(http.MethodDelete))

	done = seen(t, bucket, "t.csv")

	for range 2 { // What is gone is no error.
		isOther, err = bucket.DropFile(t.Context(), done)
		require.NoError(t, err)
		require.False(t, isOther)
	}

	names, _ := server.left(t)
	require.Empty(t, names)
}

func TestDropFileSendsTheVersionAsACondition(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		status  int
		code    string
		isOther bool
		problem string
		left    int
	}{
		"it removes it":          {},
		"another one came":       {http.StatusPreconditionFailed, "PreconditionFailed", true, "", 1},
		"it knows no conditions": {http.StatusNotImplemented, "NotImplemented", false, "", 0},
		"it is gone":             {http.StatusNotFound, "NoSuchKey", false, "", 1},
		"concurrent write":       {http.StatusConflict, "ConditionalRequestConflict", false, "the file can't be removed", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			server := serve(t)
			server.put(t, "t.csv", "id\n1\n")

			bucket := server.open(t, nil)
			done := seen(t, bucket, "t.csv")

			server.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodDelete || r.Header.Get("If-Match") != done.Version || test.code == "" {
					return false
				}

				testserver.S3Answer(w, test.status, test.code, "")

				return true
			})

			isOther, err := bucket.DropFile(t.Context(), done)
			require.Equal(t, test.isOther, isOther)

			if test.problem != "" {
				requireProblem(t, err, source.CodeUnavailable, true, test.problem)
			} else {
				require.NoError(t, err)
			}

			names, _ := server.left(t)
			require.Len(t, names, test.left)
		})
	}
}
