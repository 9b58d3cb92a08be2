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
// # Why an own parser
//
// The parser reports each wrong record with its line, and continues with the next record, even if the wrong one is not JSON.
// The decoder of encoding/json neither refuses duplicate names and invalid UTF-8, nor reports lines.
//
// The decoder of jsontext (github.com/go-json-experiment/json v1.27.2) refuses both, but it does not continue after a syntax
// error, so that the search for the end of a wrong record remains. A version of this package on jsontext read 50 MB with as
// many allocations, but slower (MB per second of CPU time, Go 1.26, before and with jsontext):
//
//	                         own  jsontext
//	flat records, ndjson     266       184
//	flat records, json       195       149
//	nested records, ndjson   221       172
//	nested records, json     165       132
//
// It verified each record with ReadValue on a reused decoder, and split the verified text into members. Reading the members
// with ReadToken and ReadValue was slower still. The decoder can read an array in one pass, about as fast as this parser, but
// not NDJSON, because its values end with a line and those of the decoder do not.
package json
