package format_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

func TestRandomReadsFilesWithRandomAccessInPlace(t *testing.T) {
	t.Parallel()

	from := &randomFile{Reader: bytes.NewReader([]byte("0123456789"))}

	content, size, cleanup, err := format.Random(t.Context(), from)
	require.NoError(t, err)
	require.Same(t, from, content)
	require.EqualValues(t, 10, size)
	require.NoError(t, cleanup())
	require.Zero(t, from.closed)
}

func TestRandomCopiesFilesWithoutRandomAccess(t *testing.T) {
	t.Parallel()

	text := strings.Repeat("0123456789", 100_000)
	from := &file{Reader: iotest.HalfReader(strings.NewReader(text))}

	content, size, cleanup, err := format.Random(t.Context(), from)
	require.NoError(t, err)
	require.EqualValues(t, len(text), size)

	for _, at := range []int64{999_997, 5, 500_000} {
		chunk := make([]byte, 3)
		_, err := content.ReadAt(chunk, at)
		require.NoError(t, err)
		require.Equal(t, text[at:at+3], string(chunk))
	}

	require.NoError(t, cleanup())
	require.NoError(t, cleanup())
	require.Zero(t, from.closed)

	_, err = content.ReadAt(make([]byte, 1), 0)
	require.ErrorIs(t, err, os.ErrClosed)
}

func TestRandomReportsFailuresOfTheTemporaryFile(t *testing.T) {
	t.Parallel()

	failure := errors.New("the network is down")

	require.ErrorIs(t, randomError(t.Context(), io.MultiReader(strings.NewReader("x"), iotest.ErrReader(failure))), failure)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	require.ErrorIs(t, randomError(ctx, strings.NewReader("x")), context.Canceled)
}

// randomError returns the error of a copy to a temporary file.
func randomError(ctx context.Context, content io.Reader) error {
	_, _, cleanup, err := format.Random(ctx, &file{Reader: content})
	if err == nil {
		return cleanup()
	}

	return err
}

// It changes the environment, and therefore cannot run in parallel.
func TestRandomRemovesItsTemporaryFile(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)

	_, _, cleanup, err := format.Random(t.Context(), &file{Reader: strings.NewReader("x")})
	require.NoError(t, err)

	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left, "also if the process ends now")
	require.NoError(t, cleanup())

	t.Setenv("TMPDIR", folder+"/missing")

	_, _, err = read(t, zipOf(t), "orders.zip", options(source.Format{}))
	require.ErrorContains(t, err, "the file cannot be copied to a temporary file: no such file or directory")
	require.NotContains(t, err.Error(), folder)
}
