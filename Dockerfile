# The image of Jobwright's production binary. Two ways lead to it:
#
#   docker build .                   compiles the binary here; docker-compose.yml does that
#   docker build --target release .  takes binaries that are compiled already; .goreleaser.yaml does that
#
# The version of Go is that of go.mod's `go` line; a test in deploy/ keeps the two equal.
# The builder runs on the machine's own platform and cross-compiles: no emulation.
FROM --platform=$BUILDPLATFORM golang:1.26.8-alpine AS build

WORKDIR /src
COPY . .

# What `jobwright version` prints.
ARG VERSION REVISION DATE

# Only the production binary: the development one embeds a whole Temporal server.
# Without cgo the binary is static, so that it doesn't depend on the libc below.
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -o /out/jobwright -ldflags="-s -w \
      -X github.com/jobwright/jobwright/internal/version.version=$VERSION \
      -X github.com/jobwright/jobwright/internal/version.commit=$REVISION \
      -X github.com/jobwright/jobwright/internal/version.date=$DATE" ./cmd/jobwright \
 && go run ./internal/notices ./cmd/jobwright >/out/THIRD_PARTY_NOTICES

FROM alpine:3.24.1 AS base

ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Jobwright" \
      org.opencontainers.image.description="A durable job engine: a REST job API on top of Temporal" \
      org.opencontainers.image.source="https://github.com/jobwright/jobwright" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

# The directories belong to the user here because a new named volume takes over
# the owner of the directory that it is mounted on.
RUN apk add --no-cache ca-certificates tzdata \
 && addgroup -S -g 10001 jobwright \
 && adduser -S -D -H -u 10001 -G jobwright jobwright \
 && install -d -o jobwright -g jobwright /etc/jobwright/apps /var/lib/jobwright/data /var/lib/jobwright/results

COPY LICENSE /usr/share/doc/jobwright/

# By number, so that a platform can check that this is not root.
USER 10001:10001
WORKDIR /var/lib/jobwright
ENTRYPOINT ["jobwright"]

FROM base AS release
ARG TARGETPLATFORM
COPY THIRD_PARTY_NOTICES /usr/share/doc/jobwright/
COPY $TARGETPLATFORM/jobwright /usr/local/bin/jobwright

FROM base
COPY --from=build /out/THIRD_PARTY_NOTICES /usr/share/doc/jobwright/
COPY --from=build /out/jobwright /usr/local/bin/jobwright
