package lineage

import (
	"cmp"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/lineage/statement"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/source"
)

// rejectColumns are the columns of a rejectTable.
var rejectColumns = []string{"place", "mistake", "record"}

// load adds the datasets of a LoadTableFromSource.
func (o *operation) load() {
	from := o.dataset("source", "space", "table")
	target := o.dataset("targetSource", "targetSpace", "targetTable")

	columns, reason := o.loadColumns()
	rename, renameReason := o.renames()
	reason = cmp.Or(reason, renameReason)

	for _, name := range columns {
		from.Columns = append(from.Columns, Column{Name: name})
	}

	from.AllColumns = len(columns) == 0
	if reason != "" {
		from.Unknown = statement.AddNew(from.Unknown, reason)
	}

	o.setLoaded(&target, from, rename, reason)
	o.named(&from, rename)
	o.reads(from)
	o.writes(target, o.mode())

	if o.params["rejectTable"] != nil {
		rejects := o.dataset("targetSource", "targetSpace", "rejectTable")
		for _, name := range rejectColumns {
			rejects.Columns = append(rejects.Columns, Column{Name: name})
		}

		o.writes(rejects, string(source.Replace))
	}

	switch drop := o.params["dropSource"]; drop {
	case nil, false:
	case true:
		o.writes(o.dataset("source", "space", "table"), "drop")
	default:
		o.unknown("dropSource is computed when the step runs")
	}
}

// loadColumns returns the parameter columns, or why it is not known.
func (o *operation) loadColumns() (columns []string, reason string) {
	if o.params["columns"] == nil {
		return nil, ""
	}

	columns, isLiteral := o.texts("columns")
	if !isLiteral {
		return nil, "columns is computed when the step runs"
	}

	return columns, ""
}

// renames returns the parameter rename, or why it is not known.
func (o *operation) renames() (rename map[string]string, reason string) {
	object, isObject := o.params["rename"].(map[string]any)
	if !isObject && o.params["rename"] != nil {
		return nil, "rename is computed when the step runs"
	}

	rename = map[string]string{}

	for name, value := range object {
		text, isText := value.(string)
		if !isText || !expression.IsLiteral(text) {
			return nil, "rename is computed when the step runs"
		}

		rename[name] = text
	}

	return rename, ""
}

// named adds the columns that the step names in other parameters to those that it reads.
func (o *operation) named(from *Dataset, rename map[string]string) {
	types, _ := o.params["columnTypes"].(map[string]any)

	for _, name := range slices.Concat(slices.Sorted(maps.Keys(rename)), slices.Sorted(maps.Keys(types))) {
		if !slices.ContainsFunc(from.Columns, func(c Column) bool { return c.Name == name }) {
			from.Columns = append(from.Columns, Column{Name: name})
		}
	}
}

// setLoaded sets the columns of the target of a load. reason says why those of the table that is read are not known, or is empty.
func (o *operation) setLoaded(target *Dataset, from Dataset, rename map[string]string, reason string) {
	naming, namingReason := o.text("columnNames")
	number, numberReason := o.text("recordOrderColumn")

	if reason = cmp.Or(reason, namingReason, numberReason); reason != "" {
		target.AllColumns, target.Unknown = true, statement.AddNew(target.Unknown, reason)

		return
	}

	column := func(name, of string) {
		added := Column{Name: name}

		switch {
		case of == "":
		case from.Name == "":
			added.Unknown = "the name of the table that is read is not known"
		default:
			added.From = []Origin{{Source: from.Source, Space: from.Space, Name: from.Name, Column: of}}
		}

		target.Columns = append(target.Columns, added)
	}

	if from.AllColumns { // Only new names are known.
		target.AllColumns = true

		for _, name := range slices.Sorted(maps.Keys(rename)) {
			column(rename[name], name)
		}

		if number != "" {
			column(number, "")
		}

		return
	}

	var before []string
	for _, column := range from.Columns {
		before = append(before, column.Name)
	}

	names, err := source.Shape{Rename: rename, Naming: source.Naming(naming), RecordOrder: number}.Names(before)
	if err != nil {
		target.AllColumns, target.Unknown = true, statement.AddNew(target.Unknown, err.Error())

		return
	}

	for i, name := range names {
		if i < len(before) {
			column(name, before[i])
		} else {
			column(name, "")
		}
	}
}
