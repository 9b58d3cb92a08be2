// Package csv reads and writes tables as RFC 4180 has them, and as others write them: with another separator or quote, with
// or without a first line that names the columns, with a text of its own for NULL, and with any of the line ends LF, CRLF
// and CR. All text is UTF-8; who has another encoding turns it into that first.
//
// A file tells NULL from empty text. Nothing between two separators is NULL, and a pair of quotes is empty text. Where the
// format gives a text for NULL, nothing is empty text.
package csv
