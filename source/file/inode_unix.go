//go:build unix

package file

import (
	"fmt"
	"io/fs"
	"syscall"
)

// inode returns the number that distinguishes a file from one that has replaced it.
func inode(info fs.FileInfo) string {
	if stat, isStat := info.Sys().(*syscall.Stat_t); isStat {
		return fmt.Sprint(stat.Ino)
	}

	return ""
}
