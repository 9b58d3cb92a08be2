package jobservice

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCursor(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		at := place{
			startedAt: time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "time")).UTC(),
			jobID:     rapid.StringN(1, -1, 1000).Draw(t, "jobID"),
		}
		filter := rapid.String().Draw(t, "filter")
		text := cursorOf(at, filter)

		read, err := readCursor(text, filter)
		require.NoError(t, err)
		require.Equal(t, at, read)

		_, err = readCursor(text, filter+"x")
		require.ErrorContains(t, err, "with the same filters")

		changed := []byte(text)
		i := rapid.IntRange(0, len(changed)-1).Draw(t, "change")
		changed[i] = map[bool]byte{true: 'A', false: 'B'}[changed[i] != 'A']

		_, err = readCursor(string(changed), filter)
		if err == nil { // The last character can have bits that don't count.
			require.Equal(t, len(changed)-1, i)
		}
	})
}

func TestPlaceOrdersNewestFirst(t *testing.T) {
	t.Parallel()

	now := time.Now()
	places := []place{{now, "a"}, {now.Add(-time.Second), "c"}, {now, "b"}, {now.Add(time.Second), "d"}}

	slices.SortFunc(places, place.compare)
	require.Equal(t, []place{{now.Add(time.Second), "d"}, {now, "a"}, {now, "b"}, {now.Add(-time.Second), "c"}}, places)
}
