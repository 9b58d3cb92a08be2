package xlsx

import (
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jobwright/jobwright/source"
)

// cell is a cell of a sheet.
type cell struct {
	kind  string // The attribute t: s, str, inlineStr, b, e, d, or n.
	style int
	text  string
	isSet bool // Whether the cell has a value.
}

// readCell reads a cell after its start tag.
func readCell(decoder *xml.Decoder, start xml.StartElement) (read cell, err error) {
	read.kind = "n"

	for _, attribute := range start.Attr {
		switch attribute.Name.Local {
		case "t":
			read.kind = attribute.Value
		case "s":
			if read.style, err = strconv.Atoi(attribute.Value); err != nil {
				return read, err
			}
		}
	}

	for {
		token, err := decoder.Token()
		if err != nil {
			return read, err
		}

		switch t := token.(type) {
		case xml.EndElement:
			return read, nil
		case xml.StartElement:
			switch t.Name.Local {
			case "v":
				read.isSet = true
				read.text, err = plainText(decoder)
			case "is":
				read.isSet = true
				read.text, err = richText(decoder)
			default:
				err = decoder.Skip() // A formula. Its result is the value of the cell.
			}

			if err != nil {
				return read, err
			}
		}
	}
}

// plainText reads the text of an element after its start tag.
func plainText(decoder *xml.Decoder) (string, error) {
	var text []byte

	for {
		token, err := decoder.Token()
		if err != nil {
			return "", err
		}

		switch t := token.(type) {
		case xml.CharData:
			text = append(text, t...)
		case xml.EndElement:
			return string(text), nil
		case xml.StartElement:
			if err := decoder.Skip(); err != nil {
				return "", err
			}
		}
	}
}

// typeOf returns the type of the value of a cell, or "" if it has none or [workbook.value] returns an error.
func (b *workbook) typeOf(of cell) source.Type {
	if of.isSet && of.kind == "s" { // The text itself is in a file.
		return source.Text
	}

	value, found, err := b.value(of)
	if err != nil || value == nil {
		return ""
	}

	return found
}

// value returns the value of a cell in the form of a record, and its type.
func (b *workbook) value(of cell) (any, source.Type, error) {
	if !of.isSet {
		return nil, "", nil
	}

	switch of.kind {
	case "s":
		number, err := strconv.Atoi(of.text)
		if err != nil {
			return nil, "", fmt.Errorf("%q is not the number of a shared string", of.text)
		}

		text, err := b.strings.at(number)

		return text, source.Text, err
	case "str":
		return unescaped(of.text), source.Text, nil
	case "inlineStr":
		return of.text, source.Text, nil
	case "b":
		return of.text == "1" || of.text == "true", source.Boolean, nil
	case "e":
		return nil, "", fmt.Errorf("the cell contains the error %s", of.text)
	case "d":
		moment, err := source.ParseText(source.Standard{Type: source.Datetime}, of.text)

		return moment, source.Datetime, err
	}

	if of.text == "" {
		return nil, "", nil
	}

	return b.number(of)
}

// exactInteger is the largest integer up to which a sheet distinguishes all integers.
const exactInteger = 1 << 53

func (b *workbook) number(of cell) (any, source.Type, error) {
	number, err := strconv.ParseFloat(of.text, 64)
	if err != nil || math.IsNaN(number) || math.IsInf(number, 0) {
		return nil, "", fmt.Errorf("%q is not a number", of.text)
	}

	style := plainNumber
	if of.style >= 0 && of.style < len(b.styles) {
		style = b.styles[of.style]
	}

	if style != plainNumber {
		return b.moment(number, style)
	}

	if number == 0 && math.Signbit(number) { // No integer is -0.
		return number, source.Float, nil
	}

	// Some programs write integers that a float would round.
	if integer, err := strconv.ParseInt(of.text, 10, 64); err == nil {
		return integer, source.Integer, nil
	}

	switch {
	case number == math.Trunc(number) && math.Abs(number) <= exactInteger:
		return int64(number), source.Integer, nil
	case isRounded(of.text, number):
		return nil, "", fmt.Errorf("the number %s has more digits than a sheet can represent", of.text)
	}

	return number, source.Float, nil
}

// isRounded reports whether the float of a whole number has lost digits: the text is neither the float with all its
// digits nor its shortest form, which programs write.
func isRounded(text string, number float64) bool {
	isWhole := strings.Trim(strings.TrimPrefix(text, "-"), "0123456789") == ""

	return isWhole && text != strconv.FormatFloat(number, 'f', 0, 64) && text != strconv.FormatFloat(number, 'f', -1, 64)
}

// lostDay is the number of a day that did not exist, see [since1900]. The numbers before it are off by one.
const lostDay = 60

// longestSerial is the number of the last day that a sheet can show, 9999-12-31.
const longestSerial = 2_958_466

// elapsed formats a number of days as hours, minutes and seconds, because no standard type represents durations.
func elapsed(days float64) string {
	milliseconds := int64(math.Round(days * float64(24*time.Hour/time.Millisecond)))
	seconds := milliseconds / 1_000
	text := fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)

	if rest := milliseconds % 1_000; rest > 0 {
		text += strings.TrimRight(fmt.Sprintf(".%03d", rest), "0")
	}

	return text
}

// moment converts a number of days to a date, a datetime or a time. A sheet shows milliseconds; smaller fractions are rounding
// errors. Times without a date are exact to microseconds.
func (b *workbook) moment(number float64, style cellStyle) (any, source.Type, error) {
	if number < 0 || number >= longestSerial {
		return nil, "", errors.New("the number " + strconv.FormatFloat(number, 'g', -1, 64) + " is not a date")
	}

	days, fraction := math.Modf(number)
	isClock := style == timeNumber || style == elapsedNumber

	if isClock && days == 0 {
		microseconds := math.Round(fraction * float64(24*time.Hour/time.Microsecond))

		return time.Duration(microseconds) * time.Microsecond, source.Time, nil
	}

	if style == elapsedNumber {
		return elapsed(number), source.Text, nil
	}

	if b.since == since1900 && days <= lostDay {
		if days == lostDay {
			return nil, "", errors.New("the cell contains the 29th of February 1900, which did not exist")
		}

		days++
	}

	milliseconds := int64(math.Round(fraction * float64(24*time.Hour/time.Millisecond)))
	moment := time.Unix(b.since+int64(days)*24*60*60, 0).UTC().Add(time.Duration(milliseconds) * time.Millisecond)

	if style == dateNumber && fraction == 0 {
		return moment, source.Date, nil
	}

	return moment, source.Datetime, nil
}
