package source_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/source"
)

// inParts are records that can be read in batches too, of a few records each.
type inParts struct {
	*numbered

	size int
}

func (r *inParts) Batches() source.Batches {
	return &parts{source.InBatches(r.numbered), r.size, nil}
}

// unlocated are records without locations that can be read in batches too.
type unlocated struct {
	*records

	size int
}

func (r *unlocated) Batches() source.Batches { return &parts{source.InBatches(r.records), r.size, nil} }

// numbered are records with their numbers as locations.
type numbered struct {
	*records

	count int
}

func (r *numbered) Next(ctx context.Context) (source.Record, error) {
	r.count++

	return r.records.Next(ctx)
}

func (r *numbered) Location() string { return "row " + strconv.Itoa(r.count) }

// parts cuts batches into smaller ones.
type parts struct {
	source.Batches

	size int
	left []*source.Batch
}

func (p *parts) NextBatch(ctx context.Context) (*source.Batch, error) {
	if len(p.left) == 0 {
		whole, err := p.Batches.NextBatch(ctx)
		if err != nil {
			return nil, err
		}

		for begin := 0; begin < whole.Len; begin += p.size {
			part := &source.Batch{Columns: make([]source.Vector, len(whole.Columns))}
			for i := range part.Columns {
				part.Columns[i].Type = whole.Columns[i].Type
			}

			for i := begin; i < min(begin+p.size, whole.Len); i++ {
				if err := part.Append(whole.Record(i, nil)); err != nil {
					return nil, err
				}
			}

			if whole.Locate(0) != "record 1" { // Of the first batch.
				part.Locate = func(i int) string { return whole.Locate(begin + i) }
			}

			p.left = append(p.left, part)
		}
	}

	first := p.left[0]
	p.left = p.left[1:]

	return first, nil
}

// converting is everything that reading converted records returns.
type converting struct {
	Records   []string
	Locations []string
	Rejects   []source.Reject
	Err       string
}

func (c *converting) add(record source.Record, location string) {
	c.Records = append(c.Records, fmt.Sprintf("%#v", record)) // Distinguishes -0 from 0.
	c.Locations = append(c.Locations, location)
}

func TestConvertConvertsBatchesLikeRecords(t *testing.T) {
	t.Parallel()

	standards := []source.Standard{
		{Type: source.Text}, {Type: source.Integer}, {Type: source.Decimal}, {Type: source.Decimal, Precision: 6, Scale: 2},
		{Type: source.Float}, {Type: source.Boolean}, {Type: source.Date}, {Type: source.Datetime}, {Type: source.Timestamp},
		{Type: source.Time}, {Type: source.UUID}, {Type: source.Array, Element: source.Integer},
	}
	jsons := rapid.SampledFrom([]string{
		"1", "-0", " 1 ", "1.50", "1e2", "true", "null", `"x"`, `"1"`, `""`, `"2024-02-29"`, ` "1" `, `"1" `, "1 ", `"\u0031"`, "[1]", "{}", `"a\"b"`,
	})

	rapid.Check(t, func(r *rapid.T) {
		var schema source.Schema

		types := map[string]source.Standard{}

		for i := range rapid.IntRange(1, 3).Draw(r, "columns") {
			of := rapid.SampledFrom([]source.Type{source.Text, source.Text, source.JSON, source.Integer}).Draw(r, "from")
			schema = append(schema, source.Column{Name: fmt.Sprintf("c%d", i), Standard: source.Standard{Type: of}})

			if rapid.IntRange(0, 3).Draw(r, "change") > 0 {
				types[schema[i].Name] = rapid.SampledFrom(standards).Draw(r, "to")
			}
		}

		var all []source.Record

		for range rapid.IntRange(0, 12).Draw(r, "records") {
			record := make(source.Record, len(schema))

			for i, column := range schema {
				switch {
				case rapid.IntRange(0, 5).Draw(r, "null") == 0:
				case column.Type == source.Integer:
					record[i] = rapid.Int64().Draw(r, "integer")
				case column.Type == source.JSON:
					record[i] = json.RawMessage(jsons.Draw(r, "json"))
				default:
					record[i] = nearlyValues().Draw(r, "text")
				}
			}

			all = append(all, record)
		}

		format := rapid.SampledFrom([]source.Format{{}, {Notation: source.Notation{DecimalSeparator: ","}}}).Draw(r, "format")
		rejects := rapid.IntRange(0, 3).Draw(r, "rejects") // 0 rejects none, and 3 all.
		kind := rapid.IntRange(0, 2).Draw(r, "kind")
		infer := rapid.Bool().Draw(r, "infer")
		size := rapid.IntRange(1, 5).Draw(r, "size")
		located := infer || rapid.Bool().Draw(r, "located")

		open := func(result *converting) source.Rows {
			read := source.Read{Table: source.Table{Name: "t"}, Format: format, Types: types}
			if rejects > 0 {
				read.Reject = func(reject source.Reject) error {
					result.Rejects = append(result.Rejects, reject)
					if rejects < 3 && len(result.Rejects) == rejects {
						return errors.New("too many")
					}

					return nil
				}
			}

			var (
				own  []source.Record
				rows source.Rows
				err  error
			)

			for _, record := range all {
				own = append(own, append(source.Record{}, record...)) // Records are converted in place.
			}

			rows = &inParts{&numbered{records: &records{schema, own}}, size}
			if !located {
				rows = &unlocated{&records{schema, own}, size}
			}

			if infer { // Reads the first records.
				_, _, rows, err = source.Inference{Texts: true, Format: format}.Infer(t.Context(), rows)
				require.NoError(r, err)
			}

			switch kind {
			case 0:
				rows, err = source.Convert(rows, "s", read)
			case 1:
				rows, err = source.Inferred(rows, "s", read, types)
			default:
				rows, err = source.Fit(rows, "s", read.Table, format, types)
			}

			require.NoError(r, err)

			return rows
		}

		var expected, actual converting

		for rows := open(&expected); expected.Err == ""; {
			record, err := rows.Next(t.Context())
			if err != nil {
				expected.Err = err.Error()
			} else {
				expected.add(record, source.Location(rows, 0))
			}
		}

		rows := open(&actual)

		batches := source.BatchesOf(rows)
		require.NotNil(r, batches)

		for actual.Err == "" {
			batch, err := batches.NextBatch(t.Context())
			if err != nil {
				actual.Err = err.Error()

				continue
			}

			require.Positive(r, batch.Len)

			for i := range batch.Columns {
				require.Equal(r, batch.Len, batch.Columns[i].Len())
				require.Equal(r, rows.Schema()[i].Type, batch.Columns[i].Type)
			}

			for i := range batch.Len {
				actual.add(batch.Record(i, nil), batch.Location(i, 0))
			}

			batch.Release()
		}

		require.Equal(r, expected.Records, actual.Records)

		if located {
			require.Equal(r, expected.Locations, actual.Locations)
		}
		require.Equal(r, expected.Rejects, actual.Rejects)
		require.Equal(r, expected.Err, actual.Err)
	})
}
