# Pinned by tag, so that a rebuild takes the base's security fixes. For a build that never moves,
# pin the digest too: docker build --build-arg BASE=python:3.13-slim-bookworm@sha256:...
# (`docker buildx imagetools inspect python:3.13-slim-bookworm` prints it.)
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# Dependencies first: this layer changes with the locks only.
COPY requirements-build.lock requirements-postgres.lock ./
RUN python -m venv /build/tools && /build/tools/bin/python -m pip install --require-hashes -r requirements-build.lock
RUN python -m venv /opt/bot && /opt/bot/bin/python -m pip install --require-hashes --only-binary :all: -r requirements-postgres.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
RUN /build/tools/bin/python -m pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /build/dist .
RUN /opt/bot/bin/python -m pip install --no-deps --no-index /build/dist/*.whl && /opt/bot/bin/python -m pip uninstall --yes pip

# Names in Chinese, Japanese or Korean, and emoji, in charts: 10 MB. matplotlib brings the rest.
FROM ${BASE} AS fonts
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-droid-fallback fonts-symbola

FROM ${BASE}
LABEL org.opencontainers.image.title="Budget Bot" \
      org.opencontainers.image.description="Watches an organisation's OpenAI bill and tells Slack" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/bot /opt/bot
COPY --from=fonts /usr/share/fonts/truetype /usr/share/fonts/truetype
COPY config.example.yaml /app/config.example.yaml
COPY rules /app/rules
# The database's folder: the only place, with /tmp, that the bot writes to.
RUN install -d -o 10001 -g 10001 -m 0700 /data
# matplotlib wants a folder for its font cache; with these, `docker run --read-only --tmpfs /tmp` works.
ENV PATH=/opt/bot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    BOT_CONFIG=/config/config.yaml
# A number, so that Kubernetes' runAsNonRoot can tell that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=60s --timeout=10s --start-period=120s --retries=3 CMD ["bot", "health"]
CMD ["bot", "run"]
