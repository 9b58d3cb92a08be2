package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// The ways in which a server gives a table in pages.
const (
	pagingNone   = ""
	pagingLink   = "link"   // The header Link names the next page (RFC 8288).
	pagingPage   = "page"   // A parameter has the page's number.
	pagingOffset = "offset" // A parameter has the number of the first record.
	pagingCursor = "cursor" // A page tells where the next one begins.
)

// paging says how a table comes in pages, each of which is a JSON document.
type paging struct {
	Style         string `json:"style"`         // none, link, page, offset or cursor.
	Parameter     string `json:"parameter"`     // The parameter for the page's number, the offset or the cursor.
	SizeParameter string `json:"sizeParameter"` // The parameter for the size of a page, where there is one.
	Size          int    `json:"size"`          // How many records a page has. A shorter one is the last.
	First         *int   `json:"first"`         // The number of the first page; 1 by default.
	Cursor        string `json:"cursor"`        // The path to the cursor in a page, meta.next for example.
}

func (p *paging) check() error {
	switch p.Style {
	case "none":
		p.Style = pagingNone
	case pagingNone, pagingLink:
	case pagingPage, pagingOffset:
		if p.Parameter == "" {
			p.Parameter = p.Style
		}
	case pagingCursor:
		if p.Cursor == "" {
			return errors.New("paging by cursor needs the path of the cursor in a page")
		}

		if p.Parameter == "" {
			p.Parameter = p.Style
		}
	default:
		return fmt.Errorf("there is no paging %q; there are none, link, page, offset and cursor", p.Style)
	}

	if p.SizeParameter != "" && p.Size < 1 {
		return errors.New("paging with a sizeParameter needs a size")
	}

	return nil
}

// maxPage bounds a page, in bytes: it is read whole.
const maxPage = 64 << 20

// pages reads the records of all pages, each as JSON on a line of its own.
type pages struct {
	ctx      context.Context //nolint:containedctx // A reader of bytes has no other way to be told when to end.
	source   *Source
	path     string   // Of the table, for messages.
	records  []string // The path to the records in a page.
	encoding string   // Of a page.

	next   *url.URL // nil behind the last page.
	seen   map[string]bool
	number int   // Of the next page.
	count  int64 // Of the records so far.
	buffer bytes.Buffer
}

func (s *Source) pages(ctx context.Context, table source.Table, f source.Format) (*pages, error) {
	first := 1
	if s.paging.First != nil {
		first = *s.paging.First
	}

	params := url.Values{}
	if s.paging.SizeParameter != "" {
		params.Set(s.paging.SizeParameter, strconv.Itoa(s.paging.Size))
	}

	switch s.paging.Style {
	case pagingPage:
		params.Set(s.paging.Parameter, strconv.Itoa(first))
	case pagingOffset:
		params.Set(s.paging.Parameter, "0")
	}

	address, err := s.address(table.Name, params)
	if err != nil {
		return nil, err
	}

	p := &pages{
		ctx: ctx, source: s, path: withoutQuery(table.Name), encoding: f.Encoding,
		next: address, seen: map[string]bool{}, number: first,
	}
	if f.Records != "" {
		p.records = strings.Split(f.Records, ".")
	}

	return p, p.fetch() // That there is no such table is told at once.
}

// Read returns lines, and asks for the next page when there are none left.
func (p *pages) Read(into []byte) (int, error) {
	for p.buffer.Len() == 0 {
		if p.next == nil {
			return 0, io.EOF
		}

		if err := p.fetch(); err != nil {
			return 0, err
		}
	}

	return p.buffer.Read(into)
}

// Close does nothing: each page was read whole.
func (p *pages) Close() error { return nil }

// fetch asks for the next page.
func (p *pages) fetch() error {
	current := p.next
	if p.seen[current.String()] {
		return p.wrong("the pages come round: one names a page as the next that was read already", "")
	}

	p.seen[current.String()] = true

	request, err := http.NewRequestWithContext(p.ctx, http.MethodGet, current.String(), http.NoBody)
	if err != nil {
		return err
	}

	request.Header.Set("Accept", "application/json")

	response, err := p.source.send(request)
	if err != nil {
		return err
	}

	if !expected(nil, response.StatusCode) {
		return p.source.refused(request, response)
	}

	text, err := io.ReadAll(io.LimitReader(response.Body, maxPage+1))

	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}

	if len(text) > maxPage {
		return p.wrong(fmt.Sprintf("a page has more than %d bytes", maxPage), "ask for fewer records at once")
	}

	if text, err = p.decode(text); err != nil {
		return err
	}

	records, err := p.list(text)
	if err != nil {
		return err
	}

	for _, record := range records {
		if err := json.Compact(&p.buffer, record); err != nil {
			return p.wrong("a record is no JSON: "+err.Error(), "")
		}

		p.buffer.WriteByte('\n')
	}

	p.count += int64(len(records))
	p.number++
	p.next, err = p.following(current, response, text, len(records))

	return err
}

// decode returns a page as UTF-8.
func (p *pages) decode(text []byte) ([]byte, error) {
	decoded, err := format.Decode(bytes.NewReader(text), p.encoding)
	if err != nil {
		return nil, format.Named(err, p.source.name, source.Table{Name: p.path})
	}

	if text, err = io.ReadAll(decoded); err != nil {
		return nil, err
	}

	if !utf8.Valid(text) {
		return nil, p.wrong(p.inPage("it is no text in "+cmp.Or(p.encoding, "utf-8")), "give the format the encoding that it has")
	}

	return text, nil
}

// list returns the records of a page. A server that has none may say null, but a page without the records' path is none: it
// may be an error that came with the status 200, and must not pass for the last page.
func (p *pages) list(text []byte) ([]json.RawMessage, error) {
	if !json.Valid(text) {
		return nil, p.wrong(p.inPage("it is no JSON"), "")
	}

	found, err := at(text, p.records)
	if err != nil {
		return nil, p.wrong(p.inPage(err.Error()), "correct the path in format.records")
	}

	var records []json.RawMessage
	if err := json.Unmarshal(found, &records); err != nil {
		return nil, p.wrong(p.inPage("there is no list of records"), "name the path to it in format.records")
	}

	return records, nil
}

// inPage says in which page something is wrong.
func (p *pages) inPage(message string) string {
	return fmt.Sprintf("page %d: %s", p.ordinal(), message)
}

// ordinal counts the pages, the current one among them.
func (p *pages) ordinal() int { return len(p.seen) }

// following returns the address of the page after this one, or nil.
func (p *pages) following(current *url.URL, response *http.Response, text []byte, count int) (*url.URL, error) {
	paging := p.source.paging

	switch paging.Style {
	case pagingLink:
		return p.link(current, response.Header.Values("Link"))
	case pagingCursor:
		return p.cursor(current, text, count)
	}

	if count == 0 || count < paging.Size {
		return nil, nil //nolint:nilnil // No address is the end.
	}

	value := strconv.Itoa(p.number)
	if paging.Style == pagingOffset {
		value = strconv.FormatInt(p.count, 10)
	}

	return withParameter(current, paging.Parameter, value), nil
}

func withParameter(address *url.URL, name, value string) *url.URL {
	next := *address
	query := next.Query()
	query.Set(name, value)
	next.RawQuery = query.Encode()

	return &next
}

var linkForm = regexp.MustCompile(`<([^>]*)>([^<]*)`)

// relNext finds rel=next among the parameters of a link; a link may have several relations.
var relNext = regexp.MustCompile(`(?i);\s*rel\s*=\s*("([^"]*\s)?next(\s[^"]*)?"|next\s*(;|,|$))`)

func (p *pages) link(current *url.URL, headers []string) (*url.URL, error) {
	for _, header := range headers {
		for _, link := range linkForm.FindAllStringSubmatch(header, -1) {
			if relNext.MatchString(link[2]) {
				return p.resolve(current, link[1])
			}
		}
	}

	return nil, nil //nolint:nilnil // No address is the end.
}

// cursor returns the address of the page at the cursor. Servers end a table by a cursor that is null, false or empty, or
// that is missing. In the first page, a missing one may also be misspelt, and is an error then, unless the page is empty or
// not full.
func (p *pages) cursor(current *url.URL, text []byte, count int) (*url.URL, error) {
	found, err := at(text, strings.Split(p.source.paging.Cursor, "."))
	if err != nil {
		absent, isAbsent := errors.AsType[*absentError](err)
		if isAbsent && (absent.isNull || p.ordinal() > 1 || count < max(p.source.paging.Size, 1)) {
			return nil, nil //nolint:nilnil // No address is the end.
		}

		return nil, p.wrong(p.inPage(err.Error()), "correct the path in paging.cursor; where the server leaves it out of a last "+
			"page, give the paging the size of a full one")
	}

	cursor := string(found)

	switch {
	case cursor == "null" || cursor == "false" || cursor == `""`:
		return nil, nil //nolint:nilnil // No address is the end.
	case found[0] == '"':
		if err := json.Unmarshal(found, &cursor); err != nil {
			return nil, p.wrong("the cursor is no text: "+err.Error(), "")
		}
	}

	if strings.HasPrefix(cursor, "http://") || strings.HasPrefix(cursor, "https://") || strings.HasPrefix(cursor, "/") {
		return p.resolve(current, cursor)
	}

	return withParameter(current, p.source.paging.Parameter, cursor), nil
}

// resolve returns the address that a page names as the next. It stays with the server that was asked: the requests show who
// asks.
func (p *pages) resolve(current *url.URL, reference string) (*url.URL, error) {
	next, err := current.Parse(reference)
	if err != nil {
		return nil, p.wrong("the address of the next page is none", "")
	}

	if !sameOrigin(next, p.source.base) {
		return nil, p.wrong(fmt.Sprintf("the next page is said to be on another server, %s", next.Host), "")
	}

	return next, nil
}

func (p *pages) wrong(message, hint string) error {
	return &source.Error{
		Code: source.CodeRecordInvalid, Source: p.source.name, Table: p.path, Message: message, Hint: hint,
	}
}
