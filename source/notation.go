package source

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Notation describes how the texts of a file represent values of other types. The zero value is the notation of [ParseText].
type Notation struct {
	DateFormat         string   `json:"dateFormat,omitempty" formats:"csv json ndjson xml xlsx" written:"csv" default:"yyyy-MM-dd" description:"The pattern of dates, for example dd.MM.yyyy."`
	TimestampFormat    string   `json:"timestampFormat,omitempty" formats:"csv json ndjson xml xlsx" written:"csv" default:"yyyy-MM-dd HH:mm:ss with any fraction, for timestamps followed by the offset, and T in place of the space" description:"The pattern of datetimes, for example dd.MM.yyyy HH:mm:ss, or of timestamps, for example yyyy-MM-dd HH:mm:ssXXX."`
	DecimalSeparator   string   `json:"decimalSeparator,omitempty" formats:"csv json ndjson xml xlsx" written:"csv" default:"." description:"The character between the whole part of a number and its fraction."`
	ThousandsSeparator string   `json:"thousandsSeparator,omitempty" formats:"csv json ndjson xml xlsx" written:"csv" default:"no character" description:"The character between groups of three digits of a number. Numbers without it are read too."`
	Booleans           []string `json:"booleans,omitempty" formats:"csv json ndjson xml xlsx" written:"csv" default:"[true, false]" description:"The texts of true and of false, for example [yes, no], in upper or lower case."`
	Trim               bool     `json:"trim,omitempty" formats:"csv json ndjson xml xlsx" written:"" default:"false" description:"Whether spaces around texts and names of columns are removed. A text of spaces without quotes is then NULL."`
}

// Mistakes returns what is wrong with a notation.
func (n Notation) Mistakes() []Mistake {
	var mistakes []Mistake

	add := func(field, message string, arguments ...any) {
		mistakes = append(mistakes, Mistake{Field: field, Message: fmt.Sprintf(message, arguments...)})
	}

	if n.DateFormat != "" {
		if date, err := parsePattern(n.DateFormat); err != nil {
			add("dateFormat", "the pattern %v", err)
		} else if !date.isDate() {
			add("dateFormat", "the pattern %s needs yyyy, MM and dd, and nothing of a time", Quote(n.DateFormat))
		}
	}

	if n.TimestampFormat != "" {
		if moment, err := parsePattern(n.TimestampFormat); err != nil {
			add("timestampFormat", "the pattern %v", err)
		} else if !moment.isMoment() {
			add("timestampFormat", "the pattern %s needs yyyy, MM, dd and HH", Quote(n.TimestampFormat))
		}
	}

	if n.DecimalSeparator != "" && !isSeparator(n.DecimalSeparator) {
		add("decimalSeparator", "%s is not one character that separates digits, such as a comma", Quote(n.DecimalSeparator))
	}

	if n.ThousandsSeparator != "" && !isSeparator(n.ThousandsSeparator) {
		add("thousandsSeparator", "%s is not one character that separates digits, such as a point", Quote(n.ThousandsSeparator))
	}

	if n.ThousandsSeparator != "" && n.ThousandsSeparator == n.point() {
		add("thousandsSeparator", "%s is also the decimalSeparator; set both to different characters",
			Quote(n.ThousandsSeparator))
	}

	if n.Booleans != nil && !areBooleans(n.Booleans) {
		add("booleans", "it needs two different texts, those of true and of false, for example [yes, no]")
	}

	return mistakes
}

// isSeparator reports whether text is one character that can separate digits.
func isSeparator(text string) bool {
	r, size := utf8.DecodeRuneInString(text)

	return size == len(text) && r != utf8.RuneError && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsControl(r) &&
		r != '-' && r != '+'
}

// areBooleans reports whether texts are two that can be distinguished.
func areBooleans(texts []string) bool {
	return len(texts) == 2 && texts[0] != "" && texts[1] != "" && !strings.EqualFold(texts[0], texts[1])
}

// point returns the separator of the fraction.
func (n Notation) point() string { return cmp.Or(n.DecimalSeparator, ".") }

// over returns the notation with the fields that are missing in it from another.
func (n Notation) over(other Notation) Notation {
	n.DateFormat = cmp.Or(n.DateFormat, other.DateFormat)
	n.TimestampFormat = cmp.Or(n.TimestampFormat, other.TimestampFormat)
	n.DecimalSeparator = cmp.Or(n.DecimalSeparator, other.DecimalSeparator)
	n.ThousandsSeparator = cmp.Or(n.ThousandsSeparator, other.ThousandsSeparator)

	if n.Booleans == nil {
		n.Booleans = other.Booleans
	}

	n.Trim = n.Trim || other.Trim

	return n
}

// isDefault reports whether a notation is that of [ParseText].
func isDefault(n Notation) bool {
	return n.DateFormat == "" && n.TimestampFormat == "" && n.DecimalSeparator == "" && n.ThousandsSeparator == "" &&
		n.Booleans == nil && !n.Trim
}

// Parser returns the parser of a column's texts. It is nil, which is valid, if they are in the notation of [ParseText]. The
// format has no [Format.Mistakes].
func (f Format) Parser(column string) *Parser {
	notation := f.Columns[column].over(f.Notation)
	if isDefault(notation) {
		return nil
	}

	p := &Parser{notation: notation}

	if notation.DateFormat != "" {
		p.date, _ = parsePattern(notation.DateFormat)
	}

	if notation.TimestampFormat != "" {
		p.timestamp, _ = parsePattern(notation.TimestampFormat)
	}

	return p
}

// Parser parses and writes the values of a column in a notation. A nil Parser has the notation of [ParseText].
type Parser struct {
	notation        Notation
	date, timestamp *pattern // Nil for the default.
}

// Trim removes spaces around a text, if the notation says so.
func (p *Parser) Trim(text string) string {
	if p == nil || !p.notation.Trim {
		return text
	}

	return strings.TrimSpace(text)
}

// Parse parses text as a value of the type, like [ParseText].
func (p *Parser) Parse(of Standard, text string) (any, error) {
	text = p.Trim(text)

	if p == nil || text == "" {
		return ParseText(of, text)
	}

	switch of.Type { //nolint:exhaustive // The other types have the forms of ParseText.
	case Integer, Decimal, Float:
		plain, ok := p.number(text)
		if !ok {
			return nil, fmt.Errorf("%s is not a value of type %s in the format's notation of numbers", Quote(text), of)
		}

		value, err := ParseText(of, plain)
		if err != nil && plain != text {
			err = fmt.Errorf("%s: %w", Quote(text), err)
		}

		return value, err
	case Boolean:
		return p.boolean(of, text)
	case Date, Datetime, Timestamp:
		return p.time(of, text)
	}

	return ParseText(of, text)
}

// number returns a number in the form of [ParseText].
func (p *Parser) number(text string) (plain string, ok bool) {
	if p == nil || p.notation.DecimalSeparator == "" && p.notation.ThousandsSeparator == "" {
		return text, true
	}

	point, group := p.notation.point(), p.notation.ThousandsSeparator
	mantissa, exponent, hasExponent := cutExponent(text)

	sign := ""
	if mantissa != "" && (mantissa[0] == '-' || mantissa[0] == '+') {
		sign, mantissa = mantissa[:1], mantissa[1:]
	}

	whole, fraction, hasFraction := strings.Cut(mantissa, point)

	if group != "" {
		if whole, ok = ungrouped(whole, group); !ok {
			return "", false
		}
	}

	if !areDigits(whole) || !areDigits(fraction) {
		return text, !strings.ContainsAny(text, "0123456789") // NaN and Infinity.
	}

	plain = sign + whole

	if hasFraction {
		plain += "." + fraction
	}

	if hasExponent {
		plain += "e" + exponent
	}

	return plain, true
}

// ungrouped returns digits without the separators between groups of three digits. A space stands for any space.
func ungrouped(digits, separator string) (string, bool) {
	if separator == " " {
		digits = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(digits)
	}

	groups := strings.Split(digits, separator)
	if len(groups) == 1 {
		return digits, true
	}

	for i, group := range groups {
		if len(group) != 3 && (i > 0 || group == "" || len(group) > 3) {
			return "", false
		}
	}

	return strings.Join(groups, ""), true
}

func (p *Parser) boolean(of Standard, text string) (any, error) {
	words := p.notation.Booleans

	switch {
	case words == nil:
		return ParseText(of, text)
	case strings.EqualFold(text, words[0]):
		return true, nil
	case strings.EqualFold(text, words[1]):
		return false, nil
	}

	return nil, fmt.Errorf("%s is not a value of type %s, which is written %s or %s", Quote(text), of, words[0], words[1])
}

func (p *Parser) time(of Standard, text string) (any, error) {
	pattern := p.patternOf(of)
	if pattern == nil {
		return ParseText(of, text)
	}

	if err := checkOffset(of, pattern); err != nil {
		return nil, err
	}

	parsed, err := pattern.parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not a value of type %s, which is written as %s", Quote(text), of, pattern.text)
	}

	return parsed, nil
}

// patternOf returns the pattern of a type, or nil if it has none.
func (p *Parser) patternOf(of Standard) *pattern {
	switch {
	case p == nil:
		return nil
	case of.Type == Date:
		return p.date
	case of.Type == Datetime || of.Type == Timestamp:
		return p.timestamp
	}

	return nil
}

// checkOffset verifies that the pattern of a timestamp has an offset, and that of a datetime has none.
func checkOffset(of Standard, by *pattern) error {
	switch hasOffset := by.has("X"); {
	case of.Type == Timestamp && !hasOffset:
		return fmt.Errorf("the format's timestampFormat %s has no offset XXX, so its values are of type datetime", by.text)
	case of.Type == Datetime && hasOffset:
		return fmt.Errorf("the format's timestampFormat %s has an offset, so its values are of type timestamp", by.text)
	}

	return nil
}

// Append appends a value, which is not NULL, like [AppendText]. Numbers have no thousands separators. A value that the notation
// can't represent with all its digits is an error.
func (p *Parser) Append(to []byte, of Standard, value any) ([]byte, error) {
	if p == nil {
		return AppendText(to, of, value)
	}

	switch v := value.(type) {
	case Number, float64:
		begin := len(to)

		to, err := AppendText(to, of, value)
		if err != nil || p.notation.DecimalSeparator == "" {
			return to, err
		}

		return append(to[:begin], strings.Replace(string(to[begin:]), ".", p.notation.DecimalSeparator, 1)...), nil
	case bool:
		if words := p.notation.Booleans; words != nil && v {
			return append(to, words[0]...), nil
		} else if words != nil {
			return append(to, words[1]...), nil
		}
	case time.Time:
		return p.appendTime(to, of, v)
	}

	return AppendText(to, of, value)
}

func (p *Parser) appendTime(to []byte, of Standard, value time.Time) ([]byte, error) {
	pattern := p.patternOf(of)
	if pattern == nil {
		return AppendText(to, of, value)
	}

	if err := checkOffset(of, pattern); err != nil {
		return nil, err
	}

	begin := len(to)
	to = pattern.append(to, value)

	if again, err := pattern.parse(string(to[begin:])); err != nil || !again.Equal(value) {
		return nil, fmt.Errorf("the pattern %s can't represent %s", pattern.text, value.Format(time.RFC3339Nano))
	}

	return to, nil
}
