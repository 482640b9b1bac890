# syntax=docker/dockerfile:1

# Both stages are Debian 12, so that the binary finds the C library it was linked with.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked --package ferry \
    && install -D --mode=0755 target/dist/ferry /out/ferry \
    && install -d --mode=0750 /out/state \
    && install -d --mode=0755 /out/migrations

# No shell and no package tools; certificates and the C library are there.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/ferry /usr/local/bin/ferry
# Files of migrations are mounted here, or copied by an image built upon this one.
COPY --from=build /out/migrations /etc/ferry/migrations
# A volume takes over the owner of the directory it covers: all that Ferry writes is in here.
COPY --from=build --chown=65532:65532 /out/state /var/lib/ferry
VOLUME ["/var/lib/ferry"]

USER 65532:65532
WORKDIR /var/lib/ferry
EXPOSE 9180
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/ferry", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/ferry"]
CMD ["run", "--cloud", "aws", "--config", "/etc/ferry/migrations", "--store", "/var/lib/ferry/ferry.sqlite", "--listen", "0.0.0.0:9180"]
