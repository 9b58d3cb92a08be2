// Package sourcecheck compares the scenarios of an app with its sources: it prepares queries and scripts without running them,
// and reports tables and columns that are missing.
package sourcecheck

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/kind"
	"github.com/jobwright/jobwright/source/sqltext"
)

// App is what the checks need of an app.
type App struct {
	Kinds     map[string]string                                             // The kinds of its sources, by their names.
	Documents []validation.Document                                         // Its valid scenarios.
	ReadFile  func(path string) (string, error)                             // Reads a file of the app.
	Open      func(ctx context.Context, name string) (source.Source, error) // Opens a source; the checker closes it.
	Timeout   time.Duration                                                 // Limits each request to a source.
}

// Report is the result of a check. The messages of Unchecked say why something was not checked.
type Report struct{ Problems, Unchecked problem.List }

// Check checks the scenarios for which selected returns true. It reports a source that is not reachable once.
func Check(ctx context.Context, app App, selected func(validation.Document) bool) Report {
	c := &checker{app: app, opened: map[string]source.Source{}, creates: creationsOf(app)}

	for _, document := range app.Documents {
		if selected(document) {
			for _, use := range document.Uses() {
				c.use(ctx, document, use)
			}
		}
	}

	for _, opened := range c.opened {
		if opened != nil {
			_ = opened.Close() // It was only read.
		}
	}

	return c.report
}

type checker struct {
	app     App
	opened  map[string]source.Source // nil if the source is not reachable.
	creates creations
	report  Report
}

// place is the use of a source that is being checked, with the source.
type place struct {
	validation.StepUse

	document validation.Document
	source   source.Source
	dialect  sqltext.Dialect
}

func (c *checker) addf(at place, field string, code problem.Code, format string, arguments ...any) {
	c.report.Problems.Add(at.document.Problem(at.StepUse, field, code, format, arguments...))
}

func (c *checker) uncheckedf(at place, field, format string, arguments ...any) {
	c.report.Unchecked.Add(at.document.Problem(at.StepUse, field, "", format, arguments...))
}

func (c *checker) use(ctx context.Context, document validation.Document, use validation.StepUse) {
	dialect, isDatabase := sqltext.DialectOf(c.app.Kinds[use.Source])
	isFile := use.Ability == source.CanRead && kind.Can(c.app.Kinds[use.Source], source.CanKeepFiles)

	if !isDatabase && !isFile {
		return
	}

	at := place{StepUse: use, document: document, dialect: dialect}
	if at.source = c.open(ctx, at); at.source == nil {
		return
	}

	switch use.Ability {
	case source.CanQuery:
		c.query(ctx, at)
	case source.CanExecute:
		c.script(ctx, at)
	case source.CanRead:
		c.input(ctx, at)
	case source.CanWrite:
		c.target(ctx, at)
	case source.CanDrop, source.CanRequest, source.CanKeepFiles:
	}
}

// open returns the source of a use, or nil if it is not reachable.
func (c *checker) open(ctx context.Context, at place) source.Source {
	opened, isKnown := c.opened[at.Source]
	if isKnown {
		return opened
	}

	opened, err := c.app.Open(ctx, at.Source)
	if err == nil {
		_, err = within(ctx, c.app.Timeout, opened.Check)
	}

	if err != nil {
		c.addf(at, at.Field, problem.CodeSourceUnreachable, "%v", err)

		if opened != nil {
			_ = opened.Close()
		}

		opened = nil
	}

	c.opened[at.Source] = opened

	return opened
}

// within calls do with a time limit.
func within[T any](ctx context.Context, limit time.Duration, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	return do(ctx)
}

// prepared returns the text of a query or a script as the source receives it, and the values of its parameters as far as
// they are literals. If names in it are computed, it is not checked and isKnown is false.
func (c *checker) prepared(at place, text string) (prepared string, bind map[string]any, isKnown bool) {
	parsed, err := expression.ParseQueryText(text)
	if err != nil {
		return "", nil, false
	}

	if slices.ContainsFunc(parsed.Values, func(value expression.QueryValue) bool { return value.IsName }) {
		c.uncheckedf(at, at.Field, "it has names that are known when the step runs")

		return "", nil, false
	}

	return parsed.Text, c.bind(at, parsed.Text), true
}

// bind returns a value for each parameter of a text: the step's own, if it is a literal, and otherwise NULL.
func (c *checker) bind(at place, text string) map[string]any {
	given, _ := at.Params["bind"].(map[string]any)
	bind := map[string]any{}

	for _, name := range at.dialect.Parameters(text) {
		bind[name] = nil

		if value := given[name]; expression.IsLiteral(value) {
			bind[name] = value
		}
	}

	return bind
}

func (c *checker) query(ctx context.Context, at place) {
	field, text := at.Field, at.Query
	if at.Text != "" {
		field = at.Text
		text, _ = at.Params[at.Text].(string)
	}

	at.Field = field
	c.columns(ctx, at, text)
}

// columns prepares a query and returns the names of its columns, or nil if they are not known. It reports the mistakes of the
// query at the field of the use.
func (c *checker) columns(ctx context.Context, at place, text string) []string {
	preparer, isPreparer := at.source.(source.Preparer)

	query, bind, isKnown := c.prepared(at, text)
	if !isPreparer || !isKnown {
		return nil
	}

	columns, err := within(ctx, c.app.Timeout, func(ctx context.Context) ([]string, error) {
		return preparer.PrepareQuery(ctx, query, bind)
	})
	c.refused(at, "", err)

	return columns
}

// script prepares the statements of a script. Statements after one that changes definitions may refer to its changes.
func (c *checker) script(ctx context.Context, at place) {
	text, isInline := at.Params["script"].(string)
	where := "statement in line %d: "
	at.Field = "script"

	if !isInline {
		file, _ := at.Params["scriptFile"].(string)
		at.Field, where = "scriptFile", file+":%d: "

		var err error
		if text, err = c.app.ReadFile(file); err != nil {
			return // Reported by validation.
		}
	}

	preparer, isPreparer := at.source.(source.Preparer)
	if !isPreparer {
		return
	}

	script, _, isKnown := c.prepared(at, text)
	if !isKnown {
		return
	}

	defines := false

	for _, statement := range at.dialect.Statements(script) {
		_, err := within(ctx, c.app.Timeout, func(ctx context.Context) (any, error) {
			return nil, preparer.PrepareStatement(ctx, statement.Text, c.bind(at, statement.Text))
		})

		line := strings.Replace(where, "%d", lineText(statement.Line), 1)
		if err != nil && defines {
			c.uncheckedf(at, at.Field, "%san earlier statement of the script changes definitions (%s)", line, messageOf(err))

			return
		}

		c.refused(at, line, err)

		defines = defines || definition.MatchString(statement.Text)
	}
}

// definition matches the beginning of a statement that changes definitions.
var definition = regexp.MustCompile(`(?i)^\s*(create|alter|drop|rename)\b`)

// refused reports the error of a source for a query or a statement. An error about a table that a step creates is no mistake.
func (c *checker) refused(at place, where string, err error) {
	refused, isSource := errors.AsType[*source.Error](err)

	switch {
	case err == nil:
		return
	case !isSource || refused.Code == source.CodeUnavailable:
		c.uncheckedf(at, at.Field, "%s%v", where, err)
	case refused.Code != source.CodeTableNotFound:
		c.addf(at, at.Field, problem.CodeQueryRefused, "%s%s refuses it: %s", where, at.Source, refused.Message)
	case c.creates.has(at.Source, missingTable(refused)):
		c.uncheckedf(at, at.Field, "%sa step creates the table %s", where, missingTable(refused))
	default:
		c.addf(at, at.Field, problem.CodeTableMissing, "%s%s has no table %s", where, at.Source, missingTable(refused))
	}
}

// missing matches the name of the table in the message of each database.
var missing = regexp.MustCompile(`relation "(.+?)" does not exist|no such table: (\S+)|Table '(.+?)' doesn't exist`)

// missingTable returns the name of the table in an error with [source.CodeTableNotFound].
func missingTable(refused *source.Error) string {
	if refused.Table != "" {
		return refused.Table
	}

	for _, name := range append(missing.FindStringSubmatch(refused.Message), refused.Message)[1:] {
		if name != "" {
			return name
		}
	}

	return ""
}

func messageOf(err error) string {
	if refused, isSource := errors.AsType[*source.Error](err); isSource {
		return refused.Message
	}

	return err.Error()
}

// literal returns a text parameter, or false if it is computed.
func literal(params jsonvalue.Object, name string) (string, bool) {
	text, _ := params[name].(string)

	return text, expression.IsLiteral(text)
}
