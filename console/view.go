package console

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/jobwright/jobwright/console/session"
)

// view is what a page shows.
type view struct {
	template string // The name of a file in templates, without .html.
	section  string // The address of the entry of the navigation to which the page belongs.
	Title    string
	Data     any // What the template shows.

	// Events is the address of server-sent events, after each of which the browser gets the page again; "" for none.
	Events string

	// Script is the address of a further script; "" for none.
	Script string

	// Refresh is the number of seconds after which the browser gets the page again; 0 for never.
	Refresh int
}

// page is the data of the layout and, around the data of a view, that of its template.
type page struct {
	*view

	Session    *session.Session // nil on the page for signing in.
	Navigation []entry
	Done       string // What the form that led to the page has done; "" for nothing.
	CSRF       string
}

//go:embed templates
var templateFiles embed.FS

// templates are the templates of all pages, each with the layout and the shared parts.
var templates = parseTemplates()

func parseTemplates() map[string]*template.Template {
	shared := template.Must(template.New("layout.html").Funcs(functions).
		ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	parsed := map[string]*template.Template{}

	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic(err) //nolint:forbidigo // The pattern, which is a constant, is wrong.
	}

	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		parsed[name] = template.Must(template.Must(shared.Clone()).ParseFS(templateFiles, file))
	}

	return parsed
}

// render responds with a page.
func (r *request) render(w http.ResponseWriter, status int, shown *view) error {
	var text bytes.Buffer

	made := page{view: shown, Done: done[r.query("done")]}
	if r.session != nil {
		made.Session, made.Navigation, made.CSRF = r.session, navigation(r.session, shown.section), r.session.CSRF
	}

	err := templates[shown.template].ExecuteTemplate(&text, "layout.html", made)
	if err != nil {
		return err
	}

	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)

	_, err = text.WriteTo(w)

	return err
}

// done is what a page says that a form leads to, by the parameter done of its address.
var done = map[string]string{
	"stop":      "The job is being stopped.",
	"pause":     "The job pauses before its next step.",
	"resume":    "The job continues.",
	"retry":     "The job runs again; this is the new job.",
	"signal":    "The signal was sent.",
	"redeliver": "The callback is being called again.",

	"bulk-stop":  "The selected jobs are being stopped.",
	"bulk-retry": "The selected jobs run again. The list has the new jobs in a moment.",

	"schedule-pause":    "The schedule is paused.",
	"schedule-resume":   "The schedule fires again.",
	"schedule-run":      "The schedule fires now. Its job appears in a moment.",
	"schedule-backfill": "The schedule fires for the times of the range, one after the other.",
	"run":               "The job has started.",
}
