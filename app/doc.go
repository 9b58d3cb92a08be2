// Package app reads apps from disk. An app is a folder whose name is the app's ID:
//
//	app.yaml         its description, sources, variables and access
//	scenarios/*.yaml its scenarios, one a file
//
// Files are read on each request, so that an edited scenario applies to the next job. A running job uses the program with
// which it was started.
package app
