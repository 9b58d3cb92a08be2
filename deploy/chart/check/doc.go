// Package check tests the Helm chart in deploy/chart/jobwright: it lints the chart as `helm lint` does, renders it with several
// files of values, and compares the result with the files in testdata. It decodes each object strictly into the Go type of its
// kind, so that a misspelt field is an error, as in a cluster. It is a module of its own: nothing of Jobwright needs Helm.
package check
