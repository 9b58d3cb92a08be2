// Package app knows the apps on disk. An app is a folder whose name is the app's id:
//
//	app.yaml         its description, sources, variables and access
//	scenarios/*.yaml its scenarios, one a file
//
// Files are read when they are asked for, so that an edited scenario counts from the next job on; a running job keeps
// the program that it was started with.
package app
