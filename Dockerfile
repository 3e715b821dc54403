# The Guanxi server. Build: docker build -t guanxi .
# Behind a proxy or mirror, pip's settings and certificates enter as build secrets and never become part of a layer:
#   docker build --secret id=pip,src=/etc/pip.conf --secret id=certs,src=/etc/ssl/certs/ca-certificates.crt .
# Run: docker run -e GUANXI_API_KEY=... -v guanxi:/data -p 127.0.0.1:8000:8000 guanxi
# Without an API key the server listens on loopback only, which in a container nobody reaches: a key is needed.

FROM python:3.11-slim-bookworm AS build
ENV UV_LINK_MODE=copy UV_NO_CACHE=1 PIP_NO_CACHE_DIR=1
WORKDIR /opt/guanxi
COPY tools/bootstrap.sh tools/
COPY pyproject.toml uv.lock ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=certs,target=/run/secrets/certs.pem \
    if [ -f /run/secrets/certs.pem ]; then export PIP_CERT=/run/secrets/certs.pem; fi; \
    tools/bootstrap.sh dependencies
COPY README.md LICENSE ./
COPY graph_schema graph_schema
COPY src src
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=certs,target=/run/secrets/certs.pem \
    if [ -f /run/secrets/certs.pem ]; then export PIP_CERT=/run/secrets/certs.pem; fi; \
    tools/bootstrap.sh project

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Guanxi" \
      org.opencontainers.image.description="Social-graph trust recommendation engine" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 guanxi \
 && useradd --uid 10001 --gid guanxi --no-create-home --home-dir /data --shell /usr/sbin/nologin guanxi \
 && install -d -o guanxi -g guanxi -m 700 /data
COPY --from=build /opt/guanxi/.venv /opt/guanxi/.venv
# Nothing but /data is written, so that the root file system may be read-only. Compiled kernels are kept there as well:
# they depend on the processor, so they cannot come with the image, and compiling them anew makes a slow start.
# Threads of a kernel that have nothing to do sleep: spinning ones would take the processors from the requests.
ENV PATH=/opt/guanxi/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/data/numba \
    OMP_WAIT_POLICY=passive \
    GUANXI_STORE=/data/store \
    GUANXI_HOST=0.0.0.0 \
    GUANXI_PORT=8000
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# The first start compiles the kernels.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"GUANXI_PORT\"]}/livez', timeout=2)"]
ENTRYPOINT ["guanxi"]
CMD ["serve"]
