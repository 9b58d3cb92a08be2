package xlsx

import "github.com/jobwright/jobwright/source"

// Types lists the kinds of cells with the standard types that they are read as. A column has the type of all its cells in the
// first thousand rows, and is text where they have several.
func Types() []source.Mapping {
	return []source.Mapping{
		{Native: "text, also of a formula", Standard: "text"},
		{Native: "whole number of 64 bits", Standard: "integer"},
		{Native: "another number", Standard: "float", Note: "Whole numbers beside others are floats too."},
		{Native: "boolean", Standard: "boolean"},
		{Native: "number shown as a date", Standard: "date"},
		{Native: "number shown as a time", Standard: "time"},
		{
			Native: "number shown as a time that elapsed", Standard: "time",
			Note: "From 24 hours on, text: 36:00:00. Times beside these are text too.",
		},
		{
			Native: "number shown as both", Standard: "datetime",
			Note: "To milliseconds, as programs show it. Dates beside these are some too.",
		},
		{Native: "error such as #N/A", Standard: "", Note: "It is an error that names the cell."},
	}
}

// Creations lists the standard types with the kinds of cells in which they are written. Text that stands for another type is
// in the form of [source.AppendText].
func Creations() []source.Creation {
	return []source.Creation{
		{
			Standard: "text", Native: "text",
			Note: "More than 32,767 characters are an error, and so are control characters but tabs and line ends, " +
				"U+FFFE and U+FFFF.",
		},
		{Standard: "integer", Native: "number", Note: "Beyond 2⁵³, text."},
		{Standard: "decimal", Native: "number", Note: "With more than 15 digits, text."},
		{Standard: "float", Native: "number", Note: "NaN and the infinities are text."},
		{Standard: "boolean", Native: "boolean"},
		{Standard: "date", Native: "number shown as a date", Note: "Before March 1900, text."},
		{
			Standard: "time", Native: "number shown as a time",
			Note: "24:00:00 is text, and so is what is finer than microseconds.",
		},
		{
			Standard: "datetime", Native: "number shown as date and time",
			Note: "Before March 1900, or finer than milliseconds, text.",
		},
		{Standard: "timestamp", Native: "text"},
		{Standard: "binary", Native: "text"},
		{Standard: "json", Native: "text"},
		{Standard: "uuid", Native: "text"},
		{Standard: "array", Native: "text"},
	}
}
