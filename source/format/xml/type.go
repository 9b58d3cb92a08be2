package xml

import "github.com/jobwright/jobwright/source"

// Types returns the standard types of the contents of elements.
func Types() []source.Mapping {
	return []source.Mapping{
		{Native: "text", Standard: "text", Note: "an attribute, or an element with only text"},
		{Native: "element", Standard: "json", Note: "an element with attributes or elements, or several elements of one name"},
	}
}

// Creations returns the contents of elements that represent the standard types.
func Creations() []source.Creation {
	return source.Creations(func(source.Type) string { return "text" }, map[source.Type]string{
		source.Text: "Control characters other than tabs and line ends are an error, and so are U+FFFE and U+FFFF.",
	})
}

// Conversions returns the columns that are not text, because all columns are text when they are read again.
func (w *Writer) Conversions() []source.Conversion { return w.schema.ConvertedToText() }
