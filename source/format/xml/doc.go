// Package xml reads and writes tables as XML 1.0 (https://www.w3.org/TR/xml).
//
// # Reading
//
// The format's records name the element that is a record, by its name alone or by a path of names such as feed/entry, with
// which the names of the element and of those around it have to end. Without it, the children of the root are the records,
// which all have one name then. What stands around the records is passed over.
//
// The columns are those of the first records: a thousand of them, or as many as a MiB holds. Names are those without a
// prefix. A record has these columns:
//
//   - its attributes, and its children that hold nothing but text, are text, exactly as it is written;
//   - children that have attributes or children of their own are json, and so are those that a record has several of, as a
//     list of them for every record;
//   - its own text, where it has no children, is the column text.
//
// What is missing is NULL, and so is what has the attribute xsi:nil="true"; what is there without text is empty text. Where
// two have one name, the attribute is called @name and the record's own text #text, and children of several namespaces get
// their prefixes, as in media:title.
//
// In json, an element with nothing but text is a string. Another one is an object of its attributes as "@name", its children
// by their names, in a list where there are several of one name, and its text as "#text".
//
// Text beside elements is an error, since neither columns nor json tell where it stood; so is a later record with an element
// or an attribute that is no column, or with one that does not fit its column. The encoding is that of a byte order mark or
// of the XML declaration. Neither entities of a document type nor anything outside the file is ever read.
//
// # Writing
//
// Each record is an element with one for each of its columns, in the form of [source.AppendText]. NULL is an element that is
// not there. The format's records name the root and the record, as in orders/order; without it, they are called records and
// record.
package xml
