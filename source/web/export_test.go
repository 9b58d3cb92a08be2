package web

import "time"

// SetPause limits pauses in a response to less than can be configured.
func (s *Source) SetPause(pause time.Duration) { s.pause = pause }
