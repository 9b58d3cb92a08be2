// Package xml reads and writes tables as XML 1.0 (https://www.w3.org/TR/xml).
//
// # Reading
//
// The format's records name the element that is a record, by its name or by a path of names such as feed/entry, which matches the
// names of the element and of its ancestors from the end. Without it, the children of the root are the records, which must have
// one name then. Everything around the records is skipped.
//
// The columns are those of the first records: a thousand records, or one MiB. Names have no prefix. The columns of a record are
//
//   - its attributes, and its children that contain only text: text, exactly as it is written;
//   - children with attributes or children of their own: json; children that occur several times in a record: json, as a list in
//     every record;
//   - the text of a record without children: the column text.
//
// A missing column is NULL, and so is an element with the attribute xsi:nil="true"; an element without text is empty text. If two
// columns have one name, the attribute is called @name and the text of the record #text, and children of several namespaces have
// their prefixes, as in media:title.
//
// In json, an element with only text is a string. Other elements are objects: attributes are "@name", children have their names,
// in a list if several have one name, and text is "#text".
//
// Text next to elements is an error, because neither columns nor json keep its place. It is an error if a later record has an
// element or an attribute that is not a column, or that does not fit its column. The encoding is that of a byte order mark or of
// the XML declaration. Neither entities of a document type nor anything outside of the file is read.
//
// # Writing
//
// Each record is an element with an element for each of its columns, in the form of [source.AppendText]. NULL is a missing
// element. The format's records name the root and the record, as in orders/order; the default is records/record.
//
// # Library
//
// encoding/xml parses the file, token by token. Its Unmarshal needs a Go type, and drops the order of elements and the
// difference between one element and several, on which columns depend. This package limits the size, the depth and the
// number of elements of a record, and decodes encodings strictly, which encoding/xml leaves to the caller. The writer is
// our own, because the encoder of encoding/xml replaces characters that XML cannot represent by U+FFFD, and they must be
// errors.
package xml
