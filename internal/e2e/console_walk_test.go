package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/console"
)

// attack is a text that would change the title of a page if the page did not escape it.
const attack = `"'><img src=x onerror="document.title='attacked'"><script>document.title='attacked'</script>`

// walkedJobID is the jobId of a failed job of walkedApp.
const walkedJobID = `night <img src=x onerror=document.title='attacked'>`

// secretMark is part of all that a key without rights must not see.
const secretMark = "confidential"

// walkedApp has an attack wherever an author, a caller or a record can write a text. The keys are those of accesses with all rights
// and with none of the rights to see or do something.
func walkedApp(operator, powerless string) map[string]string {
	quoted, _ := json.Marshal(attack + secretMark) //nolint:errchkjson // It is a text.
	text := string(quoted)

	return map[string]string{
		"app.yaml": `
description: ` + text + `
sources:
  files: {kind: FileSource, path: files}
  stage_confidential: {kind: SQLiteSource}
schedules:
  nightly: {scenario: Load, parameters: {file: people.csv}, cron: 0 0 2 * * ?, timeZone: Europe/Berlin}
access:
  - name: operator
    rights: [execute, status, signal, stop, schedule, query, operate, delete]
    keys: [{sha256: ` + apikey.DigestOf(operator).String() + `}]
  - {name: powerless, rights: [query], keys: [{sha256: ` + apikey.DigestOf(powerless).String() + `}]}
`,
		"files/people.csv": "id,name\n1,Ada\n2," + `"` + strings.ReplaceAll(attack, `"`, `""`) + `"` + "\n",
		"scenarios/Load.yaml": `
description: ` + text + `
parameters:
  file: {type: text, description: ` + text + `}
steps:
  - {title: ` + text + `, opName: LoadTableFromSource, opParams: {source: files, table: people.csv, targetSource: stage_confidential, targetTable: people}}
  - {title: Return everyone, opName: Transform, opParams: {source: stage_confidential, query: "SELECT id, name FROM people", returnResult: true, resultName: people}}
  - {opName: LoadTableFromSource, opParams: {source: files, table: "${file}", targetSource: stage_confidential, targetTable: others}}
`,
		"scenarios/Load_test.yaml": `
tests:
  - {name: ` + text + `, parameters: {file: people.csv}, mocks: [{step: "1", rows: 2}, {step: "2", rows: 2, result: people}, {step: "3", rows: 2}]}
`,
		"scenarios/Broken.yaml": "steps: [{opName: " + text + "}]\n",
	}
}

// walked is a system with the console, and a failed and a completed job of walkedApp.
type walked struct {
	address             string
	operator, powerless string // The keys.
}

// startWalked starts the system.
func startWalked(t *testing.T) walked {
	t.Helper()

	w := walked{operator: apikey.New(), powerless: apikey.New()}
	apps := t.TempDir()
	writeApp(t, filepath.Join(apps, "7"), walkedApp(w.operator, w.powerless))

	p := dev(t, t.TempDir(), "--apps", apps)
	served := apiOf(t, p)
	w.address = served.address

	got := served.execute(t, with(runScenario("7", "Load", object{"file": attack + secretMark}),
		object{"jobId": walkedJobID, "labels": object{"order": attack[:60]}}))
	require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)

	got = served.execute(t, with(runScenario("7", "Load", object{"file": "people.csv"}), object{"jobId": "done"}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	return w
}

// addresses returns an address of each pattern of a method. Patterns with a new wildcard need a value here.
func (w walked) addresses(t *testing.T, method string) []string {
	t.Helper()

	values := map[string]string{
		"job": walkedJobID, "format": "csv", "scenario": "Load", "schedule": "nightly", "source": "stage_confidential", "app": "7",
		"name": "Load", "$": "",
	}
	wildcard := regexp.MustCompile(`\{([^}.]+)(?:\.{3})?\}`)

	var addresses []string

	for _, pattern := range console.Patterns() {
		of, path, _ := strings.Cut(pattern, " ")
		if of != method {
			continue
		}

		addresses = append(addresses, wildcard.ReplaceAllStringFunc(path, func(found string) string {
			name := wildcard.FindStringSubmatch(found)[1]
			require.Contains(t, values, name, "the pattern %s has a wildcard without a value in this test", pattern)

			return url.PathEscape(values[name])
		}))
	}

	require.NotEmpty(t, addresses)

	return addresses
}

// pageForm is a form of a page that changes something.
type pageForm struct {
	page, action string
	fields       url.Values
}

// formsOf returns the forms of a page that are sent by POST.
func formsOf(t *testing.T, page, text string) (found []pageForm) {
	t.Helper()

	document, err := html.Parse(strings.NewReader(text))
	require.NoError(t, err)

	byID := map[string]*pageForm{}

	for node := range document.Descendants() {
		if node.Type == html.ElementNode && node.Data == "form" && strings.EqualFold(attribute(node, "method"), "post") {
			read := &pageForm{page: page, action: attribute(node, "action"), fields: fieldsOf(node)}
			byID[attribute(node, "id")] = read

			if attribute(node, "id") == "" {
				found = append(found, *read)
			}
		}

		// Controls can belong to a form elsewhere, and buttons can send it to another address.
		if owner := byID[attribute(node, "form")]; node.Type == html.ElementNode && owner != nil && attribute(node, "form") != "" {
			if name := attribute(node, "name"); name != "" {
				owner.fields.Add(name, attribute(node, "value"))
			}

			if action := attribute(node, "formaction"); action != "" {
				found = append(found, pageForm{page: page, action: action, fields: owner.fields})
			}
		}
	}

	for id, read := range byID {
		if id != "" {
			found = append(found, *read)
		}
	}

	return found
}

// fieldsOf returns the fields within a form.
func fieldsOf(form *html.Node) url.Values {
	fields := url.Values{}

	for field := range form.Descendants() {
		if name := attribute(field, "name"); name != "" {
			fields.Set(name, attribute(field, "value"))
		}
	}

	return fields
}

// attribute returns the value of an attribute of an element; empty if it has none of that name.
func attribute(node *html.Node, name string) string {
	for _, attribute := range node.Attr {
		if attribute.Key == name {
			return attribute.Val
		}
	}

	return ""
}

// state returns what a change through the console would change: the jobs with their status, and whether the schedule is paused.
func (w walked) state(t *testing.T) string {
	t.Helper()

	var state []string

	got := caller{w.address}.call(t, http.MethodGet, "/api/v1/getJobs?apiKey=dev&appId=7", nil, "")
	require.Equal(t, http.StatusOK, got.status, got.text)

	jobs, _ := got.result(t)["jobs"].([]any)
	for _, listed := range jobs {
		job, _ := listed.(map[string]any)
		state = append(state, fmt.Sprint(job["jobId"], job["status"]))
	}

	got = caller{w.address}.call(t, http.MethodGet, "/api/v1/getSchedules?apiKey=dev&appId=7", nil, "")
	require.Equal(t, http.StatusOK, got.status, got.text)

	schedules, _ := got.result(t)["schedules"].([]any)
	for _, listed := range schedules {
		schedule, _ := listed.(map[string]any)
		state = append(state, fmt.Sprint(schedule["name"], schedule["paused"], schedule["last"]))
	}

	return strings.Join(state, "\n")
}

func TestConsoleWalk(t *testing.T) {
	t.Parallel()

	w := startWalked(t)
	operator, powerless := signInTo(t, w.address, w.operator), signInTo(t, w.address, w.powerless)
	pages := w.addresses(t, http.MethodGet)

	// What the pages of a caller with all rights offer, and each address that changes something with all fields of these forms.
	var offered []pageForm

	every := url.Values{"do": {"stop"}, "job": {walkedJobID}, "app": {"7"}}

	for _, page := range pages {
		status, header, text := operator.get(t, page)
		require.Contains(t, []int{http.StatusOK, http.StatusConflict}, status, "%s: %s", page, text)
		require.NotContains(t, header.Get("Content-Security-Policy"), "unsafe", page)
		require.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'", page)
		require.NotContains(t, text, w.operator, "%s shows the key", page)

		for _, found := range formsOf(t, page, text) {
			offered = append(offered, found)

			maps.Copy(every, found.fields)
		}
	}

	for _, address := range w.addresses(t, http.MethodPost) {
		offered = append(offered, pageForm{"the table", address, every})
	}

	before := w.state(t)

	for _, page := range pages {
		status, _, text := powerless.get(t, page)
		require.NotContains(t, text, secretMark, "%s with status %d shows what the key may not see", page, status)
		require.NotContains(t, text, "people.csv", page)

		for _, found := range formsOf(t, page, text) {
			require.Contains(t, []string{"/sign-out", "/sign-in/app"}, found.action, "%s offers what the key may not do", page)
		}
	}

	_, _, text := powerless.get(t, "/")
	token := csrf(t, text)
	stranger := visitor{&http.Client{}, w.address}

	_, _, text = operator.get(t, "/")
	operatorToken := csrf(t, text)

	for _, offer := range offered {
		if offer.action == "/sign-out" || offer.action == "/sign-in/app" {
			continue
		}

		sent := maps.Clone(offer.fields)
		sent.Set("csrf", token)
		status, text := powerless.post(t, offer.action, sent)
		require.Contains(t, []int{http.StatusForbidden, http.StatusBadRequest, http.StatusNotFound}, status,
			"%s of %s: %s", offer.action, offer.page, text)

		// Of a caller with all rights, without the token, with that of another session, and sent by another origin.
		for _, wrong := range []string{"", token} {
			sent.Set("csrf", wrong)
			status, text = operator.post(t, offer.action, sent)
			require.Equal(t, http.StatusForbidden, status, "%s of %s: %s", offer.action, offer.page, text)
		}

		sent.Set("csrf", operatorToken)
		require.Equal(t, http.StatusForbidden, operator.postFrom(t, "http://evil.example", offer.action, sent), offer.action)

		_, text = stranger.post(t, offer.action, sent)
		require.Contains(t, text, "<h1>Sign in</h1>", offer.action)
	}

	for _, page := range pages {
		_, _, text := stranger.get(t, page)
		require.Contains(t, text, "<h1>Sign in</h1>", page)
	}

	require.Equal(t, before, w.state(t), "a refused form has changed something")
}

// signInTo signs in to app 7.
func signInTo(t *testing.T, address, key string) visitor {
	t.Helper()

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)

	v := visitor{&http.Client{Jar: jar}, address}
	status, text := v.post(t, "/sign-in", url.Values{"app": {"7"}, "key": {key}})
	require.NotContains(t, text, "<h1>Sign in</h1>")
	require.Contains(t, []int{http.StatusOK, http.StatusForbidden}, status, text)

	return v
}

// postFrom sends a form of a page of another origin, and returns the status.
func (v visitor) postFrom(t *testing.T, origin, path string, form url.Values) int {
	t.Helper()

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.address+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", origin)

	status, _, _ := v.do(t, request)

	return status
}

// accessibilityRules returns the script of axe-core, whose version is in testdata.
func accessibilityRules(t *testing.T) string {
	t.Helper()
	requireProgram(t, "npm")

	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/accessibility")))

	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = dir
	printed, err := install.CombinedOutput()
	require.NoError(t, err, string(printed))

	script, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)

	return string(script)
}

// Each page in both themes: nothing that keeps people out, nothing that the policy for content forbids, and no attack.
func TestConsolePagesInABrowser(t *testing.T) {
	t.Parallel()

	b := openBrowser(t)
	rules := accessibilityRules(t)
	w := startWalked(t)

	// Pages report what the policy forbids.
	b.call(t, "Page.enable", object{})
	b.call(t, "Page.addScriptToEvaluateOnNewDocument", object{"source": `
		window.violations = []
		document.addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective + " " + e.blockedURI))`})

	b.open(t, w.address+"/sign-in?app=7")
	b.awaitText(t, "h1", "Sign in")
	b.requireAccessible(t, rules, "/sign-in")
	b.requireFitsAPhone(t, "/sign-in")
	b.fill(t, "API key", w.operator)
	b.click(t, "Sign in")
	b.awaitText(t, "h1", "Jobs")

	var size struct {
		Bytes   int     `json:"bytes"`
		Elapsed float64 `json:"elapsed"`
	}

	b.open(t, w.address+"/jobs")
	b.awaitText(t, "h1", "Jobs")
	require.NoError(t, json.Unmarshal([]byte(b.await(t, `document.readyState === "complete" && JSON.stringify({
		bytes: performance.getEntries().reduce((sum, e) => sum + (e.encodedBodySize ?? 0), 0),
		elapsed: performance.getEntriesByType("navigation")[0].responseEnd})`)), &size))
	t.Logf("the first page has %d bytes with everything, and arrived after %.0f ms", size.Bytes, size.Elapsed)
	require.Less(t, size.Bytes, 200_000)
	require.Greater(t, size.Bytes, 5_000, "the test counts the files")

	v := signInTo(t, w.address, w.operator)
	job := "/jobs/" + url.PathEscape(walkedJobID)

	for _, page := range append(w.addresses(t, http.MethodGet), "/nothing", "/jobs/nothing", "/jobs/done", job+"?step=1") {
		_, header, _ := v.get(t, page)
		if !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
			continue
		}

		b.open(t, "about:blank")
		b.await(t, `location.href === "about:blank" && "yes"`)
		b.open(t, w.address+page)
		b.await(t, `location.href !== "about:blank" && document.readyState === "complete" && document.querySelector("h1") && "yes"`)
		b.requireAccessible(t, rules, page)
		b.requireFitsAPhone(t, page)
		require.NotEqual(t, "attacked", b.await(t, `document.title || "none"`), page)
		require.Equal(t, "[]", b.await(t, `JSON.stringify(violations)`), "%s: the policy forbids it", page)
	}

	// A page of another origin can't show a page within its own.
	framing := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(response, `<iframe src="%s/jobs" onload="document.title='loaded'"></iframe>`, w.address)
	}))
	t.Cleanup(framing.Close)

	b.open(t, framing.URL)
	b.await(t, `document.title === "loaded" && "yes"`)

	tree := b.call(t, "Page.getFrameTree", object{})
	text, err := json.Marshal(tree)
	require.NoError(t, err)
	require.Contains(t, string(text), `"childFrames"`)
	require.Contains(t, string(text), "chrome-error://chromewebdata/")
}

// requireAccessible requires that axe-core finds nothing serious on the page, in both themes.
func (b *browser) requireAccessible(t *testing.T, rules, page string) {
	t.Helper()

	for _, theme := range []string{"light", "dark"} {
		b.call(t, "Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": theme}}})
		b.call(t, "Runtime.evaluate", object{"expression": rules + "; window.findings = ''"})
		b.call(t, "Runtime.evaluate", object{"awaitPromise": true, "expression": `
			axe.run(document, {resultTypes: ["violations"]}).then((found) => { window.findings = JSON.stringify(found.violations
				.filter((v) => v.impact === "serious" || v.impact === "critical")
				.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html + " " + n.failureSummary)]), null, 1) })
				.catch((e) => { window.findings = String(e) })`})
		require.Equal(t, "[]", b.await(t, `window.findings`), "%s, %s", page, theme)
	}
}

// requireFitsAPhone requires that a page does not scroll to the side on a phone. Wide tables scroll within the page.
func (b *browser) requireFitsAPhone(t *testing.T, page string) {
	t.Helper()

	const width = 390

	b.call(t, "Emulation.setDeviceMetricsOverride", object{"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": true})
	require.Equal(t, "fits", b.await(t, fmt.Sprintf(`(() => {
		const wide = document.documentElement.scrollWidth
		if (wide <= %d) { return "fits" }
		const parts = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > %[1]d + 1)
		return wide + ": " + parts.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join(" ") })()`, width)), page)
	b.call(t, "Emulation.clearDeviceMetricsOverride", object{})
	b.await(t, fmt.Sprintf(`innerWidth > %d ? "yes" : ""`, width)) // Until then, a click can miss.
}
