// Package postgres is the driver of PgSQLSource: a database of a PostgreSQL server.
//
// # Values
//
// The package encodes and decodes the binary form of values with its own code, instead of the codecs of pgx's package pgtype.
// Version 5.12.0 of pgtype changes some values without an error, and requires conversions from and to the types of package
// source:
//
//   - It decodes the numeric 0.00 as 0, and any numeric as a big integer with an exponent, which would have to be formatted.
//   - Codec.DecodeValue decodes json into maps and float64, in which 1.00 becomes 1 and large integers lose digits; an array
//     of two dimensions into a flat list; a real as float32; and timestamps in the local time zone.
//   - It can't encode a list of lists as an array of two dimensions, or a time.Duration as a time.
//   - It encodes a timestamp in the year 300000 as one in the year -284555, a date in the year 20000000 as one in the year
//     -3518443, a date with a time of day without the time, and 0.1234567890123 as a real that is rounded.
//
// Allocations for each value in November 2026, with cached plans and without the conversions that pgtype also needs, which
// bring numeric to 10 and 16:
//
//	                   decode          encode
//	                this  pgtype    this  pgtype
//	numeric            2       4       0       9
//	timestamptz        1       3       0       1
//	date               1       2       0       1
//	uuid.UUID          1       2       0      19
//	bigint             1       2       0       0
//	integer            1       2       0       1
//	boolean            0       1       0       0
//	text               2       2       0       0
//	bigint[3]          5      19       1       2
//
// In medians of five runs, pgtype took 1.8 times as long to decode numeric and 4 times as long for dates and timestamps; it
// took 5 times as long or more to encode numeric. It was as fast only for text, and to encode bigint and boolean. For these,
// a codec of this package takes about ten lines, and a call of pgtype with a conversion would be no shorter.
//
// COPY itself, the protocol and the pool of connections are pgx's. Its CopyFrom for rows uses the codecs of pgtype, so this
// package passes a stream of its own to the CopyFrom of pgconn.
package postgres
