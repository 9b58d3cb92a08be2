package main

// openLineageVariables is the line about OpenLineage in the environment of API servers and workers.
const openLineageVariables = "  JOBWRIGHT_OPENLINEAGE_…  URL, KEY and NAMESPACE: the server to which jobs are reported\n"
