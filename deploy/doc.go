// Package deploy tests the files for deployment: docker-compose.yml, Dockerfile, .goreleaser.yaml, the version of the Helm
// chart, and the configuration of Temporal in this folder. It has no other code.
package deploy
