// Package parquet reads and writes tables as Apache Parquet (https://parquet.apache.org/docs/file-format).
package parquet
