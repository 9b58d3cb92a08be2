package main

import (
	"context"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/sourcecheck"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/secret"
	"github.com/jobwright/jobwright/worker"
)

// connect compares those scenarios of an app that are selected, and have no mistakes, with the app's sources.
func connect(
	ctx context.Context, opts sourcesOptions, of *app.App, selected func(name string) bool,
) (sourcecheck.Report, error) {
	names, err := of.ScenarioNames()
	if err != nil {
		return sourcecheck.Report{}, err
	}

	library, err := of.Library()
	if err != nil {
		return sourcecheck.Report{}, err
	}

	checked := sourcecheck.App{
		Kinds: of.Environment().Kinds, ReadFile: library.ReadFile, Timeout: opts.timeout,
		Open: func(ctx context.Context, name string) (source.Source, error) {
			definition, err := secret.Resolve(of.Sources[name])
			if err != nil {
				return nil, err
			}

			return worker.Drivers().Open(ctx, definition, of.Place(opts.data))
		},
	}
	isSelected := map[string]bool{}

	for _, name := range names {
		if document, err := of.Scenario(name); err == nil { // Mistakes are reported already.
			checked.Documents = append(checked.Documents, document)
			isSelected[document.File] = selected(name)
		}
	}

	report := sourcecheck.Check(ctx, checked, func(document validation.Document) bool { return isSelected[document.File] })

	return report, ctx.Err()
}
