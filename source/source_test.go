package source_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// opened is a source that stores the arguments of its Open.
type opened struct {
	definition source.Definition
	place      source.Place
}

func (opened) Close() error { return nil }

func (opened) Check(context.Context) (string, error) { return "it is there", nil }

func openOpened(_ context.Context, definition source.Definition, place source.Place) (source.Source, error) {
	return opened{definition, place}, nil
}

func TestDriversOpenUsesDriverOfKind(t *testing.T) {
	t.Parallel()

	want := opened{source.Definition{Name: "stage", Kind: "B"}, source.Place{AppDir: "a", DataDir: "d"}}
	drivers := source.Drivers{
		"A": func(context.Context, source.Definition, source.Place) (source.Source, error) {
			return nil, context.Canceled
		},
		"B": openOpened,
	}

	have, err := drivers.Open(t.Context(), want.definition, want.place)
	require.NoError(t, err)
	require.Equal(t, want, have)
}

func TestDriversOpenListsKindsForUnknownKind(t *testing.T) {
	t.Parallel()

	drivers := source.Drivers{"SQLiteSource": openOpened, "FileSource": openOpened}
	_, err := drivers.Open(t.Context(), source.Definition{Name: "stage", Kind: "SQLightSource"}, source.Place{})

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, source.CodeDefinitionInvalid, problem.Code)
	require.False(t, problem.Retryable)
	require.EqualError(t, err, `source "stage": there is no kind of source named "SQLightSource" (this worker knows FileSource, SQLiteSource)`)
}

func TestDefinitionDecode(t *testing.T) {
	t.Parallel()

	var options struct {
		Path string `json:"path"`
		Size int    `json:"size"`
	}

	options.Size = 7

	require.NoError(t, source.Definition{Options: map[string]any{"path": "files"}}.Decode(&options))
	require.Equal(t, "files", options.Path)
	require.Equal(t, 7, options.Size)

	require.NoError(t, source.Definition{}.Decode(&options), "a source without options")
}

func TestDefinitionDecodeReportsInvalidOptions(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, message string
		options       map[string]any
	}{
		{"misspelt", `unknown field "pth"`, map[string]any{"pth": "files"}},
		{"of another type", "path", map[string]any{"path": 7}},
		{"not JSON", "unsupported", map[string]any{"path": func() {}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			var options struct {
				Path string `json:"path"`
			}

			err := source.Definition{Name: "files", Kind: "FileSource", Options: test.options}.Decode(&options)

			var problem *source.Error
			require.ErrorAs(t, err, &problem)
			require.Equal(t, source.CodeDefinitionInvalid, problem.Code)
			require.Equal(t, "files", problem.Source)
			require.False(t, problem.Retryable)
			require.Contains(t, problem.Message, "the options of this FileSource are wrong: ")
			require.Contains(t, problem.Message, test.message)
		})
	}
}
