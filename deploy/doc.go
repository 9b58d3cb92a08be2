// Package deploy holds what a production installation needs besides the binary.
// It has no code of its own: its tests check the container files.
package deploy
