// Package format reads and writes tables as files: it determines the codec, the compression and the encoding of a file.
// Each codec is a package of its own below this one, which states what it reads and why.
//
// Encodings are those of the WHATWG, from golang.org/x/text; this package only makes them strict, because x/text replaces invalid
// bytes silently. Compressions are libraries too. The members of a zip file are read here, because they are one table: their
// columns are compared, their names are part of the locations of records, and archive/zip requires random access, so that a file
// without it is copied to a temporary file.
package format
