package result_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// throughJob returns a reference as it is after it went through the JSON of a job.
func throughJob(t *testing.T, reference job.Result) job.Result {
	t.Helper()

	text, err := json.Marshal(reference)
	require.NoError(t, err)

	var read job.Result

	require.NoError(t, json.Unmarshal(text, &read))

	return read
}

func TestSmallResultIsInlineAndNotStored(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)
	schema := source.Schema{column("<a>", source.Text)}
	small := throughJob(t, *writeUpTo(t, maxInline, store, "1.json", schema, source.Record{"<&>"}, source.Record{nil}))

	require.Empty(t, files(t, folder))
	require.Empty(t, small.Key)
	require.EqualValues(t, 2, small.Records)

	has, err := store.Has(t.Context(), small)
	require.NoError(t, err)
	require.True(t, has)

	// Responses of inline and stored results are equal.
	stored := write(t, store, "1.json", schema, source.Record{"<&>"}, source.Record{nil})
	require.Nil(t, stored.Inline)

	for _, withSchema := range []bool{true, false} {
		require.JSONEq(t, answer(t, store, *stored, withSchema), answer(t, store, small, withSchema))
	}
}

func TestInlineReferenceIsStableInJSON(t *testing.T) {
	t.Parallel()

	schema := source.Schema{column("<a>", source.Text), columnOf("j", standard(t, "json"))}
	small := writeUpTo(t, maxInline, open(t, t.TempDir()), "1.json", schema,
		source.Record{"<é>", json.RawMessage("{ \"a\": 1.0 }")}, source.Record{"", nil})

	require.Equal(t, *small, throughJob(t, *small))
	require.Equal(t, *small, throughJob(t, throughJob(t, *small)))
	require.Equal(t, `"records":[{"`, string(small.Inline[small.SchemaBytes:][:len(`"records":[{"`)]))
}

func TestInlineUpToLimitsInlineResults(t *testing.T) {
	t.Parallel()

	schema := source.Schema{column("a", source.Text)}
	store := open(t, t.TempDir())
	empty := writeUpTo(t, maxInline, store, "1.json", schema, source.Record{""})
	capacity := maxInline - len(empty.Inline)

	for _, test := range []struct {
		name, text string
		limit      int
		isInline   bool
	}{
		{"the largest", strings.Repeat("x", capacity), maxInline, true},
		{"a byte more", strings.Repeat("x", capacity+1), maxInline, false},
		{"as many letters, of which one takes six bytes in a job", strings.Repeat("x", capacity-1) + "<", maxInline, false},
		{"a larger limit", strings.Repeat("x", capacity+1), 1 << 30, true},
		{"the largest of a smaller limit", "", len(empty.Inline), true},
		{"a byte more than a smaller limit", "x", len(empty.Inline), false},
		{"no limit", "", 0, false},
		{"far more", strings.Repeat("x", 1<<20), maxInline, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			folder := t.TempDir()
			store := open(t, folder)
			reference := writeUpTo(t, test.limit, store, "1.json", schema, source.Record{test.text})

			require.Equal(t, test.isInline, reference.Inline != nil)
			require.Equal(t, test.isInline, len(files(t, folder)) == 0)
			require.LessOrEqual(t, len(reference.Inline), test.limit)
			require.JSONEq(t, `{"records":[{"a":"`+test.text+`"}]}`, answer(t, store, *reference, false))
		})
	}
}

func TestCommitOfInlineResultFailsAfterItsContextEnded(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())

	writer, err := open(t, t.TempDir()).Create(ctx, "1.json", nil, source.Schema{column("a", source.Text)})
	require.NoError(t, err)
	cancel()

	_, err = writer.Commit()
	require.ErrorIs(t, err, context.Canceled)
}
