// Package parquet reads and writes tables as Apache Parquet (https://parquet.apache.org/docs/file-format).
//
// github.com/parquet-go/parquet-go encodes and decodes the files. This package converts its values, because the library's
// own conversion needs a Go struct for each table, while the columns of a table are known only at run time. The values of
// the library's rows are those of the physical types, so that decimals, dates, times, INT96 and FLOAT16 are converted
// here. Row groups are limited by bytes here, because the library limits only their rows.
package parquet
