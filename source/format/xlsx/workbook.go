package xlsx

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// workbook is the content of a file that is read before a sheet.
type workbook struct {
	parts   *zip.Reader
	sheets  []sheet
	since   int64 // The Unix time of the day with the number 0.
	styles  []cellStyle
	strings *sharedStrings
}

type sheet struct{ name, part string }

// cellStyle is the meaning of a number in a cell.
type cellStyle int

const (
	plainNumber cellStyle = iota
	dateNumber
	timeNumber
	datetimeNumber
	elapsedNumber // An elapsed time, which may exceed a day.
)

func broken(message string, err error) error {
	if err != nil {
		message += ": " + err.Error()
	}

	return &source.Error{Code: source.CodeRecordInvalid, Message: message, Err: err}
}

// openWorkbook reads everything except the sheets.
func openWorkbook(content io.ReaderAt, size int64) (*workbook, error) {
	parts, err := zip.NewReader(content, size)
	if err != nil {
		return nil, broken("the file is not an XLSX file", err)
	}

	book := &workbook{parts: parts}

	for _, read := range []func() error{book.readSheets, book.readStyles, book.readStrings} {
		if err := read(); err != nil {
			return nil, errors.Join(err, book.close())
		}
	}

	return book, nil
}

func (b *workbook) close() error {
	if b.strings == nil {
		return nil
	}

	return b.strings.close()
}

// part opens a part of the file. It returns nil if the part does not exist.
func (b *workbook) part(name string) (io.ReadCloser, error) {
	at := slices.IndexFunc(b.parts.File, func(f *zip.File) bool { return strings.EqualFold(f.Name, name) })
	if at < 0 {
		return nil, nil //nolint:nilnil // Parts are optional.
	}

	opened, err := b.parts.File[at].Open()
	if err != nil {
		return nil, broken("the part "+name+" cannot be read", err)
	}

	return opened, nil
}

// decode reads a small part.
func (b *workbook) decode(name string, into any) (found bool, err error) {
	const largest = 64 << 20

	opened, err := b.part(name)
	if opened == nil || err != nil {
		return false, err
	}

	defer func() { err = errors.Join(err, opened.Close()) }()

	if err := xml.NewDecoder(io.LimitReader(opened, largest)).Decode(into); err != nil {
		return true, broken("the part "+name+" cannot be read", err)
	}

	return true, nil
}

// The days with the number 0 of the two date systems, as Unix times. The system of 1900 has a 29th of February that did not exist
// (https://learn.microsoft.com/office/troubleshoot/excel/wrongly-assumes-1900-is-leap-year); earlier days are off by one.
const (
	since1900 = -2_209_161_600 // 1899-12-30
	since1904 = -2_082_844_800 // 1904-01-01
)

func (b *workbook) readSheets() error {
	var book struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}

	found, err := b.decode("xl/workbook.xml", &book)
	if err != nil {
		return err
	}

	if !found {
		return broken("the file is not an XLSX file: it has no workbook", nil)
	}

	var relations struct {
		Relations []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}

	if _, err := b.decode("xl/_rels/workbook.xml.rels", &relations); err != nil {
		return err
	}

	b.since = since1900
	if book.Properties.Date1904 == "1" || book.Properties.Date1904 == "true" {
		b.since = since1904
	}

	parts := make(map[string]string, len(relations.Relations))

	for _, relation := range relations.Relations {
		part := relation.Target
		if !strings.HasPrefix(part, "/") {
			part = path.Join("/xl", part)
		}

		parts[relation.ID] = strings.TrimPrefix(part, "/")
	}

	for _, one := range book.Sheets {
		if part, found := parts[one.ID]; found {
			b.sheets = append(b.sheets, sheet{one.Name, part})
		}
	}

	if len(b.sheets) == 0 {
		return broken("the file has no sheet", nil)
	}

	return nil
}

// sheet returns the sheet with a name, or the first sheet.
func (b *workbook) sheet(name string) (sheet, error) {
	if name == "" {
		return b.sheets[0], nil
	}

	const listed = 20 // As many names as a message shows.

	var names []string

	for _, one := range b.sheets {
		if one.name == name {
			return one, nil
		}

		if len(names) < listed {
			names = append(names, source.Quote(one.name))
		}
	}

	return sheet{}, &source.Error{
		Code: source.CodeTableNotFound, Message: fmt.Sprintf("the file has no sheet %q", name),
		Hint: "its sheets are " + strings.Join(names, ", "),
	}
}

func (b *workbook) readStyles() error {
	var sheet struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}

	if _, err := b.decode("xl/styles.xml", &sheet); err != nil {
		return err
	}

	own := map[int]string{}
	for _, format := range sheet.Formats {
		own[format.ID] = format.Code
	}

	for _, cell := range sheet.Cells {
		style := builtIn(cell.Format)
		if code, found := own[cell.Format]; found {
			style = styleOf(code)
		}

		b.styles = append(b.styles, style)
	}

	return nil
}

// builtIn returns the style of a built-in number format (ECMA-376, part 1, 18.8.30).
func builtIn(id int) cellStyle {
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return dateNumber
	case id == 46: // [h]:mm:ss
		return elapsedNumber
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id >= 45 && id <= 47, id == 55, id == 56:
		return timeNumber
	case id == 22:
		return datetimeNumber
	}

	return plainNumber
}

var (
	formatLiterals = regexp.MustCompile(`"[^"]*"|\\.|_.|\*.|\[[^\]]*\]`)
	formatElapsed  = regexp.MustCompile(`(?i)\[(h+|m+|s+)\]`)
)

// styleOf returns the style of a custom number format: days and years mean a date, hours and seconds a time.
func styleOf(code string) cellStyle {
	first, _, _ := strings.Cut(code, ";")
	elapsed := formatElapsed.MatchString(first)
	letters := strings.ToLower(formatLiterals.ReplaceAllString(first, ""))

	if strings.Contains(letters, "general") {
		return plainNumber
	}

	hasDate, hasTime := strings.ContainsAny(letters, "yd"), elapsed || strings.ContainsAny(letters, "hs")

	switch {
	case hasDate && hasTime:
		return datetimeNumber
	case elapsed:
		return elapsedNumber
	case hasTime:
		return timeNumber
	case hasDate, strings.Contains(letters, "mmm"):
		return dateNumber
	}

	return plainNumber
}
