package source_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestRecordSize(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		value any
		size  int64
	}{
		{nil, 0},
		{"", 0},
		{"Zoë", 4},
		{source.Number("-12.50"), 6},
		{[]byte{0, 1}, 2},
		{json.RawMessage(`{"a": 1}`), 8},
		{true, 1},
		{uuid.UUID{}, 16},
		{int64(1), 8},
		{1.5, 8},
		{time.Time{}, 8},
		{time.Duration(0), 8},
		{[]any{"a", int64(1), []any{nil, "bc"}}, 11},
	} {
		require.Equal(t, test.size, source.Record{test.value}.Size(), "%T", test.value)
		require.Equal(t, 2*test.size, source.Record{test.value, test.value}.Size(), "%T", test.value)
	}
}
