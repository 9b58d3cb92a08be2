package jobservice

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
)

// Filter selects jobs of an app. The zero value selects all but child jobs.
type Filter struct {
	Statuses    []job.State // Running, Completed, CompletedWithError or Stopped; none for all.
	Scenario    string
	Caller      string // The name of the access that started the job.
	Code        string // The code of the failure.
	Labels      map[string]string
	StartedFrom time.Time // The first moment; the zero time for no bound.
	StartedTo   time.Time // The moment after the last one.
	EndedFrom   time.Time
	EndedTo     time.Time
	Query       string // A query of Temporal's visibility, which needs the right [app.Query].
	Children    bool   // Whether child jobs are selected, too.
}

// workflowStatuses are the states of jobs in lists, and their statuses in Temporal.
var workflowStatuses = map[job.State][]enumspb.WorkflowExecutionStatus{
	job.Running:   {enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED},
	job.Completed: {enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED},
	job.CompletedWithError: {
		enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED,
		enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
	},
	job.Stopped: {enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED},
}

// listedStates are the states of jobs in lists.
var listedStates = []job.State{job.Running, job.Completed, job.CompletedWithError, job.Stopped}

// check returns an error if the filter is invalid, or if the caller may not use it.
func (f Filter) check(caller Caller) error {
	for _, status := range f.Statuses {
		if !slices.Contains(listedStates, status) {
			return Invalid("status must be one or several of running, completed, completedWithError and stopped, "+
				"separated by commas, "+
				"not %q", status)
		}
	}

	for name, length := range map[string]int{"scenario": len(f.Scenario), "caller": len(f.Caller), "code": len(f.Code)} {
		if length > maxFilter {
			return Invalid("%s has %d bytes, and %d is the most", name, length, maxFilter)
		}
	}

	if err := job.CheckLabels(f.Labels); err != nil {
		return Invalid("labels: %v", err)
	}

	for name, text := range f.Labels {
		if strings.Contains(text, labelQuote) {
			return Invalid("labels: the text of %s has a double quote, by which not all databases of Temporal can search", name)
		}
	}

	if f.Query != "" {
		return caller.Require(app.Query)
	}

	return nil
}

// labelQuote is the character that a label can have, but not a comparison with labels: Temporal does not escape it for SQLite.
const labelQuote = `"`

// maxFilter is the length of a text in a filter, in bytes.
const maxFilter = 500

// expression returns the query of Temporal's visibility that selects the jobs which the caller may see, whatever their status.
// It is a conjunction.
func (f Filter) expression(caller Caller) (string, error) {
	terms := []string{
		equals("WorkflowType", job.Workflow),
		equals(job.AppAttribute.GetName(), caller.App.ID),
	}

	visible, err := visibleTo(caller)
	if err != nil {
		return "", err
	}

	terms = append(terms, visible...)

	if !f.Children {
		terms = append(terms, "ParentWorkflowId IS NULL")
	}

	for _, equal := range []struct{ attribute, text string }{
		{job.ScenarioAttribute.GetName(), f.Scenario},
		{job.CallerAttribute.GetName(), f.Caller},
		{job.CodeAttribute.GetName(), f.Code},
	} {
		if equal.text != "" {
			terms = append(terms, equals(equal.attribute, equal.text))
		}
	}

	for _, name := range slices.Sorted(maps.Keys(f.Labels)) {
		terms = append(terms, equals(job.LabelsAttribute.GetName(), job.LabelText(name, f.Labels[name])))
	}

	for _, bound := range []struct {
		attribute, operator string
		at                  time.Time
	}{
		{job.StartedAttribute.GetName(), ">=", f.StartedFrom},
		{job.StartedAttribute.GetName(), "<", f.StartedTo},
		{"CloseTime", ">=", f.EndedFrom},
		{"CloseTime", "<", f.EndedTo},
	} {
		if !bound.at.IsZero() {
			terms = append(terms, bound.attribute+" "+bound.operator+" "+quotedTime(bound.at))
		}
	}

	if f.Query != "" {
		restricted, err := restriction(f.Query)
		if err != nil {
			return "", err
		}

		terms = append(terms, restricted)
	}

	return strings.Join(terms, " AND "), nil
}

// visibleTo returns the terms that select the jobs which the caller may see: all of its app or, if it may run only some
// scenarios, the jobs of these and those that it has started itself.
func visibleTo(caller Caller) ([]string, error) {
	if caller.Access.Scenarios == nil {
		return nil, nil
	}

	own := equals(job.CallerAttribute.GetName(), caller.Access.Name)

	names, err := caller.App.ScenarioNames()
	if err != nil {
		return nil, err
	}

	names = slices.DeleteFunc(names, func(name string) bool { return !caller.Access.MayRun(name) })
	if len(names) == 0 {
		return []string{own}, nil
	}

	return []string{fmt.Sprintf("(%s OR %s)", own, oneOf(job.ScenarioAttribute.GetName(), names))}, nil
}

// maySee reports whether the caller may see the job. It repeats what the expression of a filter demands, independent of the
// rules by which Temporal's databases compare texts.
func (c Caller) maySee(entry Entry) bool {
	return c.Access.Scenarios == nil || entry.Caller == c.Access.Name || entry.Scenario != "" && c.Access.MayRun(entry.Scenario)
}

// ofStatus returns the term that selects the last runs of jobs with the statuses. Of a job that has continued in another run a
// moment ago, Temporal may list only the run before: the term also selects it.
func (f Filter) ofStatus(now time.Time) string {
	statuses := f.Statuses
	if len(statuses) == 0 {
		statuses = listedStates
	}

	var names []string

	for _, status := range statuses {
		for _, listed := range workflowStatuses[status] {
			names = append(names, listed.String())
		}
	}

	return fmt.Sprintf("(%s OR ExecutionStatus = 'ContinuedAsNew' AND CloseTime > %s)", oneOf("ExecutionStatus", names),
		quotedTime(now.Add(-recentTime)))
}

// matches reports whether the filter selects the job, apart from its query. It does not depend on the rules by which Temporal's
// databases compare texts: SQLite also finds labels that begin with the words of a label.
func (f Filter) matches(entry Entry) bool {
	return f.matchesStart(entry) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, entry.Status)) &&
		(f.Code == "" || f.Code == entry.Code) &&
		(f.EndedFrom.IsZero() || entry.ended() && !entry.EndedAt.Before(f.EndedFrom)) &&
		(f.EndedTo.IsZero() || entry.ended() && entry.EndedAt.Before(f.EndedTo))
}

// matchesStart reports the same by what does not change after the start of the job.
func (f Filter) matchesStart(entry Entry) bool {
	for name, text := range f.Labels {
		if given, has := entry.Labels[name]; !has || given != text {
			return false
		}
	}

	return (f.Children || entry.ParentJobID == "") &&
		(f.Scenario == "" || f.Scenario == entry.Scenario) &&
		(f.Caller == "" || f.Caller == entry.Caller) &&
		(f.StartedFrom.IsZero() || !entry.StartedAt.Before(f.StartedFrom)) &&
		(f.StartedTo.IsZero() || entry.StartedAt.Before(f.StartedTo))
}
