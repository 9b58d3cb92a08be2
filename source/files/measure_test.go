package files_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// extents reads a table to its end, and returns the extent before each record and at the end.
func extents(t *testing.T, from source.Reader, table source.Table) (seen []source.Extent) {
	t.Helper()

	rows, err := from.ReadTable(t.Context(), source.Read{Table: table})
	require.NoError(t, err)

	for err == nil {
		seen = append(seen, source.ExtentOf(rows))
		_, err = rows.Next(t.Context())
	}

	require.Equal(t, io.EOF, err)

	seen = append(seen, source.ExtentOf(rows))
	require.NoError(t, rows.Close())

	return seen
}

// requireGrowing requires that the bytes only grow, and never exceed a total that is not estimated.
func requireGrowing(t *testing.T, seen []source.Extent) {
	t.Helper()

	for i, extent := range seen {
		require.Positive(t, extent.TotalBytes)
		require.LessOrEqual(t, extent.Bytes, extent.TotalBytes)
		require.True(t, i == 0 || extent.Bytes >= seen[i-1].Bytes)
	}
}

func TestExtentOfAFileIsItsSize(t *testing.T) {
	t.Parallel()

	text := "id,name\n" + strings.Repeat("1,x\n", 100_000)
	packed := zipped(t, text)
	from := open(t, "from", map[string]string{"t.csv": text, "t.csv.gz": packed})

	for name, size := range map[string]int{"t.csv": len(text), "t.csv.gz": len(packed)} {
		seen := extents(t, from, named(name))
		requireGrowing(t, seen)
		require.Equal(t, source.Extent{Bytes: int64(size), TotalBytes: int64(size)}, seen[len(seen)-1])
		require.Equal(t, int64(size), seen[0].TotalBytes)

		if name == "t.csv" {
			require.Less(t, seen[0].Bytes, int64(size), "the first record requires the whole file")
		}
	}
}

func TestExtentOfAFileWithRandomAccess(t *testing.T) {
	t.Parallel()

	from := open(t, "from", nil)
	_, err := from.write(t, source.Write{Table: named("t.parquet"), Mode: source.Replace}, []string{"a"},
		source.Record{"x"}, source.Record{"y"})
	require.NoError(t, err)

	seen := extents(t, from, named("t.parquet"))
	requireGrowing(t, seen)
	require.EqualValues(t, len(from.text(t, "t.parquet")), seen[0].TotalBytes)
	require.Positive(t, seen[len(seen)-1].Bytes)
}

func TestExtentOfAPatternIsEstimatedUntilAllFilesAreOpen(t *testing.T) {
	t.Parallel()

	short, long := "id\n", "id\n"+strings.Repeat("1\n", 1_000)
	from := open(t, "from", map[string]string{"a.csv": short, "b.csv": long, "c.csv": long})

	seen := extents(t, from, named("*.csv"))
	requireGrowing(t, seen)
	require.Equal(t, int64(3*len(short)), seen[0].TotalBytes)
	require.True(t, seen[0].Estimated)

	all := int64(len(short) + 2*len(long))
	require.Equal(t, source.Extent{Bytes: all, TotalBytes: all}, seen[len(seen)-1])
}

func TestExtentMayBeReadWhileAnotherGoroutineReads(t *testing.T) {
	t.Parallel()

	text := "id\n" + strings.Repeat("1\n", 10_000)
	from := open(t, "from", map[string]string{"a.csv": text, "b.csv.gz": zipped(t, text), "c.csv": text})

	rows, err := from.ReadTable(t.Context(), source.Read{Table: named("*")})
	require.NoError(t, err)

	ended := make(chan struct{})

	go func() {
		defer close(ended)

		for err == nil {
			_, err = rows.Next(t.Context())
		}
	}()

	for reading := true; reading; {
		select {
		case <-ended:
			reading = false
		default:
			require.Positive(t, source.ExtentOf(rows).TotalBytes)
		}
	}

	require.Equal(t, io.EOF, err)
	require.NoError(t, rows.Close())
}
