package apiserver

import (
	"errors"
	"net/http"
	"time"
)

// DefaultPatience is how long a caller may take nothing of an answer before it is broken off.
const DefaultPatience = 2 * time.Minute

// patientWriter writes an answer for as long as its caller takes some of it now and then. Who reads on, however slowly, gets
// all of it; who is gone without a word holds neither a reader of the result store nor a connection for ever.
type patientWriter struct {
	http.ResponseWriter

	control  *http.ResponseController
	patience time.Duration
}

func newPatientWriter(w http.ResponseWriter, patience time.Duration) *patientWriter {
	return &patientWriter{ResponseWriter: w, control: http.NewResponseController(w), patience: patience}
}

// Write writes a part of the answer.
func (w *patientWriter) Write(part []byte) (int, error) {
	if err := w.waitUntil(time.Now().Add(w.patience)); err != nil {
		return 0, err
	}

	return w.ResponseWriter.Write(part)
}

// release takes the bound away, for the next answer on the same connection.
func (w *patientWriter) release() error { return w.waitUntil(time.Time{}) }

// waitUntil sets the bound. A writer that has none, as those of tests, waits as it likes.
func (w *patientWriter) waitUntil(deadline time.Time) error {
	if err := w.control.SetWriteDeadline(deadline); !errors.Is(err, http.ErrNotSupported) {
		return err
	}

	return nil
}
