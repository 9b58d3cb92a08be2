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
	"github.com/jobwright/jobwright/source/kind"
)

// The styles of paging.
const (
	pagingNone   = ""
	pagingLink   = "link"   // The header Link names the next page (RFC 8288).
	pagingPage   = "page"   // A parameter is the page's number.
	pagingOffset = "offset" // A parameter is the number of records before the page.
	pagingCursor = "cursor" // A page contains the cursor of the next page.
)

// paging describes a table in pages, each of which is a JSON document.
type paging kind.Paging

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
			return errors.New("paging by cursor requires cursor, the path of the cursor in a page")
		}

		if p.Parameter == "" {
			p.Parameter = p.Style
		}
	default:
		return fmt.Errorf("unknown style of paging %q; use none, link, page, offset or cursor", p.Style)
	}

	if p.SizeParameter != "" && p.Size < 1 {
		return errors.New("paging with a sizeParameter requires a size")
	}

	return nil
}

// maxPage limits the size of a page, in bytes: a page is read into memory.
const maxPage = 64 << 20

// pages reads the records of all pages as lines of JSON.
type pages struct {
	ctx      context.Context //nolint:containedctx // io.Reader has no parameter for a context.
	source   *Source
	path     string   // The table's path, for messages.
	records  []string // The path of the records in a page.
	encoding string   // The encoding of a page.

	next   *url.URL // nil after the last page.
	seen   map[string]bool
	number int   // The number of the next page.
	count  int64 // The number of records so far.
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

	return p, p.fetch() // A missing table is reported before the first read.
}

// Read returns lines, and requests the next page after the last line of a page.
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

// Close does nothing: fetch closes each response.
func (p *pages) Close() error { return nil }

// fetch requests the next page.
func (p *pages) fetch() error {
	current := p.next
	if p.seen[current.String()] {
		return p.wrong("the pages form a circle: the next page was read already", "")
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
		return p.wrong(fmt.Sprintf("a page has more than %d bytes", maxPage), "request smaller pages")
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
			return p.wrong("a record is not valid JSON: "+err.Error(), "")
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
		return nil, p.wrong(p.inPage("it is not valid "+cmp.Or(p.encoding, "utf-8")),
			"set format.encoding to the encoding of the response")
	}

	return text, nil
}

// list returns the records of a page. The list may be null if the page has no records, but its path must exist: a document
// without it may be an error with the status 200, which must not pass for the last page.
func (p *pages) list(text []byte) ([]json.RawMessage, error) {
	if !json.Valid(text) {
		return nil, p.wrong(p.inPage("it is not valid JSON"), "")
	}

	found, err := at(text, p.records)
	if err != nil {
		return nil, p.wrong(p.inPage(err.Error()), "correct the path in format.records")
	}

	var records []json.RawMessage
	if err := json.Unmarshal(found, &records); err != nil {
		return nil, p.wrong(p.inPage("it has no list of records"), "set format.records to the path of the list")
	}

	return records, nil
}

// inPage adds the page's number to a message.
func (p *pages) inPage(message string) string {
	return fmt.Sprintf("page %d: %s", p.ordinal(), message)
}

// ordinal returns the number of pages read, including the current one.
func (p *pages) ordinal() int { return len(p.seen) }

// following returns the URL of the next page, or nil after the last page.
func (p *pages) following(current *url.URL, response *http.Response, text []byte, count int) (*url.URL, error) {
	paging := p.source.paging

	switch paging.Style {
	case pagingLink:
		return p.link(current, response.Header.Values("Link"))
	case pagingCursor:
		return p.cursor(current, text, count)
	}

	if count == 0 || count < paging.Size {
		return nil, nil //nolint:nilnil // A nil URL is the end.
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

// relNext matches rel=next in the parameters of a link; a link may have several relations.
var relNext = regexp.MustCompile(`(?i);\s*rel\s*=\s*("([^"]*\s)?next(\s[^"]*)?"|next\s*(;|,|$))`)

func (p *pages) link(current *url.URL, headers []string) (*url.URL, error) {
	for _, header := range headers {
		for _, link := range linkForm.FindAllStringSubmatch(header, -1) {
			if relNext.MatchString(link[2]) {
				return p.resolve(current, link[1])
			}
		}
	}

	return nil, nil //nolint:nilnil // A nil URL is the end.
}

// cursor returns the URL of the page at the cursor. A cursor that is null, false, empty or missing ends the table. In the first
// page, a missing cursor may also be due to a misspelt path, so it is an error unless the page is empty or not full.
func (p *pages) cursor(current *url.URL, text []byte, count int) (*url.URL, error) {
	found, err := at(text, strings.Split(p.source.paging.Cursor, "."))
	if err != nil {
		absent, isAbsent := errors.AsType[*absentError](err)
		if isAbsent && (absent.isNull || p.ordinal() > 1 || count < max(p.source.paging.Size, 1)) {
			return nil, nil //nolint:nilnil // A nil URL is the end.
		}

		return nil, p.wrong(p.inPage(err.Error()), "correct the path in paging.cursor; "+
			"if the server omits the cursor in the last page, set paging.size to the size of a full page")
	}

	cursor := string(found)

	switch {
	case cursor == "null" || cursor == "false" || cursor == `""`:
		return nil, nil //nolint:nilnil // A nil URL is the end.
	case found[0] == '"':
		if err := json.Unmarshal(found, &cursor); err != nil {
			return nil, p.wrong("the cursor is not a valid string: "+err.Error(), "")
		}
	}

	if strings.HasPrefix(cursor, "http://") || strings.HasPrefix(cursor, "https://") || strings.HasPrefix(cursor, "/") {
		return p.resolve(current, cursor)
	}

	return withParameter(current, p.source.paging.Parameter, cursor), nil
}

// resolve returns the URL of the next page, which must be on the same server: requests contain the source's credentials.
func (p *pages) resolve(current *url.URL, reference string) (*url.URL, error) {
	next, err := current.Parse(reference)
	if err != nil {
		return nil, p.wrong("the URL of the next page is invalid", "")
	}

	if !sameOrigin(next, p.source.base) {
		return nil, p.wrong(fmt.Sprintf("the next page is on another server, %s", next.Host), "")
	}

	return next, nil
}

func (p *pages) wrong(message, hint string) error {
	return &source.Error{
		Code: source.CodeRecordInvalid, Source: p.source.name, Table: p.path, Message: message, Hint: hint,
	}
}
