// Package json reads and writes tables as JSON (RFC 8259): an array of objects, each of which is a record, or NDJSON, one object
// per line (https://github.com/ndjson/ndjson-spec). All text is UTF-8; the caller decodes other encodings.
//
// # Reading
//
// A file of type json is an array of objects, or a single object, which is one record. If the format has a path to the records,
// data.items for example, it leads to the array or the object. The path leads through objects only, and their other members are
// skipped. A file of type ndjson has an object on each line; empty lines are skipped.
//
// The columns and their types are those of the first records: a thousand records, or one MiB. A column is
//
//   - integer, if all its numbers are whole and fit into 64 bits;
//   - decimal, if some have a fraction or more digits, because a decimal keeps each of them;
//   - float, if some have an exponent, or are the strings NaN, Infinity and -Infinity, and a float keeps all their digits;
//   - boolean, text, or json for objects and arrays;
//   - json, if its values are of several of these kinds, so that nothing is lost;
//   - text, if all its values are null.
//
// A missing member is NULL, as null is. It is an error if a record has a name twice, if a later record has a name that is not
// a column, and if a value does not have the type of its column.
//
// # Writing
//
// Each record is on a line of its own, with every column, in the form of [source.AppendJSON]. NULL is null, and so is the null
// of a column of type json. Dates, times, binary and uuids are strings, which [Writer.Conversions] reports.
//
// # Framing and syntax
//
// This package finds where a record ends: a line of NDJSON, or an element of the array, by its quotes and brackets. It bounds
// the size of a record before the record takes memory, and continues with the next record after an invalid one, which a decoder
// does not do after a syntax error. jsontext (github.com/go-json-experiment/json, standard in Go 1.27) verifies the syntax, the
// UTF-8 and the names of each record. Then the record is split into its members as they are in the file, so that numbers keep
// their digits. Reading flat records takes 1.3 times (arrays) to 1.6 times (NDJSON) as long as with a parser written for this
// package, which needs 350 more lines (BenchmarkRead).
package json
