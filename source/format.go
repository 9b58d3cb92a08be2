package source

// Format describes how a file represents a table. The defaults of its fields depend on the name of the file. Its tags describe
// the fields in the language; package format adds the defaults and the types of files that have the field.
type Format struct {
	Type        string `json:"type,omitempty" description:"The type of the file: csv, json, ndjson, xml, xlsx or parquet."`
	Compression string `json:"compression,omitempty" description:"The compression of the file: none, gzip, zstd or zip."`
	Member      string `json:"member,omitempty" description:"The member of a zip file, or a pattern of members to read, such as *.csv."`
	Encoding    string `json:"encoding,omitempty" description:"The encoding of the text: utf-8, utf-16, utf-16le, utf-16be, windows-1252, or another label of the WHATWG encoding standard. A byte order mark takes precedence."`
	Separator   string `json:"separator,omitempty" description:"The character between two fields. \"tab\" stands for the tab character."`
	Quote       string `json:"quote,omitempty" description:"The character around fields that contain separators, quotes or line breaks. Within such a field, it is doubled. \"none\" means that no field is quoted."`
	Header      *bool  `json:"header,omitempty" description:"Whether the first line or row names the columns. Otherwise, the columns are column1, column2 and so on."`
	Null        string `json:"null,omitempty" description:"The text that represents NULL if it is not quoted, for example \\N. An empty field is then empty text."`
	Records     string `json:"records,omitempty" description:"In json, the path of the list of records, for example data.items. In xml, the name or the path of the elements that are records, for example feed/entry."`
	Sheet       string `json:"sheet,omitempty" description:"The name of the sheet."`
	Range       string `json:"range,omitempty" description:"The cells to read: B3:F100, or B3:F for all rows from row 3 on."`
}
