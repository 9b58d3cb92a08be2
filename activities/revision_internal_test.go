package activities

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
)

func TestRevisionsAreOfOneRunAndAreUsedForAShortTime(t *testing.T) {
	t.Parallel()

	var (
		known  revisions
		now    = time.Now()
		first  = &app.App{ID: "7"}
		second = &app.App{ID: "7"}
	)

	require.Nil(t, known.of("run", now))

	known.add("run", revision{first, now})
	known.add("other", revision{second, now.Add(time.Millisecond)})

	require.Same(t, first, known.of("run", now))
	require.Same(t, first, known.of("run", now.Add(revisionAge-1)))
	require.Nil(t, known.of("run", now.Add(revisionAge)))
	require.Same(t, second, known.of("other", now.Add(revisionAge)))
	require.Nil(t, known.of("third", now))

	known.add("run", revision{second, now.Add(revisionAge)})
	require.Same(t, second, known.of("run", now.Add(revisionAge)))

	for i := range 2 * maxRevisions {
		known.add(strconv.Itoa(i), revision{first, now})
		require.LessOrEqual(t, len(known.ofRun), maxRevisions)
	}

	require.Same(t, first, known.of(strconv.Itoa(2*maxRevisions-1), now))
}
