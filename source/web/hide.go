package web

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// hiding returns a replacer of the source's secrets. A server may repeat them in its answers, from which errors quote.
func hiding(secrets []string, opts options) *strings.Replacer {
	secrets = append([]string{opts.Password}, secrets...)

	if opts.User != "" { // Basic authentication encodes the two together.
		secrets = append(secrets, opts.User+":"+opts.Password)
	}

	if opts.APIKey != nil {
		secrets = append(secrets, opts.APIKey.Value)
	}

	if opts.OAuth2 != nil {
		secrets = append(secrets, opts.OAuth2.ClientSecret)
	}

	return source.Hide(secrets...)
}

// hidden returns a text of the server without secrets.
func (s *Source) hidden(text string) string {
	if s.tokens != nil {
		text = source.Hide(s.tokens.known()).Replace(text)
	}

	return s.hide.Replace(text)
}

// withoutSecrets removes secrets from an error, which becomes part of the history of a job.
func (s *Source) withoutSecrets(err error) error {
	if problem, ok := errors.AsType[*source.Error](err); ok {
		problem.Table, problem.Message, problem.Hint = s.hidden(problem.Table), s.hidden(problem.Message), s.hidden(problem.Hint)
	}

	return err
}

// hidingRows are the records of a response. Their errors contain no secrets.
type hidingRows struct {
	source.Rows

	source *Source
	count  int64
}

func (r *hidingRows) Next(ctx context.Context) (source.Record, error) {
	record, err := r.Rows.Next(ctx)
	if err != nil && err != io.EOF {
		return nil, r.source.withoutSecrets(err)
	}

	r.count++

	return record, err
}

// Extent returns the size of the response, and how much of it was read.
func (r *hidingRows) Extent() source.Extent { return source.ExtentOf(r.Rows) }

// Location returns the location of the last record.
func (r *hidingRows) Location() string { return source.Location(r.Rows, r.count) }
