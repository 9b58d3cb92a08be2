//go:build !unix

package file

import "io/fs"

// inode returns "": this operating system does not report inodes with the times of a file.
func inode(fs.FileInfo) string { return "" }
