package source

// Format says how a table is written as bytes. What it leaves out follows from the file's name, and from what most files
// have. Its tags are those of the language's fields.
type Format struct {
	Type        string `json:"type,omitempty" description:"csv, json, ndjson, xml, xlsx or parquet; follows from the file's name where it is missing."`
	Compression string `json:"compression,omitempty" description:"none, gzip, zstd or zip; follows from the file's name where it is missing."`
	Member      string `json:"member,omitempty" description:"Of a zip file: the member to read, or a pattern such as *.csv. All members where it is missing, one after the other."`
	Encoding    string `json:"encoding,omitempty" description:"Of csv, json and ndjson: utf-8, utf-16, utf-16le, utf-16be, windows-1252, or another name of the WHATWG's list. UTF-8 where it is missing, or what a byte order mark tells."`
	Separator   string `json:"separator,omitempty" description:"Of csv: one character between the fields; a comma where it is missing. \"tab\" is one too."`
	Quote       string `json:"quote,omitempty" description:"Of csv: one character around fields that hold separators, line breaks or it itself, doubled; a double quote where it is missing. \"none\" for no such character."`
	Header      *bool  `json:"header,omitempty" description:"Of csv and xlsx: whether the first line names the columns; true where it is missing. Without one, they are called column1, column2, …"`
	Null        string `json:"null,omitempty" description:"Of csv: the text that stands for NULL where no quotes are around it, \\N for example. Where it is missing, a field without anything, not even quotes, is NULL in every type; with it, such a field is empty text."`
	Records     string `json:"records,omitempty" description:"Of json: the path to the list of records, data.items for example; the whole file where it is missing. Of xml: the name of the element that is a record, or a path to it such as feed/entry."`
	Sheet       string `json:"sheet,omitempty" description:"Of xlsx: the sheet's name; the first one where it is missing."`
	Range       string `json:"range,omitempty" description:"Of xlsx: the cells to read, B3:F100 or B3:F for example; all where it is missing."`
}
