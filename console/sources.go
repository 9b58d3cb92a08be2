package console

import (
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/jobservice"
)

// sourceRow is a source in the list.
type sourceRow struct {
	jobservice.Source

	Options []option
	Checked *jobservice.SourceChecked // The check that was asked for; nil for none.
	Error   *problem                  // Why it was not checked; nil if it was.
}

// option is an option of a source.
type option struct{ Name, Text string }

// sourceList is the data of the list of sources.
type sourceList struct {
	Sources  []sourceRow
	MayCheck bool
}

// sources shows the sources of the app.
func sources(r *request) (*view, error) {
	data, err := r.sourceList()
	if err != nil {
		return nil, err
	}

	return &view{template: "sources", section: "/sources", Title: "Sources", Data: data}, nil
}

func (r *request) sourceList() (*sourceList, error) {
	found, err := r.api.Sources(r.Context(), r.session.App)
	if err != nil {
		return nil, err
	}

	data := &sourceList{MayCheck: r.may(app.Operate)}

	for _, source := range found {
		row := sourceRow{Source: source}

		for _, name := range slices.Sorted(maps.Keys(source.Options)) {
			text, err := plain(source.Options[name])
			if err != nil {
				return nil, err
			}

			row.Options = append(row.Options, option{name, text})
		}

		data.Sources = append(data.Sources, row)
	}

	return data, nil
}

// checkSources checks the source of the form, or all if it names none, and shows the results. The page changes nothing, so it has
// no address of its own for them.
func checkSources(r *request) (*view, error) {
	const parallel = 4

	data, err := r.sourceList()
	if err != nil {
		return nil, err
	}

	chosen := r.PostFormValue("source")

	var group errgroup.Group
	group.SetLimit(parallel)

	for i := range data.Sources {
		row := &data.Sources[i]
		if chosen != "" && chosen != row.Name {
			continue
		}

		group.Go(func() error {
			checked, err := r.api.CheckSource(r.Context(), r.session.App, row.Name)
			if err != nil && (isSignedOut(err) || r.Context().Err() != nil || !r.may(app.Operate)) {
				return err
			}

			if row.Checked = checked; err != nil {
				_, shown := problemOf(err)
				row.Checked, row.Error = nil, &shown
			}

			return nil
		})
	}

	if err := group.Wait(); err != nil {
		return nil, err
	}

	return &view{template: "sources", section: "/sources", Title: "Sources", Data: data}, nil
}
