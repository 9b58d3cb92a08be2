package lineage

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/lineage/statement"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/kind"
)

// operation finds the datasets of one step.
type operation struct {
	job    *job
	params jsonvalue.Object
	step   Step
}

// add adds the datasets of the step.
func (o *operation) add(step scenario.Step) {
	o.lookUps(step.Condition)

	queries := map[string]bool{} // The parameters that are queries, in which ${…} is a value.

	definition, isKnown := scenario.OperationNamed(step.OpName)
	if !isKnown {
		o.unknown("the operation is not known")

		return
	}

	for _, field := range definition.Fields {
		queries[field.Name] = len(field.Query) > 0
	}

	for _, name := range slices.Sorted(maps.Keys(o.params)) {
		if !queries[name] {
			o.lookUps(o.params[name])
		}
	}

	switch step.OpName {
	case scenario.OpLoadTableFromSource:
		o.load()
	case scenario.OpTransform:
		o.transform()
	case scenario.OpRunSourceScript:
		o.script()
	case "Insert", "Update", "Delete":
		o.records(definition)
	case "HTTPRequest":
		o.request()
	case scenario.OpForEach:
		if _, reads := o.params["query"]; reads {
			o.query("source")
		}
	}
}

func (o *operation) unknown(reason string) { o.step.Unknown = statement.AddNew(o.step.Unknown, reason) }

// text returns a text parameter. If it is computed, text is empty and reason says so.
func (o *operation) text(field string) (text, reason string) {
	given, isText := o.params[field].(string)
	if !isText {
		return "", ""
	}

	parsed, err := expression.ParseTemplate(given)
	if err == nil && parsed.IsPlain() {
		return parsed[0].Text, ""
	}

	return "", field + " is computed when the step runs: " + given
}

// kindOf returns the kind of a source.
func (o *operation) kindOf(name string) string { return o.job.sources[name].Kind }

// effectOf returns what a text in the language of a source reads and writes.
func (o *operation) effectOf(from, text string) statement.Effect {
	return statement.Script(from, o.kindOf(from), text)
}

// dataset returns the dataset that parameters name: a source, a space and a table.
func (o *operation) dataset(sourceField, spaceField, nameField string) Dataset {
	var found Dataset

	var reasons [3]string

	found.Source, reasons[0] = o.text(sourceField)
	found.Space, reasons[1] = o.text(spaceField)
	found.Name, reasons[2] = o.text(nameField)

	for _, reason := range reasons {
		if reason != "" {
			found.Unknown = append(found.Unknown, reason)
		}
	}

	if len(found.Unknown) > 0 {
		found.Space, found.Name = "", "" // A part of a name would be another name.
	}

	return o.typed(found)
}

// typed sets the kind and the type of a dataset.
func (o *operation) typed(found Dataset) Dataset {
	found.Kind = o.kindOf(found.Source)

	switch found.Kind {
	case kind.PgSQLSource, kind.MySQLSource, kind.SQLiteSource:
		found.Type = Table
	case kind.FileSource, kind.AWSS3Source:
		found.Type = File
	case kind.HTTPSource:
		found.Type = URL
	}

	if found.Type == File && found.Name != "" {
		found.Name = path.Clean(found.Name)
	}

	return found
}

func (o *operation) reads(found Dataset) { o.step.Reads = addDataset(o.step.Reads, found) }

func (o *operation) writes(found Dataset, modes ...string) {
	found.Modes = modes
	o.step.Writes = addDataset(o.step.Writes, found)
}

// lookUps adds the tables of the queries $[source]{…} in a value.
func (o *operation) lookUps(value any) {
	for _, text := range jsonvalue.Texts("", value) {
		parsed, err := expression.ParseTemplate(text)
		if err != nil {
			o.unknown("the text can't be read: " + err.Error())
		}

		for _, fragment := range parsed {
			if fragment.Kind == expression.QueryFragment {
				o.readsOf(fragment.Source, o.effectOf(fragment.Source, fragment.Query.Text))
			}
		}
	}
}

// sourceOf returns the source that the first of these parameters names that is given. If it is computed, the step has the reason.
func (o *operation) sourceOf(fields ...string) (name string, isKnown bool) {
	for _, field := range fields {
		if o.params[field] == nil {
			continue
		}

		name, reason := o.text(field)
		if reason != "" {
			o.unknown(reason)
		}

		return name, reason == ""
	}

	return "", false
}

// query adds the tables that the parameter query reads, and returns the effect of the query.
func (o *operation) query(sourceFields ...string) statement.Effect {
	text, _ := o.params["query"].(string)
	parsed := o.parseQuery(text)

	from, isKnown := o.sourceOf(sourceFields...)
	if !isKnown {
		return statement.Effect{IsOpen: true}
	}

	effect := o.effectOf(from, parsed)
	o.readsOf(from, effect)

	if len(effect.Unknown) > 0 {
		effect.IsOpen = true
	}

	return effect
}

// parseQuery returns a query with parameters in place of its expressions, and adds the tables of the queries in it.
func (o *operation) parseQuery(text string) string {
	parsed, err := expression.ParseQueryText(text)
	if err != nil {
		o.unknown("the query can't be read: " + err.Error())

		return text
	}

	for _, value := range parsed.Values {
		if value.Kind == expression.QueryFragment {
			o.readsOf(value.Source, o.effectOf(value.Source, value.Query.Text))
		}
	}

	return parsed.Text
}

// readsOf adds the tables of a source that a statement reads.
func (o *operation) readsOf(from string, effect statement.Effect) {
	for _, table := range effect.Reads {
		o.reads(o.table(from, table))
	}

	for _, reason := range effect.Unknown {
		o.unknown(reason)
	}
}

// table converts a table of a statement.
func (o *operation) table(from string, table statement.Table) Dataset {
	return o.typed(Dataset{
		Source: from, Space: table.Space, Name: table.Name, Unknown: table.Unknown, AllColumns: table.IsOpen,
		Columns: columnsOf(table.Columns),
	})
}

// script adds the tables of a RunSourceScript.
func (o *operation) script() {
	text, isInline := o.params["script"].(string)
	if isInline {
		text = o.parseQuery(text)
	} else if file, isFile := o.params["scriptFile"].(string); isFile {
		text = o.job.program.Files[file]
	}

	in, isKnown := o.sourceOf("source")
	if !isKnown {
		return
	}

	effect := o.effectOf(in, text)
	o.readsOf(in, effect)

	for _, table := range effect.Writes {
		o.writes(o.table(in, table), string(table.Mode))
	}
}

// transform adds the tables of a Transform.
func (o *operation) transform() {
	effect := o.query("source")

	if o.params["targetTable"] == nil {
		return
	}

	target := o.dataset(o.targetSource(), "targetSpace", "targetTable")
	o.setColumns(&target, effect)
	o.renameColumns(&target)
	o.writes(target, o.mode())
}

// targetSource returns the parameter with the source of the target.
func (o *operation) targetSource() string {
	if o.params["targetSource"] == nil {
		return "source"
	}

	return "targetSource"
}

func columnsOf(columns []statement.Column) (found []Column) {
	for _, column := range columns {
		found = append(found, Column(column))
	}

	return found
}

// setColumns sets the columns of a target to those of a query.
func (o *operation) setColumns(target *Dataset, effect statement.Effect) {
	target.Columns = slices.DeleteFunc(columnsOf(effect.Columns), func(column Column) bool { return column.Name == "" })
	target.AllColumns = effect.IsOpen

	namesNone := len(effect.Columns) == 0 && !effect.IsOpen // As PRAGMA does.
	if namesNone || len(target.Columns) < len(effect.Columns) {
		target.AllColumns = true
		target.Unknown = statement.AddNew(target.Unknown, "the query does not name each of its columns")
	}
}

// renameColumns applies columnNames to the columns of a target.
func (o *operation) renameColumns(target *Dataset) {
	naming, reason := o.text("columnNames")

	switch {
	case reason != "":
		target.Unknown = statement.AddNew(target.Unknown, reason)
	case naming == "":
		return
	case target.AllColumns:
		reason = "columnNames changes the names of columns that the definition does not name"
		target.Unknown = statement.AddNew(target.Unknown, reason)
	}

	var before []string
	for _, column := range target.Columns {
		before = append(before, column.Name)
	}

	names, err := source.Shape{Naming: source.Naming(naming)}.Names(before)
	if reason != "" || err != nil {
		target.Columns, target.AllColumns = nil, true

		return
	}

	for i := range target.Columns {
		target.Columns[i].Name = names[i]
	}
}

// mode returns how the step writes its target.
func (o *operation) mode() string {
	definition, _ := scenario.OperationNamed(o.step.OpName)

	for _, use := range definition.SourceUses(o.params) {
		if use.Ability == source.CanWrite {
			return string(use.Mode)
		}
	}

	return ""
}

// records adds the tables of an Insert, an Update or a Delete.
func (o *operation) records(definition scenario.Operation) {
	target := o.dataset("source", "space", "table")

	if _, queries := o.params["query"]; queries {
		o.setColumns(&target, o.query("fromSource", "source"))
	} else {
		o.literalColumns(&target)
	}

	if definition.Name == "Delete" { // Other columns than those of the key are ignored.
		keys, isLiteral := o.texts("key")

		target.AllColumns = !isLiteral
		target.Columns = slices.DeleteFunc(target.Columns, func(c Column) bool {
			return isLiteral && !slices.Contains(keys, c.Name)
		})
	}

	o.writes(target, strings.ToLower(definition.Name))
}

// literalColumns sets the columns of a target to those of the parameter records.
func (o *operation) literalColumns(target *Dataset) {
	records, isList := o.params["records"].([]any)
	target.AllColumns = !isList

	var names []string

	for _, record := range records {
		object, isObject := record.(map[string]any)
		target.AllColumns = target.AllColumns || !isObject
		names = statement.AddNew(names, slices.Sorted(maps.Keys(object))...)
	}

	if target.AllColumns {
		target.Unknown = statement.AddNew(target.Unknown, "the records are computed when the step runs")
	}

	for _, name := range names {
		target.Columns = append(target.Columns, Column{Name: name})
	}
}

// texts returns a parameter that is a list of texts, and whether none of them is computed.
func (o *operation) texts(field string) (texts []string, isLiteral bool) {
	list, isList := o.params[field].([]any)

	for _, entry := range list {
		text, isText := entry.(string)
		if !isText || !expression.IsLiteral(text) {
			return nil, false
		}

		texts = append(texts, text)
	}

	return texts, isList
}

// request adds the URL, the files and the table of an HTTPRequest.
func (o *operation) request() {
	url := o.dataset("source", "", "path")
	if url.Name == "" && len(url.Unknown) == 0 {
		url.Name = "/"
	}

	method, reason := o.text("method")
	if reason != "" {
		url.Unknown = statement.AddNew(url.Unknown, reason)
	}

	method = strings.ToUpper(cmp.Or(method, "GET"))
	isWrite := reason != "" || method != "GET" && method != "HEAD"

	if isWrite {
		modes := []string{strings.ToLower(method)}
		if reason != "" {
			modes = nil
		}

		o.writes(url, modes...)
	}

	returns := o.params["returnValue"] != nil || o.params["returnResult"] != nil
	if !isWrite || returns || o.params["targetFile"] != nil || o.params["targetTable"] != nil {
		o.reads(url)
	}

	if o.params["file"] != nil {
		o.reads(o.dataset("fileSource", "", "file"))
	}

	if o.params["targetFile"] != nil {
		o.writes(o.dataset("fileSource", "", "targetFile"), string(source.Replace))
	}

	if o.params["targetTable"] != nil {
		target := o.dataset("targetSource", "targetSpace", "targetTable")
		target.AllColumns = true
		o.writes(target, o.mode())
	}
}
