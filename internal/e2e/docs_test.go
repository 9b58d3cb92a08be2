package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
)

// block is a fenced block of a page: its language and its text.
type block struct{ language, text string }

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)\n```$")

// page reads the blocks of a page, relative to the root of the repository.
func page(t *testing.T, name string) []block {
	t.Helper()

	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	require.NoError(t, err)

	var blocks []block
	for _, found := range fence.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, block{found[1], found[2]})
	}

	return blocks
}

var (
	curlURL  = regexp.MustCompile(`"http://127\.0\.0\.1:8080([^"]*)"`)
	curlBody = regexp.MustCompile(`-d '([^']*)'`)
	moment   = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[0-9:.]+Z"`)
	version  = regexp.MustCompile(`"(version|durationMs)":\d+`)
	cursor   = regexp.MustCompile(`"nextCursor":"[^"]*"`)
	issued   = regexp.MustCompile(`"access_token":"[^"]+"`)
	digest   = regexp.MustCompile(`"sha256:[0-9a-f]{64}"`)
	eventID  = regexp.MustCompile(`(?m)^(id|retry): \d+$`)
)

// withoutVariable replaces the parts of a response that differ between runs.
func withoutVariable(response string) string {
	response = moment.ReplaceAllString(response, `"a moment"`)
	response = cursor.ReplaceAllString(response, `"nextCursor":"a cursor"`)
	response = version.ReplaceAllString(response, `"$1":0`)
	response = digest.ReplaceAllString(response, `"a digest"`)
	response = issued.ReplaceAllString(response, `"access_token":"a token"`)

	return eventID.ReplaceAllString(response, "$1: 0")
}

// state matches calls whose answers differ between machines and times: only their fields are compared.
var state = regexp.MustCompile(`/(getSystem|checkSource|getJobHistory)\b`)

// shapeOf returns a JSON value with the types of its values in place of the values. The entries of a list count once.
func shapeOf(value any) any {
	switch v := value.(type) {
	case object:
		shape := object{}
		for name, field := range v {
			shape[name] = shapeOf(field)
		}

		for _, name := range []string{"commit", "modified", "date"} { // Of a build from a working copy of Git.
			delete(shape, name)
		}

		return shape
	case []any:
		if len(v) == 0 {
			return v
		}

		return []any{shapeOf(v[0])}
	default:
		return reflect.TypeOf(value)
	}
}

// curl sends the request of a curl command.
func (c caller) curl(t *testing.T, command string) apiResponse {
	t.Helper()

	path := curlURL.FindStringSubmatch(command)
	require.NotNil(t, path, "no address of the documented server in %s", command)

	if body := curlBody.FindStringSubmatch(command); body != nil {
		header := asJSON
		if !strings.Contains(command, "Content-Type") {
			header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}} // That of curl.
		}

		return c.call(t, http.MethodPost, path[1], header, body[1])
	}

	return c.call(t, http.MethodGet, path[1], nil, "")
}

// curlText sends the request of a curl command whose answer is not JSON.
func (c caller) curlText(t *testing.T, command string) string {
	t.Helper()

	response, err := http.Get(c.address + curlURL.FindStringSubmatch(command)[1])
	require.NoError(t, err)
	defer response.Body.Close()

	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)

	return string(text)
}

// requireExamples runs the curl commands of a page in order, and compares the answers that the page shows.
func requireExamples(t *testing.T, name string, api caller) (ran int) {
	t.Helper()

	blocks := page(t, name)
	for i, block := range blocks {
		if block.language != "sh" || !strings.HasPrefix(block.text, "curl ") {
			continue
		}

		ran++

		require.Greater(t, len(blocks), i+1, "%s shows no answer to %s", name, block.text)

		if answer := blocks[i+1]; answer.language == "text" {
			require.Equal(t, withoutVariable(answer.text)+"\n\n", withoutVariable(api.curlText(t, block.text)))

			continue
		}

		got := api.curl(t, block.text)

		// An asynchronous job continues, and the next example may depend on its progress.
		result, _ := got.body["result"].(object) // The response of oauth2/token has none.
		if jobID, ok := result["jobId"].(string); ok && len(result) == 1 {
			api.awaitStatus(t, "7", jobID, func(result object) bool { return ended(result) || result["signals"] != nil })
		}

		require.Equal(t, "json", blocks[i+1].language)

		if state.MatchString(block.text) {
			var want any
			require.NoError(t, json.Unmarshal([]byte(blocks[i+1].text), &want))
			require.Equal(t, shapeOf(want), shapeOf(got.body), got.text)

			continue
		}

		require.JSONEq(t, withoutVariable(blocks[i+1].text), withoutVariable(got.text))
	}

	return ran
}

func TestReadmeAndAPIExamples(t *testing.T) {
	t.Parallel()

	blocks := page(t, "README.md")
	require.Equal(t, block{"sh", "go run ./cmd/jobwright-dev --run Main"}, blocks[0])
	require.Equal(t, "text", blocks[1].language)
	require.Contains(t, blocks, block{"sh", "go test -timeout 30m ./..."})

	p := dev(t, t.TempDir(), "--run", "Main")
	api := apiOf(t, p)
	p.await(t, `To run it again`)
	require.Contains(t, p.output(), blocks[1].text)

	require.Equal(t, 1, requireExamples(t, "README.md", api))
	require.Equal(t, 19, requireExamples(t, "docs/api.md", api))
	require.Equal(t, 4, requireExamples(t, "docs/system.md", api))
	require.Equal(t, 6, requireExamples(t, "docs/retry.md", api))
}

func TestScenarioReferenceMatchesOperations(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "scenarios.md"))
	require.NoError(t, err)

	for _, operation := range scenario.DataOperations() {
		_, section, found := strings.Cut(string(text), "### "+operation.Name+"\n\n"+operation.Description+"\n")
		require.True(t, found, operation.Name)

		for _, field := range operation.Fields {
			form := field.Form.String()
			if field.Required {
				form += ", required"
			}

			if field.Literal {
				form += ", no expression"
			}

			require.Contains(t, section, "| `"+field.Name+"` | "+form+" | "+field.Description+" |")
		}
	}

	// The app and the scenario of the page run as they are.
	var examples []string
	for _, block := range page(t, "docs/scenarios.md") {
		if block.language == "yaml" {
			examples = append(examples, block.text)
		}
	}

	require.GreaterOrEqual(t, len(examples), 2)

	companies, err := os.ReadFile(filepath.Join("..", "..", "examples", "apps", "7", "files", "companies.csv"))
	require.NoError(t, err)

	appID := newApp(t, map[string]string{
		"app.yaml": examples[0], "scenarios/Main.yaml": examples[1], "files/companies.csv": string(companies),
	})
	got := api().execute(t, runScenario(appID, "Main", object{}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	requireResults(t, exampleResults, got.result(t)["results"])
}

func TestErrorCodesMatchReference(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "errors.md"))
	require.NoError(t, err)

	var known, documented []string

	for _, code := range apiserver.Codes() {
		known = append(known, string(code))
	}

	for _, code := range problem.Codes() {
		known = append(known, string(code))
	}

	for _, code := range source.Codes() {
		known = append(known, string(code))
	}

	known = append(known, job.Codes()...)

	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, row[1])
	}

	slices.Sort(known)
	slices.Sort(documented)
	require.Equal(t, known, documented)
}
