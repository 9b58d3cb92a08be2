package sqlite

import "sync/atomic"

// trouble is the error of something that nobody waits for, kept for those who ask.
type trouble struct{ last atomic.Pointer[string] }

// set keeps an error, or forgets the one before when there is none.
func (t *trouble) set(err error) {
	if err == nil {
		t.last.Store(nil)

		return
	}

	text := err.Error()
	t.last.Store(&text)
}

// note is what to add to a line about the source.
func (t *trouble) note() string {
	if text := t.last.Load(); text != nil {
		return ", old rows of the ledger can't be removed: " + *text
	}

	return ""
}
