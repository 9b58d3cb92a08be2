package source_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// conversion is one way to convert records.
type conversion struct {
	schema  source.Schema
	records []source.Record
	types   map[string]source.Standard
	format  source.Format
	rejects int // The number of records that are rejected before an error: 0 for none, and 3 for all.
	convert string
	infer   bool // Whether the first records are read before the conversion.
	located bool
	size    int // The number of records of a batch.
}

func drawConversion(r *rapid.T) *conversion {
	standards := []source.Standard{
		{Type: source.Text},
		{Type: source.Integer},
		{Type: source.Decimal},
		{Type: source.Decimal, Precision: 6, Scale: 2},
		{Type: source.Float},
		{Type: source.Boolean},
		{Type: source.Date},
		{Type: source.Datetime},
		{Type: source.Timestamp},
		{Type: source.Time},
		{Type: source.UUID},
		{Type: source.Array, Element: source.Integer},
	}
	c := &conversion{types: map[string]source.Standard{}}

	for i := range rapid.IntRange(1, 3).Draw(r, "columns") {
		of := rapid.SampledFrom([]source.Type{source.Text, source.Text, source.JSON, source.Integer}).Draw(r, "from")
		c.schema = append(c.schema, source.Column{Name: fmt.Sprintf("c%d", i), Standard: source.Standard{Type: of}})

		if rapid.IntRange(0, 3).Draw(r, "change") > 0 {
			c.types[c.schema[i].Name] = rapid.SampledFrom(standards).Draw(r, "to")
		}
	}

	for range rapid.IntRange(0, 12).Draw(r, "records") {
		record := make(source.Record, len(c.schema))
		for i, column := range c.schema {
			record[i] = drawConvertible(r, column.Type)
		}

		c.records = append(c.records, record)
	}

	formats := []source.Format{{}, {Notation: source.Notation{DecimalSeparator: ","}}}
	c.format = rapid.SampledFrom(formats).Draw(r, "format")
	c.rejects = rapid.IntRange(0, 3).Draw(r, "rejects")
	c.convert = rapid.SampledFrom([]string{"Convert", "Inferred", "Fit"}).Draw(r, "convert")
	c.infer = rapid.Bool().Draw(r, "infer")
	c.size = rapid.IntRange(1, 5).Draw(r, "size")
	c.located = c.infer || rapid.Bool().Draw(r, "located")

	return c
}

// drawConvertible draws a value of a type, or NULL. Many of the values can't be converted to some other types.
func drawConvertible(r *rapid.T, of source.Type) any {
	jsons := []string{
		"1", "-0", " 1 ", "1.50", "1e2", "true", "null", `"x"`, `"1"`, `""`, `"2024-02-29"`, ` "1" `, `"1" `, "1 ", `"\u0031"`,
		"[1]", "{}", `"a\"b"`,
	}

	switch {
	case rapid.IntRange(0, 5).Draw(r, "null") == 0:
		return nil
	case of == source.Integer:
		return rapid.Int64().Draw(r, "integer")
	case of == source.JSON:
		return json.RawMessage(rapid.SampledFrom(jsons).Draw(r, "json"))
	default:
		return nearlyValues().Draw(r, "text")
	}
}

// open returns the converted records, and adds the rejected ones to the result.
func (c *conversion) open(r *rapid.T, result *converting) source.Rows {
	read := source.Read{Table: source.Table{Name: "t"}, Format: c.format, Types: c.types}
	if c.rejects > 0 {
		read.Reject = func(reject source.Reject) error {
			result.Rejects = append(result.Rejects, reject)
			if c.rejects < 3 && len(result.Rejects) == c.rejects {
				return errors.New("too many")
			}

			return nil
		}
	}

	var own []source.Record
	for _, record := range c.records {
		own = append(own, slices.Clone(record)) // Records are converted in place.
	}

	var (
		rows source.Rows = &inParts{&numbered{records: &records{c.schema, own}}, c.size}
		err  error
	)

	if !c.located {
		rows = &unlocated{&records{c.schema, own}, c.size}
	}

	if c.infer {
		_, _, rows, err = source.Inference{Texts: true, Format: c.format}.Infer(r.Context(), rows)
		require.NoError(r, err)
	}

	switch c.convert {
	case "Convert":
		rows, err = source.Convert(rows, "s", read)
	case "Inferred":
		rows, err = source.Inferred(rows, "s", read, c.types)
	default:
		rows, err = source.Fit(rows, "s", read.Table, c.format, c.types)
	}

	require.NoError(r, err)

	return rows
}

// byRecord reads the converted records one by one.
func (c *conversion) byRecord(r *rapid.T) (result converting) {
	for rows := c.open(r, &result); result.Err == ""; {
		record, err := rows.Next(r.Context())
		if err != nil {
			result.Err = err.Error()
		} else {
			result.add(record, source.Location(rows, 0))
		}
	}

	return result
}

// byBatch reads the converted records in batches.
func (c *conversion) byBatch(r *rapid.T) (result converting) {
	rows := c.open(r, &result)

	batches := source.BatchesOf(rows)
	require.NotNil(r, batches)

	for {
		batch, err := batches.NextBatch(r.Context())
		if err != nil {
			result.Err = err.Error()

			return result
		}

		require.Positive(r, batch.Len)

		for i := range batch.Columns {
			require.Equal(r, batch.Len, batch.Columns[i].Len())
			require.Equal(r, rows.Schema()[i].Type, batch.Columns[i].Type)
		}

		for i := range batch.Len {
			result.add(batch.Record(i, nil), batch.Location(i, 0))
		}

		batch.Release()
	}
}

func TestConvertConvertsBatchesLikeRecords(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		c := drawConversion(r)
		expected, actual := c.byRecord(r), c.byBatch(r)

		if !c.located {
			expected.Locations, actual.Locations = nil, nil
		}

		require.Equal(r, expected, actual)
	})
}
