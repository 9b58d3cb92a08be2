package source_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestShapeApply(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		shape  source.Shape
		names  []string
		record source.Record
	}{
		"as it is": {source.Shape{}, []string{"Company Name", "2nd", "ID", "id"}, source.Record{"a", "b", "c", "d"}},
		"selected": {source.Shape{Columns: []string{"id", "2nd"}}, []string{"id", "2nd"}, source.Record{"d", "b"}},
		"renamed": {
			source.Shape{Columns: []string{"ID", "2nd"}, Rename: map[string]string{"ID": "Key X"}, Naming: source.Standardize},
			[]string{"Key X", "_2nd"},
			source.Record{"c", "b"},
		},
		"standardized": {source.Shape{Naming: source.Standardize}, []string{"company_name", "_2nd", "id", "id_2"}, source.Record{"a", "b", "c", "d"}},
		"upper case":   {source.Shape{Naming: source.ToUpperCase}, []string{"COMPANY NAME", "2ND", "ID", "ID_2"}, source.Record{"a", "b", "c", "d"}},
		"lower case":   {source.Shape{Naming: source.ToLowerCase}, []string{"company name", "2nd", "id", "id_2"}, source.Record{"a", "b", "c", "d"}},
		"numbered":     {source.Shape{Columns: []string{"id"}, RecordOrder: "n"}, []string{"id", "n"}, source.Record{"d", int64(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			rows := texts([]string{"Company Name", "2nd", "ID", "id"}, source.Record{"a", "b", "c", "d"})

			shaped, err := test.shape.Apply(rows, "files", source.Table{Name: "t.csv"})
			require.NoError(t, err)
			require.Equal(t, test.names, shaped.Schema().Names())

			record, err := shaped.Next(t.Context())
			require.NoError(t, err)
			require.Equal(t, test.record, record)
		})
	}
}

func TestShapeApplyNumbersDuplicateNames(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		columns, want []string
		shape         source.Shape
	}{
		{[]string{"A", "a", "a_2"}, []string{"a", "a_3", "a_2"}, source.Shape{Naming: source.ToLowerCase}},
		{[]string{"a_2", "A", "a", "a"}, []string{"a_2", "a", "a_3", "a_4"}, source.Shape{Naming: source.ToLowerCase}},
		{[]string{"a", "b"}, []string{"a", "a_2", "b"}, source.Shape{Columns: []string{"a", "a", "b"}}},
		{[]string{"a", "b"}, []string{"b", "a"}, source.Shape{Rename: map[string]string{"a": "b", "b": "a"}}},
		{[]string{"A", "B"}, []string{"a", "A"}, source.Shape{Rename: map[string]string{"B": "A"}, Naming: source.ToLowerCase}},
	} {
		shaped, err := test.shape.Apply(texts(test.columns), "files", source.Table{Name: "t.csv"})
		require.NoError(t, err)
		require.Equal(t, test.want, shaped.Schema().Names())
	}
}

func TestShapeApplyRejectsRenameToExistingName(t *testing.T) {
	t.Parallel()

	for _, shape := range []source.Shape{
		{Rename: map[string]string{"b": "a"}},
		{Rename: map[string]string{"b": "x", "a": "x"}},
		{Rename: map[string]string{"b": "c"}, Naming: source.ToLowerCase},
	} {
		_, err := shape.Apply(texts([]string{"a", "b", "C"}), "files", source.Table{Name: "t.csv"})

		var problem *source.Error
		require.ErrorAs(t, err, &problem)
		require.Equal(t, source.CodeRecordInvalid, problem.Code)
		require.Contains(t, problem.Message, `rename gives two columns the name`)
	}
}

func TestShapeApplyReportsUnknownColumns(t *testing.T) {
	t.Parallel()

	for message, shape := range map[string]source.Shape{
		`columns names the column "x"`: {Columns: []string{"x"}},
		`rename names the column "x"`:  {Rename: map[string]string{"x": "y"}},
		`a column "id" exists already`: {RecordOrder: "id"},
	} {
		_, err := shape.Apply(texts([]string{"id"}), "files", source.Table{Name: "t.csv"})
		require.ErrorContains(t, err, message)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()

	rows := source.Limit(texts([]string{"id"}, source.Record{"1"}, source.Record{"2"}), 1)

	_, err := rows.Next(t.Context())
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.EqualError(t, err, "EOF")
}

// A file can have thousands of columns with the same name.
func TestShapeApplyTakesNoQuadraticTime(t *testing.T) {
	t.Parallel()

	names := make([]string, source.MaxColumns)
	for i := range names {
		names[i] = "a"
	}

	begun := time.Now()

	shaped, err := source.Shape{Naming: source.ToUpperCase, RecordOrder: "n"}.Apply(texts(names), "files", source.Table{Name: "t.csv"})
	require.NoError(t, err)
	require.Equal(t, "A_16384", shaped.Schema()[source.MaxColumns-1].Name)
	require.Less(t, time.Since(begun), 2*time.Second)
}
