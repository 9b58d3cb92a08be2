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
// Allocations and nanoseconds for each value, measured in November 2026 without the conversions that pgtype also needs, which
// triple the time for numeric:
//
//	                    decode            encode
//	                this    pgtype    this    pgtype
//	numeric        2, 140   4, 204   0, 86    9, 494
//	timestamptz    1,  95   3, 212   0, 13    1, 173
//	date           1, 152   2, 327   0, 17    1, 125
//	uuid           1, 108   2, 103   0, 11   19, 1834
//	bigint         1,  21   2,  45   0, 12    0,  39
//	integer        1,  20   2,  34   0, 10    1,  48
//	boolean        0,   8   1,  33   0,  9    0,  62
//	text           2, 105   2,  87   0, 11    0, 101
//	bigint[3]      5, 188  19, 2726  1, 271   2, 427
//
// For the types that pgtype encodes exactly, a codec of this package takes about ten lines, and so would the conversion.
//
// COPY itself, the protocol and the pool of connections are pgx's. Its CopyFrom for rows uses the codecs of pgtype, so this
// package passes a stream of its own to the CopyFrom of pgconn.
package postgres
