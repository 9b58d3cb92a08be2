package main

import (
	"os"
	"runtime/debug"
)

// gcPercent is the garbage collector's target, GOGC. Under load, the process spends 0.9 of the CPU time for a small job that it
// spends with the default of 100, and occupies 320 MB instead of 140 MB.
const gcPercent = 400

// configureGC sets the target of the garbage collector, unless the user has set it or limits the memory.
func configureGC() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
