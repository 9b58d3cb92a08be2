package ledger_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
)

func TestNewParsesOption(t *testing.T) {
	t.Parallel()

	for option, table := range map[string]source.Table{
		"":             {Name: "jobwright_ledger"},
		"none":         {},
		"ops":          {Name: "ops"},
		"ops.ledger":   {Space: "ops", Name: "ledger"},
		"Ops.my table": {Space: "Ops", Name: "my table"},
	} {
		l, err := ledger.New(option)
		require.NoError(t, err, "%q", option)
		require.Equal(t, table, l.Table(), "%q", option)
		require.Equal(t, option != "none", l.Enabled())
		require.Equal(t, option != "none", l.Records(source.IdempotencyKey{Run: "r", Step: "s"}))
		require.False(t, l.Records(source.IdempotencyKey{}))
	}

	for _, option := range []string{".", "a.", ".a", "a.b.c", "a\x00", "a\x00.b"} {
		_, err := ledger.New(option)
		require.ErrorContains(t, err, "ledger is ", "%q", option)
	}
}

func TestGuardRefusesLedgerTable(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		option  string
		table   source.Table
		refused bool
	}{
		{"", source.Table{Name: "jobwright_ledger"}, true},
		{"", source.Table{Name: "JOBWRIGHT_Ledger"}, true},
		{"", source.Table{Space: "any", Name: "jobwright_ledger"}, true},
		{"", source.Table{Name: "orders"}, false},
		{"ops.l", source.Table{Space: "ops", Name: "l"}, true},
		{"ops.l", source.Table{Name: "l"}, true},
		{"ops.l", source.Table{Space: "sales", Name: "l"}, false},
		{"ops.l", source.Table{Name: "jobwright_ledger"}, false},
		{"none", source.Table{Name: "jobwright_ledger"}, false},
		{"none", source.Table{}, false},
	} {
		l, err := ledger.New(test.option)
		require.NoError(t, err)

		err = l.Guard(test.table)
		if !test.refused {
			require.NoError(t, err, "%q %s", test.option, test.table)

			continue
		}

		var problem *source.Error
		require.ErrorAs(t, err, &problem, "%q %s", test.option, test.table)
		require.Equal(t, source.CodeOperationUnsupported, problem.Code)
		require.Equal(t, ledger.Refusal(test.table.Name), problem.Message)
	}
}

func TestCleanRunsOnceAnHour(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		l, err := ledger.New("")
		require.NoError(t, err)

		runs := 0
		clean := func(more bool, err error) error {
			return l.Clean(t.Context(), func(ctx context.Context) (bool, error) {
				runs++

				deadline, ok := ctx.Deadline()
				require.True(t, ok)
				require.Equal(t, 2*time.Second, time.Until(deadline))

				return more, err
			})
		}

		require.NoError(t, clean(true, nil))
		require.NoError(t, clean(true, nil))
		require.NoError(t, clean(false, nil))
		require.Equal(t, 3, runs, "records are left")

		time.Sleep(time.Hour - 1) //nolint:forbidigo // In a bubble.
		require.NoError(t, clean(false, nil))
		require.Equal(t, 3, runs)

		time.Sleep(time.Nanosecond) //nolint:forbidigo // In a bubble.
		require.ErrorContains(t, clean(true, errors.New("no permission")), "no permission")
		require.NoError(t, clean(false, nil), "a failed cleaning is not repeated within the hour")
		require.Equal(t, 4, runs)
		require.Equal(t, ", old records of the ledger can't be removed: no permission", l.Status())

		time.Sleep(time.Hour) //nolint:forbidigo // In a bubble.
		require.NoError(t, clean(false, nil))
		require.Equal(t, 5, runs)
		require.Empty(t, l.Status())
	})
}

func TestDetailsRoundTrip(t *testing.T) {
	t.Parallel()

	for _, written := range []source.Written{
		{},
		{Conversions: []source.Conversion{{Column: "a", From: "uuid", To: "text"}}},
		{Read: []source.Part{{Table: source.Table{Space: "in", Name: "a.csv"}, Version: "1"}}},
		{
			Conversions: []source.Conversion{{Column: "a", From: "uuid", To: "text"}},
			Read:        []source.Part{{Table: source.Table{Name: "a.csv"}}},
		},
	} {
		text, err := ledger.EncodeDetails(source.IdempotencyKey{}, written)
		require.NoError(t, err)
		require.Equal(t, written.Conversions == nil && written.Read == nil, text == nil)

		decoded := source.Written{Rows: 7}
		require.NoError(t, ledger.DecodeDetails(text, source.IdempotencyKey{}, &decoded))

		written.Rows = 7
		require.Equal(t, written, decoded)
	}

	require.ErrorContains(t, ledger.DecodeDetails([]byte("[]"), source.IdempotencyKey{}, new(source.Written)), "details")
}

func TestDecodeDetailsRejectsTheChangeOfAnotherInput(t *testing.T) {
	t.Parallel()

	for _, recorded := range []string{"", "a", "b"} {
		text, err := ledger.EncodeDetails(source.IdempotencyKey{Input: recorded}, source.Written{})
		require.NoError(t, err)

		for _, input := range []string{"", "a", "b"} {
			err := ledger.DecodeDetails(text, source.IdempotencyKey{Job: "load", Input: input}, new(source.Written))
			if input == recorded {
				require.NoError(t, err)

				continue
			}

			var problem *source.Error

			require.ErrorAs(t, err, &problem)
			require.Equal(t, source.CodeAlreadyChanged, problem.Code)
			require.Contains(t, problem.Message, "the job load")
			require.False(t, problem.Retryable)
		}
	}
}
