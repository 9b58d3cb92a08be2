//go:build unix

package file

import (
	"fmt"
	"io/fs"
	"syscall"
)

// inode is the number by which a file system tells a file from one that took its place.
func inode(info fs.FileInfo) string {
	if stat, isStat := info.Sys().(*syscall.Stat_t); isStat {
		return fmt.Sprint(stat.Ino)
	}

	return ""
}
