// Package doclint tests the Markdown pages of the repository: links, anchors, pictures and the list of packages.
package doclint
