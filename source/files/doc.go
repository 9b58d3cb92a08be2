// Package files implements sources whose tables are files: a file is a table, and so are all files that match a pattern. It is
// shared by the drivers of folders and buckets, which implement a [Store] each.
package files
