package scenariotest

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// compare returns the differences between the outcome and the expectation. Fields without an expectation are not compared,
// except the status, whose default is completed, or completedWithError if a code or message is expected.
func (e expectation) compare(have Outcome, duration time.Duration) []string {
	var differences []string

	differ := func(format string, arguments ...any) {
		differences = append(differences, fmt.Sprintf(format, arguments...))
	}

	if len(e.Problems) > 0 {
		differ("problems: want %s, have none", strings.Join(e.Problems, ", "))
	}

	want := e.Status
	if want == "" {
		want = string(job.Completed)

		if e.Code != "" || e.Message != "" {
			want = string(job.CompletedWithError)
		}
	}

	if string(have.Status) != want {
		differ("status: want %s, have %s", want, have.Status)
	}

	// An unexpected failure is reported with its message.
	if e.Code != "" && e.Code != have.Code {
		differ("code: want %s, have %s", e.Code, have.Code)
	}

	if !strings.Contains(have.Message, e.Message) || (string(have.Status) != want && have.Message != "") {
		differ("message: want %q, have %q [%s]", e.Message, have.Message, have.Code)
	}

	if e.Value.given {
		if have.Value == nil {
			differ("value: want %s, have none", format(e.Value.any))
		} else if found := mismatch("value", e.Value.any, have.Value.Any, true); found != "" {
			differ("%s", found)
		}
	}

	for _, lists := range []struct {
		name       string
		want, have []string
	}{{"results", e.Results, have.Results}, {"steps", e.Steps, have.Trace}, {"begun", e.Begun, have.Begun}} {
		if lists.want != nil && !slices.Equal(lists.want, lists.have) {
			differ("%s:\n%s", lists.name, sideBySide(lists.want, lists.have))
		}
	}

	if found := mismatch("variables", map[string]any(e.Variables), have.Variables, false); found != "" {
		differ("%s", found)
	}

	if e.Duration != nil && time.Duration(*e.Duration) != duration {
		differ("duration: want %s, have %s", time.Duration(*e.Duration), duration)
	}

	compareCounts("calls", e.Calls, have.Calls, differ)
	compareCounts("attempts", e.Attempts, have.Attempts, differ)
	e.compareStates(have.Steps, differ)

	return differences
}

func compareCounts(name string, want, have map[string]int, differ func(string, ...any)) {
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if want[path] != have[path] {
			differ("%s of step %s: want %d, have %d", name, path, want[path], have[path])
		}
	}
}

func (e expectation) compareStates(have []job.StepStatus, differ func(string, ...any)) {
	for _, path := range slices.Sorted(maps.Keys(e.States)) {
		want := e.States[path]

		at := slices.IndexFunc(have, func(s job.StepStatus) bool { return s.Path == path })
		if at < 0 {
			differ("states: unknown step %s", path)

			continue
		}

		if want.State != "" && want.State != string(have[at].State) {
			differ("state of step %s: want %s, have %s", path, want.State, have[at].State)
		}

		if !strings.Contains(have[at].LastError, want.LastError) {
			differ("lastError of step %s: want %q, have %q", path, want.LastError, have[at].LastError)
		}

		for _, number := range []struct {
			name string
			want *int64
			have int64
		}{
			{"runs", want.Runs, have[at].Runs},
			{"failures", want.Failures, have[at].Failures},
			{"rows", want.Rows, have[at].Rows},
			{"rejected", want.Rejected, have[at].Rejected},
		} {
			if number.want != nil && *number.want != number.have {
				differ("%s of step %s: want %d, have %d", number.name, path, *number.want, number.have)
			}
		}
	}
}

// sideBySide returns two lists as columns and marks the lines that differ.
func sideBySide(want, have []string) string {
	var text strings.Builder

	width := len("want")
	for _, line := range want {
		width = max(width, len(line))
	}

	fmt.Fprintf(&text, "    %-*s  %s", width, "want", "have")

	for i := range max(len(want), len(have)) {
		w, h := lineAt(want, i), lineAt(have, i)

		mark := " "
		if w != h {
			mark = "≠"
		}

		fmt.Fprintf(&text, "\n  %s %-*s  %s", mark, width, w, h)
	}

	return text.String()
}

func lineAt(lines []string, at int) string {
	if at < len(lines) {
		return lines[at]
	}

	return ""
}

// mismatch describes the first difference between two values, or returns "". Unless exact is true, objects may have more
// fields than expected.
func mismatch(path string, want, have any, exact bool) string {
	if params, isParams := have.(jsonvalue.Object); isParams {
		have = map[string]any(params)
	}

	// A number without the tag !decimal is any number of the same value.
	if _, isDecimal := have.(jsonvalue.Decimal); isDecimal && isNumber(want) && expression.Equal(want, have) {
		return ""
	}

	switch w := want.(type) {
	case map[string]any:
		h, isObject := have.(map[string]any)
		if !isObject || (exact && len(h) != len(w)) {
			break
		}

		for _, name := range slices.Sorted(maps.Keys(w)) {
			at, present := h[name]
			if !present {
				return fmt.Sprintf("%s: want %s, have none", problem.JoinPath(path, name), format(w[name]))
			}

			if found := mismatch(problem.JoinPath(path, name), w[name], at, exact); found != "" {
				return found
			}
		}

		return ""
	case []any:
		h, isList := have.([]any)
		if !isList || len(h) != len(w) {
			break
		}

		for i := range w {
			if found := mismatch(fmt.Sprintf("%s[%d]", path, i), w[i], h[i], exact); found != "" {
				return found
			}
		}

		return ""
	case float64:
		if h, isFloat := have.(float64); isFloat && math.Float64bits(h) == math.Float64bits(w) {
			return ""
		}
	default:
		if reflect.DeepEqual(want, have) {
			return ""
		}
	}

	return fmt.Sprintf("%s: want %s, have %s", path, format(want), format(have))
}

func isNumber(value any) bool {
	switch value.(type) {
	case int64, float64:
		return true
	}

	return false
}

// format returns a value as JSON for a message.
func format(value any) string {
	text, err := jsonvalue.Plain{Any: value}.MarshalJSON()
	if err != nil {
		return fmt.Sprint(value)
	}

	return string(text)
}
