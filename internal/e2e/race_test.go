//go:build race

package e2e_test

// hasRaceDetector reports whether the tests are built with the race detector.
const hasRaceDetector = true
