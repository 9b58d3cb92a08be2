package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
)

//go:embed static
var staticFiles embed.FS

// static returns the address of a file in the folder static. It changes with the file, so that browsers store the file for good.
func static(name string) (string, error) {
	text, err := fs.ReadFile(staticFiles, "static/"+name)
	if err != nil {
		return "", err
	}

	sum := sha256.Sum256(text)

	return "/static/" + name + "?v=" + hex.EncodeToString(sum[:6]), nil
}

// serveStatic responds with a file in the folder static.
func serveStatic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")

	text, err := fs.ReadFile(staticFiles, "static/"+name)
	if err != nil {
		http.NotFound(w, r)

		return
	}

	if r.URL.Query().Has("v") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}

	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(text) //nolint:gosec // It is a file of the program. If it fails, the browser has gone.
}
