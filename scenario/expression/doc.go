// Package expression parses, checks and evaluates the expressions of scenarios: ${expression} and $[source]{query} within text.
//
// Evaluation is deterministic and does no I/O, so that workflows can evaluate expressions: the time and the seed of random
// values come from a [Moment], and values that must be looked up are reported as [Missing]. The cost of each expression is
// limited.
//
// The engine is expr-lang, without constructs whose cost has no limit or whose result depends on the order of a map.
package expression
