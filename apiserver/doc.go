// Package apiserver is Jobwright's HTTP face. It checks who calls and what is asked, starts a Temporal workflow for each
// job, and answers with what the workflow tells. It never touches a source of data.
package apiserver
