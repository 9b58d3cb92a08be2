package json_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/json"
)

// outcome is everything that reading a file returns.
type outcome struct {
	Records   []string
	Locations []string
	Rejects   []source.Reject
	Err       error

	count int
}

// add adds a record, unless it belongs to the sample.
func (o *outcome) add(record source.Record, location string) {
	o.count++
	if o.count <= 1_000 {
		return
	}

	o.Records = append(o.Records, fmt.Sprintf("%#v", record)) // Distinguishes -0 from 0.
	o.Locations = append(o.Locations, location)
}

// values are values, many of which are wrong.
var values = []string{
	"1", "-0", "0", "-5", "01", "1.", "1.50", "-0.5", ".5", "1e5", "1E+2", "1e", "1e-400", "1e400", "12345678901234567890",
	"0.1000000000000000055511151231257827", "true", "false", "null", "nul", "tru", "truex", `"NaN"`, `"x"`, `""`, `"é"`, "\"\xff\"",
	`"\n"`, `"a\"b"`, `"\ud800"`, `"\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83d"`, `"\x"`, `"\u00e"`, `"\u0000"`, `"\"`, `"\\"`, `"a\/b\b"`, "\"\\n\n\"", "\"\\n\t\"", "\"\t\"", "\"\x7f\"", `"open`, "{}", `{"a": [1, {"b": null}]}`, "[1, 2", "[]", "", " ",
}

// samples are first records, which decide on the columns. As many as the sample has are read before the others.
func samples() []string {
	return []string{
		`{"a": 1, "b": "x", "c": true}`, `{"a": 1.5, "b": {"d": 1}, "c": null}`, `{"b": 1e5, "\u0061": [], "c": 7}`, `{"a": "x", "b": 2.5e1, "c": -0}`,
	}
}

// lines generates lines, many of which are wrong somewhere.
func lines() *rapid.Generator[string] {
	values := rapid.OneOf(
		rapid.SampledFrom(values),
		rapid.StringMatching(`-?[0-9]{1,20}([.][0-9]{1,3})?`),
	)
	names := rapid.SampledFrom([]string{"a", "b", "c", "a", "b", "\\u0061", "new", ""})
	space := rapid.SampledFrom([]string{"", "", "", " ", "\t", "\r"})
	end := rapid.SampledFrom([]string{"\n", "\n", "\n", "\r\n", "\n\n", " \n\t\n", "\r", "", "x\n", ",\n"})

	return rapid.Custom(func(r *rapid.T) string {
		var line strings.Builder

		line.WriteString(space.Draw(r, "space") + "{" + space.Draw(r, "space"))

		for i, name := range rapid.SliceOfN(names, 0, 4).Draw(r, "names") {
			if i > 0 {
				line.WriteString("," + space.Draw(r, "space"))
			}

			line.WriteString(`"` + name + `"` + space.Draw(r, "space") + ":" + space.Draw(r, "space") + values.Draw(r, "value"))
			line.WriteString(space.Draw(r, "space"))
		}

		line.WriteString("}" + end.Draw(r, "end"))

		return line.String()
	})
}

func TestBatchesAgreeWithNext(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		sample := strings.Repeat(rapid.SampledFrom(samples()).Draw(r, "sample")+"\n", 1_000)

		check := comparison{
			file: sample + strings.Join(rapid.SliceOf(lines()).Draw(r, "lines"), ""), size: rapid.IntRange(1, 200).Draw(r, "size"),
			single: rapid.IntRange(990, 1_003).Draw(r, "single"), rejects: rapid.IntRange(0, 4).Draw(r, "rejects"),
			slow: rapid.Bool().Draw(r, "slow"), typed: rapid.Bool().Draw(r, "typed"),
		}
		check.run(r)
	})
}

func TestBatchesAgreeWithNextOnEachValue(t *testing.T) {
	t.Parallel()

	for _, sample := range samples() {
		for _, name := range []string{"a", "b", "c"} {
			t.Run(name+" of "+sample, func(t *testing.T) {
				t.Parallel()

				for _, value := range values {
					check := comparison{
						file: strings.Repeat(sample+"\n", 1_000) + `{"` + name + `": ` + value + "}\n", size: 100, single: 1_000, rejects: 4,
					}
					check.run(t)
				}
			})
		}
	}
}

// comparison is one way to read a file, record by record and in batches.
type comparison struct {
	file    string
	size    int // The size of a chunk.
	single  int // The number of records that are read before the batches.
	rejects int // The number of records that are rejected before an error: 0 for none, and 4 for all.
	slow    bool
	typed   bool
}

func (c *comparison) open(t require.TestingT, o *outcome) *json.Rows {
	read := source.Read{Format: source.Format{Type: json.TypeNDJSON}}
	if c.typed {
		read.Types = map[string]source.Standard{"a": {Type: source.Integer}}
	}

	if c.rejects > 0 {
		read.Reject = func(reject source.Reject) error {
			o.Rejects = append(o.Rejects, reject)
			if c.rejects < 4 && len(o.Rejects) == c.rejects {
				return errors.New("too many")
			}

			return nil
		}
	}

	var from io.Reader = strings.NewReader(c.file)
	if c.slow {
		from = iotest.HalfReader(from)
	}

	rows, err := json.NewReader(from, read)
	require.NoError(t, err)

	return rows
}

func (c *comparison) run(t require.TestingT) {
	ctx := context.Background()

	var expected, actual outcome

	for rows := c.open(t, &expected); expected.Err == nil; {
		var record source.Record
		if record, expected.Err = rows.Next(ctx); expected.Err == nil {
			expected.add(record, rows.Location())
		}
	}

	rows := c.open(t, &actual)

	for i := 0; i < c.single && actual.Err == nil; i++ {
		var record source.Record
		if record, actual.Err = rows.Next(ctx); actual.Err == nil {
			actual.add(record, rows.Location())
		}
	}

	for batches := rows.BatchesOfChunks(c.size); actual.Err == nil; {
		var batch *source.Batch
		if batch, actual.Err = batches.NextBatch(ctx); actual.Err != nil {
			continue
		}

		require.Positive(t, batch.Len)

		for _, column := range batch.Columns {
			require.Equal(t, batch.Len, column.Len())
		}

		for i := range batch.Len {
			actual.add(batch.Record(i, nil), batch.Location(i, 0))
		}

		batch.Release()
	}

	require.Equal(t, expected.Err, actual.Err)
	require.Equal(t, expected.Rejects, actual.Rejects)
	require.Equal(t, expected.Records, actual.Records)
	require.Equal(t, expected.Locations, actual.Locations)
	require.Equal(t, expected.count, actual.count)
}
