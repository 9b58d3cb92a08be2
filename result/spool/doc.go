// Package spool stores the records of a loop until its iterations have processed them. It converts records to values of
// scenarios, writes them to the result store, one JSON object per line, and reads them in pages that a job can hold.
package spool
