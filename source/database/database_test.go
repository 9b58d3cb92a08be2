package database_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

func TestEncodeRefusesOtherGoTypes(t *testing.T) {
	t.Parallel()

	encode := database.Encode(func(dst []byte, text string) ([]byte, error) { return append(dst, text...), nil })

	encoded, err := encode([]byte("a"), "b")
	require.NoError(t, err)
	require.Equal(t, "ab", string(encoded))

	_, err = encode(nil, int64(1))
	require.EqualError(t, err, "a int64 is not a value of the column's type")
}

func TestEscapesAppendEscapesOnlySpecialCharacters(t *testing.T) {
	t.Parallel()

	escapes := database.Escapes{'\t': 't', 0: '0', '\\': '\\'}

	for value, want := range map[string]string{
		"": "", "plain": "plain", "\t": `\t`, "a\tb\\\x00": `a\tb\\\0`, "\n": "\n", "ä\tö": `ä\tö`,
	} {
		require.Equal(t, "before "+want, string(escapes.Append([]byte("before "), []byte(value))), "%q", value)
	}
}

func TestWatchCancelsWithTheContextOfTheLastCall(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var (
			watch     database.Watch
			cancelled []string
		)

		watch.Stop() // Nothing is watched yet.

		begin := func(name string) (end func()) {
			ctx, cancel := context.WithCancel(t.Context())

			watch.Until(ctx, func() { cancelled = append(cancelled, name) })
			watch.Until(ctx, func() { cancelled = append(cancelled, "again") })

			return func() {
				cancel()
				synctest.Wait()
			}
		}

		first, second := begin("first"), begin("second")

		first()
		require.Empty(t, cancelled)
		second()
		require.Equal(t, []string{"second"}, cancelled)

		third := begin("third")

		watch.Stop()
		third()
		require.Equal(t, []string{"second"}, cancelled)
	})
}

func TestJoinAndQualifyQuoteNames(t *testing.T) {
	t.Parallel()

	quote := func(name string) string { return "<" + name + ">" }

	require.Equal(t, "<a>, <b>", database.Join([]string{"a", "b"}, ", ", quote))
	require.Empty(t, database.Join(nil, ", ", quote))
	require.Equal(t, "<t>", database.Qualify(source.Table{Name: "t"}, quote))
	require.Equal(t, "<s>.<t>", database.Qualify(source.Table{Space: "s", Name: "t"}, quote))
}
