// Package openlineage reports the runs of jobs, with the datasets that they read and write, to a server that accepts the events
// of OpenLineage (https://openlineage.io), version 2-0-2. The workflow Notify calls its activity, so that no report delays a job.
package openlineage
