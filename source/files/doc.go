// Package files makes a source of a [Store] of files: each file is a table, or several of them are one. What is the same for a
// folder and a bucket stands here, and what tells them apart stands in the packages of their drivers.
package files
