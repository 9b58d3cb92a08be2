package console

import (
	"regexp"
	"strings"

	"github.com/jobwright/jobwright/docs"
)

// The meanings and remedies of the errors of calls and of jobs, by their codes, as the documentation has them.
var callRemedies, jobRemedies = readRemedies(docs.Errors)

// readRemedies reads the tables of the page of errors: the first cell of a row is a code, the last one its remedy.
func readRemedies(page string) (ofCalls, ofJobs map[string]string) {
	ofCalls, ofJobs = map[string]string{}, map[string]string{}
	section := map[string]string{}

	for line := range strings.Lines(page) {
		switch {
		case strings.HasPrefix(line, "## Errors of a call"):
			section = ofCalls
		case strings.HasPrefix(line, "## Errors of a job"):
			section = ofJobs
		case strings.HasPrefix(line, "## "):
			section = map[string]string{}
		case strings.HasPrefix(line, "| `"):
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
			section[strings.Trim(cells[0], " `")] = plainText(strings.TrimSpace(cells[len(cells)-1]))
		}
	}

	return ofCalls, ofJobs
}

var markdownLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// plainText removes the marks of Markdown.
func plainText(markdown string) string {
	return strings.NewReplacer("`", "", "*", "").Replace(markdownLink.ReplaceAllString(markdown, "$1"))
}
