package source_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestErrorText(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		want string
		err  source.Error
	}{
		{`source "stage": it is gone`, source.Error{Source: "stage", Message: "it is gone"}},
		{`source "stage", table "a b": it is gone`, source.Error{Source: "stage", Table: "a b", Message: "it is gone"}},
		{`source "stage": it is gone (load it)`, source.Error{Source: "stage", Message: "it is gone", Hint: "load it"}},
		{
			`source "stage", table "t": it is gone (load it)`,
			source.Error{Source: "stage", Table: "t", Message: "it is gone", Hint: "load it", Err: io.ErrClosedPipe},
		},
	} {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()

			require.EqualError(t, &test.err, test.want)
		})
	}
}

func TestErrorUnwrapReturnsCause(t *testing.T) {
	t.Parallel()

	require.ErrorIs(t, &source.Error{Err: io.ErrClosedPipe}, io.ErrClosedPipe)
	require.NoError(t, (&source.Error{}).Unwrap())
	require.ErrorIs(t, &source.Error{Err: fmt.Errorf("the connection was lost: %w", io.EOF)}, io.EOF)
}

// Callers distinguish errors by their codes, so the codes are stable.
func TestCodesAreStable(t *testing.T) {
	t.Parallel()

	require.Equal(t, []source.Code{
		"source_already_changed",
		"source_definition_invalid",
		"source_limit_exceeded",
		"source_operation_unsupported",
		"source_query_invalid",
		"source_record_invalid",
		"source_request_refused",
		"source_table_not_found",
		"source_unavailable",
	}, source.Codes())
}
