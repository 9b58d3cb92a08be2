package format_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// names returns file names of each type with each compression.
func names() (names []string) {
	for _, of := range source.FileTypes() {
		for _, extension := range []string{"", ".gz", ".zst", ".zip"} {
			names = append(names, "orders"+of.Extensions[0]+extension)
		}
	}

	return names
}

func TestReadDistinguishesFailuresFromInvalidContent(t *testing.T) {
	t.Parallel()

	for _, name := range names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			content := write(t, name, source.Format{}, texts("a", "b"), many()...)

			for _, failure := range []error{
				&fs.PathError{Op: "read", Path: "/machine/orders", Err: syscall.EIO},
				io.ErrUnexpectedEOF,
				&fs.PathError{Op: "read", Path: "/machine/orders", Err: io.EOF}, // The end of a connection is none of the file.
			} {
				for _, at := range []int{0, 1, len(content) / 2, len(content) - 1, len(content)} {
					from := &file{Reader: io.MultiReader(bytes.NewReader(content[:at]), iotest.ErrReader(failure))}

					rows, err := format.Read(t.Context(), from, name, options(source.Format{}))
					if err == nil {
						_, err = all(t, rows)
						require.NoError(t, rows.Close())
					}

					cause := failure.Error()
					if pathError, ok := errors.AsType[*fs.PathError](failure); ok {
						cause = pathError.Err.Error()
					}

					requireProblem(t, err, source.CodeUnavailable, "the file cannot be read: "+cause)
					require.NotContains(t, err.Error(), "/machine")
					require.Positive(t, from.closed)
				}
			}
		})
	}
}

func TestReadRetainsTheMessageOfAnErrorOfTheFile(t *testing.T) {
	t.Parallel()

	failure := &source.Error{Code: source.CodeUnavailable, Source: "files", Message: "the bucket is busy", Hint: "wait", Retryable: true}

	for _, name := range names() {
		from := &file{Reader: iotest.ErrReader(failure)}

		_, err := format.Read(t.Context(), from, name, options(source.Format{}))
		requireProblem(t, err, source.CodeUnavailable, "the bucket is busy")
		require.Positive(t, from.closed)
	}
}

func TestReadReturnsTheErrorOfTheContext(t *testing.T) {
	t.Parallel()

	for _, name := range names() {
		content := write(t, name, source.Format{}, texts("a", "b"), source.Record{"1", "x"}, source.Record{"2", "y"})
		ctx, cancel := context.WithCancel(t.Context())

		rows, err := format.Read(ctx, &file{Reader: bytes.NewReader(content)}, name, options(source.Format{}))
		require.NoError(t, err)

		_, err = rows.Next(ctx)
		require.NoError(t, err)

		cancel()

		_, err = rows.Next(ctx)
		require.Equal(t, context.Canceled, err)
		require.NoError(t, rows.Close())

		from := &file{Reader: iotest.ErrReader(context.Canceled)}

		_, err = format.Read(ctx, from, name, options(source.Format{}))
		require.Equal(t, context.Canceled, err)
		require.Positive(t, from.closed)
	}
}

func TestReadReturnsTheErrorOfReject(t *testing.T) {
	t.Parallel()

	full := errors.New("too many rejects")

	for _, name := range []string{"orders.csv", "orders.csv.gz", "orders.csv.zip"} {
		var content bytes.Buffer

		writer, err := format.NewWriter(&content, name, source.Format{Quote: "none"}, texts("a", "b"))
		require.NoError(t, err)
		require.NoError(t, writer.Append(source.Record{"1", `x"y`}))
		require.NoError(t, writer.Close())

		o := options(source.Format{})
		o.Reject = func(reject source.Reject) error {
			require.Contains(t, reject.Location, "line 2")

			return full
		}

		_, _, err = read(t, content.Bytes(), name, o)
		require.Equal(t, full, err)
	}
}

func TestNextRepeatsTheFirstError(t *testing.T) {
	t.Parallel()

	rows, err := format.Read(t.Context(), &file{Reader: strings.NewReader("a,b\n1\n2,3\n")}, "orders.csv", options(source.Format{}))
	require.NoError(t, err)

	_, first := rows.Next(t.Context())
	requireProblem(t, first, source.CodeRecordInvalid, "line 2: it has 1 field, and the table has 2 columns")

	_, second := rows.Next(t.Context())
	require.Equal(t, first, second)
	require.Equal(t, "line 2", rows.(source.Locator).Location())
	require.NoError(t, rows.Close())
}

func TestReadRefusesEmptyFiles(t *testing.T) {
	t.Parallel()

	for _, name := range names() {
		from := &file{Reader: strings.NewReader("")}

		rows, err := format.Read(t.Context(), from, name, options(source.Format{}))
		if name == "orders.ndjson" { // No lines are no records.
			require.NoError(t, errors.Join(err, rows.Close()))

			continue
		}

		requireProblem(t, err, source.CodeRecordInvalid, messageOf(t, err))
		require.Positive(t, from.closed)
	}
}

// FuzzRead verifies that reading any bytes with any name ends, and that each error has a code.
func FuzzRead(f *testing.F) {
	for _, name := range names() {
		f.Add(name, "", write(f, name, source.Format{}, texts("a", "b"), source.Record{"1", nil}, source.Record{"2", "é\""}))
	}

	f.Add("orders.csv", "utf-16", []byte("\xff\xfea\x00\n\x00\x3d\xd8\x00\xde\n\x00"))
	f.Add("orders.csv", "shift_jis", []byte("a\n\x8a\x94\n"))

	f.Fuzz(func(t *testing.T, name, encoding string, content []byte) {
		_, _, err := read(t, content, name, options(source.Format{Encoding: encoding}))
		if err == nil {
			return
		}

		var problem *source.Error
		require.ErrorAs(t, err, &problem)
		require.False(t, problem.Retryable, "the bytes stay what they are: %v", err)
	})
}
