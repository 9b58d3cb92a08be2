// Package lineage computes which tables, files and URLs a scenario reads and writes, from its definition. It runs nothing and
// connects to no source. What the definition does not say, because it is computed when a step runs or because a statement can't
// be parsed, is reported with the reason, and never guessed.
package lineage
