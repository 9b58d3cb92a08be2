package source_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestWriteRefusesAMillionColumnsAtOnce(t *testing.T) {
	t.Parallel()

	schema := make(source.Schema, 1_000_000)
	for i := range schema {
		schema[i].Name = "c" + strconv.Itoa(i)
	}

	begun := time.Now()
	_, err := source.Write{Table: source.Table{Name: "t"}, Mode: source.Replace}.Validate(schema, source.Names{})

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, source.CodeLimitExceeded, problem.Code)
	require.False(t, problem.Retryable)
	require.Equal(t, "the records have more than 16384 columns, the limit of a record", problem.Message)
	require.Equal(t, "t", problem.Table)
	require.Less(t, time.Since(begun), time.Second)

	_, err = source.Write{Table: source.Table{Name: "t"}, Mode: source.Replace}.Validate(schema[:source.MaxColumns], source.Names{})
	require.NoError(t, err)
}
