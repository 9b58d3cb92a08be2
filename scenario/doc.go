// Package scenario is the language in which a job's work is written: scenarios, their steps, the parameters of every
// operation, and the expressions in them. It parses, validates and evaluates, all without I/O and without looking at a
// clock, chance or the order of a map, so that workflows may use it.
package scenario
