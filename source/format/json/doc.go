// Package json reads and writes tables as JSON (RFC 8259): a list of objects, each of them a record, or NDJSON, one object
// per line (https://github.com/ndjson/ndjson-spec). All text is UTF-8; who has another encoding turns it into that first.
//
// # Reading
//
// A file of type json is a list of objects, or one object, which is one record. Where the format gives a path to the
// records, data.items for example, the list or the one object stands there; the path leads through objects only, and what
// stands beside it is passed over. A file of type ndjson has an object on each line; empty lines are no records.
//
// The columns and their types are those of the first records: a thousand of them, or as many as a MiB holds. A column is
//
//   - integer, where all its numbers are whole and 64 bits hold them;
//   - decimal, where they have a fraction or more digits, since a decimal keeps each of them;
//   - float, where some have an exponent, or are the texts NaN, Infinity and -Infinity, and a float keeps all their digits;
//   - boolean, text, or json for objects and lists;
//   - json too, where its values are of several of these kinds, so that nothing is lost;
//   - text, where all its values are null.
//
// A key that a record does not have is NULL, as null is. A key that a record has twice is an error, and so are a later
// record's key that is no column and a value that is not of its column's type.
//
// # Writing
//
// Each record stands on a line of its own, with every column, in the form of [source.AppendJSON]. NULL is null, and so is
// the null of a column of type json. Dates, times, binary and uuids are strings, of which [Writer.Conversions] tells.
package json
