package client

// JobsFields has the fields of getJobs, for a test that compares them with those of the API.
var JobsFields = jobsFields{}
