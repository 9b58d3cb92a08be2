# The version is go.mod's `go` line; a test in deploy/ keeps the two equal.
# The builder runs on the machine's own platform and cross-compiles: no emulation.
FROM --platform=$BUILDPLATFORM golang:1.26.8-alpine AS build

WORKDIR /src
COPY . .

# Only the production binary: the development one embeds a whole Temporal server.
# Without cgo the binary is static, so that it doesn't care about the libc below.
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags="-s -w" -o /out/jobwright ./cmd/jobwright

FROM alpine:3.24.1

ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Jobwright" \
      org.opencontainers.image.description="A durable job engine: a REST job API on top of Temporal" \
      org.opencontainers.image.source="https://github.com/jobwright/jobwright" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

# The directories belong to the user here because a new named volume takes over
# the owner of the directory that it is mounted on.
RUN apk add --no-cache ca-certificates tzdata \
 && addgroup -S -g 10001 jobwright \
 && adduser -S -D -H -u 10001 -G jobwright jobwright \
 && install -d -o jobwright -g jobwright /etc/jobwright/apps /var/lib/jobwright/data /var/lib/jobwright/results

COPY --from=build /out/jobwright /usr/local/bin/jobwright

# By number, so that a platform can check that this is not root.
USER 10001:10001
WORKDIR /var/lib/jobwright
ENTRYPOINT ["jobwright"]
