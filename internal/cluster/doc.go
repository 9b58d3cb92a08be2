// Package cluster tests a whole Jobwright on the Temporal of production. The processes are those of docker-compose.yml: the
// test reads the file, and starts the programs of its services with their commands, environments and folders, without
// containers. Only addresses and paths differ. PostgreSQL, the schema tool and the server of Temporal, with a process for
// each of its services, and Temporal UI are the real ones, in the versions of go.mod.
//
// On this cluster run the tests of the job contract, a rolling restart, and a kill of each kind of process. A soak does the
// same for long, and verifies that no process grows:
//
//	go test ./internal/cluster -count=1 -v -timeout 0 -run TestCluster -args -duration 60m
package cluster
