# One image for every service; which one runs is the command:
#   docker build -t contract-desk:0.1.0 .
#   docker run contract-desk:0.1.0 services.cancellation
#
# Behind a package mirror, hand in your own pip configuration. It is mounted for the length of the
# build and ends up in no layer:
#   docker build -t contract-desk:0.1.0 --secret id=pip,src=$HOME/.config/pip/pip.conf .
#
# BASE is any image with Python 3.11 or later as `python`; name it by its digest to build the same
# image again, and let BuildKit set every file's time:
#   docker buildx build --build-arg BASE=python:3.11-slim@sha256:… \
#     --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) \
#     --output type=docker,name=contract-desk:0.1.0,rewrite-timestamp=true .
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
# The same sources make the same files: bytecode names its source's hash, and all have one time.
ARG SOURCE_DATE_EPOCH=315532800
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} PYTHONHASHSEED=0
# pip stays outside the environment it fills, so that the final image has none beside its base's.
RUN ["python", "-m", "venv", "/opt/pip"]
RUN ["python", "-m", "venv", "--without-pip", "/opt/contract-desk"]
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# Dependencies alone first: this layer lasts until one of their pins changes. Of the extras
# tracing alone: what the embedded mode runs beside the product is not part of this image. No source is built but our own.
COPY deploy/image deploy/image
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/pip/bin/pip install --require-hashes --only-binary :all: -r deploy/image/build.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/pip/bin/pip --python /opt/contract-desk/bin/python \
    install --require-hashes --only-binary :all: -r deploy/image/requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY shared shared
COPY services services
COPY desk desk
RUN ["/opt/pip/bin/pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", "/wheel", "."]
RUN /opt/pip/bin/pip --python /opt/contract-desk/bin/python install --no-deps --no-index /wheel/*.whl \
 && find /opt/contract-desk -exec touch --no-dereference --date "@${SOURCE_DATE_EPOCH}" {} +

FROM ${BASE}
LABEL org.opencontainers.image.title="contract-desk" \
      org.opencontainers.image.description="The one-stop window for contract requests: event-driven services on Kafka and MongoDB." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 desk \
 && useradd --uid 10001 --gid desk --no-create-home --home-dir /tmp --shell /usr/sbin/nologin desk
COPY --from=build /opt/contract-desk /opt/contract-desk
ENV PATH=/opt/contract-desk/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m"]
CMD ["services.inquiry_intake"]
