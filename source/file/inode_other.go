//go:build !unix

package file

import "io/fs"

// inode is nothing where files have no such number that is told with their times.
func inode(fs.FileInfo) string { return "" }
