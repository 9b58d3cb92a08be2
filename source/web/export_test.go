package web

import "time"

// SetPause makes the source wait less for what follows in an answer than anybody could configure.
func (s *Source) SetPause(pause time.Duration) { s.pause = pause }
