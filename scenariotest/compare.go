package scenariotest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jobwright/jobwright/job"
)

// compare says how an outcome differs from what is expected, as far as that is given. A job is expected to complete.
func (e expectForm) compare(have Outcome, took time.Duration) []string {
	var differences []string

	differ := func(format string, arguments ...any) {
		differences = append(differences, fmt.Sprintf(format, arguments...))
	}

	if len(e.Problems) > 0 {
		differ("want problems, there are none")
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

	// What failed is told also where the test expected no failure.
	if e.Code != "" && e.Code != have.Code {
		differ("code: want %s, have %s", e.Code, have.Code)
	}

	if !strings.Contains(have.Message, e.Message) || (string(have.Status) != want && have.Message != "") {
		differ("message: want %q, have %q [%s]", e.Message, have.Message, have.Code)
	}

	if e.Value.given {
		if have.Value == nil {
			differ("value: want %s, there is none", written(e.Value.any))
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

	if e.Duration != nil && time.Duration(*e.Duration) != took {
		differ("duration: want %s, have %s", time.Duration(*e.Duration), took)
	}

	compareCounts("calls", e.Calls, have.Calls, differ)
	compareCounts("attempts", e.Attempts, have.Attempts, differ)
	e.compareStates(have.Steps, differ)

	return differences
}

func compareCounts(what string, want, have map[string]int, differ func(string, ...any)) {
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if want[path] != have[path] {
			differ("%s of step %s: want %d, have %d", what, path, want[path], have[path])
		}
	}
}

func (e expectForm) compareStates(have []job.StepStatus, differ func(string, ...any)) {
	for _, path := range slices.Sorted(maps.Keys(e.States)) {
		want := e.States[path]

		at := slices.IndexFunc(have, func(s job.StepStatus) bool { return s.Path == path })
		if at < 0 {
			differ("states: there is no step %s", path)

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
		} {
			if number.want != nil && *number.want != number.have {
				differ("%s of step %s: want %d, have %d", number.name, path, *number.want, number.have)
			}
		}
	}
}

// sideBySide shows two lists, with a mark where they differ.
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
