// Package csv reads and writes tables as CSV (RFC 4180) and its variants: other separators and quotes, a missing header,
// a text for NULL, and the line ends LF, CRLF and CR. All text is UTF-8; the caller decodes other encodings.
//
// A file distinguishes NULL from empty text. A field without any text is NULL, and a pair of quotes is empty text. If the format
// has a text for NULL, a field without any text is empty text.
//
// # Why not encoding/csv
//
// The standard library's reader returns the same empty string for NULL and for empty text, because it does not report quotes. It
// replaces CRLF within quoted fields by LF, does not read CR line ends, and accepts no other quote. After a wrong quote it
// continues wherever its parser stopped, but a rejected record must not hide the valid records that follow. It does not verify
// UTF-8, and does not limit the size of a record. Its writer does not quote empty text, which would be read as NULL.
package csv
