package web

import (
	"context"
	"fmt"
	"path"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// ReadTable streams the records of the response to a path, in the format of the read or else of the response. If the source has
// paging, it requests one page after another, each a JSON document.
func (s *Source) ReadTable(ctx context.Context, read source.Read) (source.Rows, error) {
	rows, err := s.read(ctx, read)
	if err != nil {
		return nil, s.withoutSecrets(err)
	}

	return &hidingRows{Rows: rows, source: s}, nil
}

func (s *Source) read(ctx context.Context, read source.Read) (source.Rows, error) {
	name := path.Base(withoutQuery(read.Table.Name))
	options := format.Options{Read: read, Source: s.name}
	options.Table.Name = withoutQuery(read.Table.Name)

	if s.paging.Style != pagingNone {
		if read.Format.Type != "" && read.Format.Type != "json" {
			return nil, &source.Error{
				Code: source.CodeOperationUnsupported, Source: s.name, Table: options.Table.Name,
				Message: fmt.Sprintf("paging requires JSON, and the format is %s", read.Format.Type),
				Hint:    "read JSON, or remove the paging of the source",
			}
		}

		pages, err := s.pages(ctx, read.Table, read.Format)
		if err != nil {
			return nil, err
		}

		options.Format = source.Format{Type: "ndjson", Compression: "none"}

		return format.Read(ctx, pages, name, options)
	}

	response, err := s.Request(ctx, source.Request{Path: read.Table.Name})
	if err != nil {
		return nil, err
	}

	options.Format = format.WithContentType(options.Format, name, response.Headers["Content-Type"])

	return format.Read(ctx, response.Body, name, options)
}
