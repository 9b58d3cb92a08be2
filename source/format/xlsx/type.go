package xlsx

import "github.com/jobwright/jobwright/source"

// Types returns the standard types of the kinds of cells. A column has the type of all its cells in the first thousand
// rows, or is text if they have several types.
func Types() []source.Mapping {
	return []source.Mapping{
		{Native: "text, also as the result of a formula", Standard: "text"},
		{Native: "whole number of 64 bits", Standard: "integer"},
		{Native: "another number", Standard: "float", Note: "Whole numbers are floats too if the column has other numbers."},
		{Native: "boolean", Standard: "boolean"},
		{Native: "number shown as a date", Standard: "date"},
		{Native: "number shown as a time", Standard: "time"},
		{
			Native: "number shown as an elapsed time", Standard: "time",
			Note: "Text such as 36:00:00 from 24 hours on. The other times of the column are text then.",
		},
		{
			Native: "number shown as date and time", Standard: "datetime",
			Note: "In milliseconds, as programs show it. Dates are datetimes too if the column has datetimes.",
		},
		{Native: "error such as #N/A", Standard: "", Note: "An error that names the cell."},
	}
}

// Creations returns the kinds of cells that represent the standard types. Text in place of another type has the form of
// [source.AppendText].
func Creations() []source.Creation {
	return []source.Creation{
		{
			Standard: "text", Native: "text",
			Note: "More than 32,767 characters are an error, and so are control characters other than tabs and line ends, " +
				"U+FFFE and U+FFFF.",
		},
		{Standard: "integer", Native: "number", Note: "Beyond 2⁵³, text."},
		{Standard: "decimal", Native: "number", Note: "With more than 15 digits, text."},
		{Standard: "float", Native: "number", Note: "NaN and the infinities are text."},
		{Standard: "boolean", Native: "boolean"},
		{Standard: "date", Native: "number shown as a date", Note: "Before March 1900, text."},
		{
			Standard: "time", Native: "number shown as a time",
			Note: "24:00:00 and times finer than microseconds are text.",
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
