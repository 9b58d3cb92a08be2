package source

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// Format describes how a file represents a table. The defaults of its fields depend on the name of the file. Its tags describe
// the fields in the language. The tag formats lists the types of files that have the field, if they are not all, and written
// those that have it when they are written, if they are others. Package format adds the defaults.
type Format struct {
	Type        string `json:"type,omitempty" default:"by the extension of the file" description:"The type of the file: csv, json, ndjson, xml, xlsx or parquet."`
	Compression string `json:"compression,omitempty" default:"by the extension of the file, or none" description:"The compression of the file: none, gzip, zstd or zip."`
	Member      string `json:"member,omitempty" default:"all members, in the order of their names; when writing, the name of the zip file without .zip" description:"The member of a zip file, or a pattern of members to read, such as *.csv."`
	Encoding    string `json:"encoding,omitempty" formats:"csv json ndjson" default:"by the byte order mark, or utf-8" description:"The encoding of the text: utf-8, utf-16, utf-16le, utf-16be, windows-1252, or another label of the WHATWG encoding standard. A byte order mark takes precedence."`
	Separator   string `json:"separator,omitempty" formats:"csv" default:"a comma; in .tsv files, the tab character" description:"The character between two fields. \"tab\" stands for the tab character."`
	Quote       string `json:"quote,omitempty" formats:"csv" default:"\"" description:"The character around fields that contain separators, quotes or line breaks. Within such a field, it is doubled. \"none\" means that no field is quoted."`
	Header      *bool  `json:"header,omitempty" formats:"csv xlsx" default:"true" description:"Whether the first line or row names the columns. Otherwise, the columns are column1, column2 and so on."`
	Null        string `json:"null,omitempty" formats:"csv" default:"an empty field without quotes is NULL" description:"The text that represents NULL if it is not quoted, for example \\N. An empty field is then empty text."`
	Records     string `json:"records,omitempty" formats:"json xml" default:"in json, the whole file; in xml, the children of the root, and records/record when writing" description:"In json, the path of the list of records, for example data.items. In xml, the name or the path of the elements that are records, for example feed/entry."`
	Sheet       string `json:"sheet,omitempty" formats:"xlsx" default:"the first sheet when reading, Sheet1 when writing" description:"The name of the sheet."`
	Range       string `json:"range,omitempty" formats:"xlsx" default:"all cells" description:"The cells to read: B3:F100, or B3:F for all rows from row 3 on."`

	Notation

	Columns map[string]Notation `json:"columns,omitempty" formats:"csv json ndjson xml xlsx" written:"csv" default:"the notation of the format" description:"The notation of single columns, by their names, where it differs: for example {price: {decimalSeparator: \".\"}}."`
}

// HasNotation reports whether texts are in a notation of their own.
func (f Format) HasNotation() bool { return !isDefault(f.Notation) || len(f.Columns) > 0 }

// Mistake is what is wrong with a field of a format.
type Mistake struct {
	Field   string // The path of the field, for example columns.price.decimalSeparator.
	Message string
	Known   []string // The values that the field can have; nil if they are not a list.
}

// Mistakes returns what is wrong with the values of a format, apart from the name of an encoding.
func (f Format) Mistakes() []Mistake {
	var mistakes []Mistake

	add := func(field, message string, known []string) {
		mistakes = append(mistakes, Mistake{field, message, known})
	}

	types, compressions := TypeNames(FileTypes()), append([]string{NoCompression}, TypeNames(Compressions())...)

	if f.Type != "" && !slices.Contains(types, f.Type) {
		add("type", Quote(f.Type)+" is not a type of files", types)
	}

	if f.Compression != "" && !slices.Contains(compressions, f.Compression) {
		add("compression", Quote(f.Compression)+" is not a compression", compressions)
	}

	separator, quote := f.Separator, f.Quote
	if separator == "tab" {
		separator = "\t"
	}

	if separator != "" && !IsCharacter(separator) {
		add("separator", Quote(separator)+` is not one character; use one character, or "tab"`, nil)
	}

	if quote != "" && quote != "none" && !IsCharacter(quote) {
		add("quote", Quote(quote)+` is not one character; use one character, or "none"`, nil)
	}

	if separator == "" {
		separator = ","
	}

	if quote == separator {
		add("quote", Quote(quote)+" is the separator too; use different characters", nil)
	}

	if slices.Contains(types, f.Type) {
		for _, field := range f.WithoutEffect(f.Type) {
			add(field, "it has no effect on a file of type "+f.Type, nil)
		}
	}

	return append(mistakes, f.NotationMistakes()...)
}

// WithoutEffect returns the fields that are set although they have no effect on files of a type.
func (f Format) WithoutEffect(fileType string) []string {
	return f.unlisted("formats", fileType)
}

// OnlyRead returns the fields that are set although they have no effect on writing files of a type.
func (f Format) OnlyRead(fileType string) []string { return f.unlisted("written", fileType) }

// unlisted returns the names of the fields that are set, and whose tag lists types of files other than the given one.
func (f Format) unlisted(tag, fileType string) []string {
	var names []string

	value := reflect.ValueOf(f)
	for _, field := range reflect.VisibleFields(value.Type()) {
		if field.Anonymous || value.FieldByIndex(field.Index).IsZero() {
			continue
		}

		if types, isLimited := field.Tag.Lookup(tag); !isLimited || slices.Contains(strings.Fields(types), fileType) {
			continue
		}

		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}

	return names
}

// IsCharacter reports whether text is one character other than a line end.
func IsCharacter(text string) bool {
	r, size := utf8.DecodeRuneInString(text)

	return size == len(text) && r != utf8.RuneError && r != '\n' && r != '\r'
}

// NotationMistakes returns what is wrong with the notation of the format and its columns.
func (f Format) NotationMistakes() []Mistake {
	mistakes := f.Notation.Mistakes()
	all := len(mistakes)

	for _, name := range slices.Sorted(maps.Keys(f.Columns)) {
		for _, mistake := range f.Columns[name].over(f.Notation).Mistakes() {
			isOfAll := func(other Mistake) bool { return other.Field == mistake.Field && other.Message == mistake.Message }
			if slices.ContainsFunc(mistakes[:all], isOfAll) {
				continue
			}

			mistake.Field = "columns." + name + "." + mistake.Field
			mistakes = append(mistakes, mistake)
		}
	}

	return mistakes
}
