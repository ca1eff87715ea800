# Two stages: npm and its cache stay in the first. The build needs no compiler: sources run as written (type stripping).
FROM node:24-slim AS install
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production \
    TEJIDO_DATA=/data \
    HOST=0.0.0.0 \
    PORT=8080
# initdb refuses an account without an entry in /etc/passwd; tini reaps the embedded Postgres' children as process 1.
RUN apt-get update \
  && apt-get install -y --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* \
  && groupadd --gid 10001 tejido \
  && useradd --uid 10001 --gid tejido --home-dir /app --no-create-home --shell /usr/sbin/nologin tejido \
  && install --directory --owner=tejido --group=tejido --mode=0700 /data
WORKDIR /app
COPY --from=install /app/node_modules ./node_modules
COPY . .
USER tejido
VOLUME /data
EXPOSE 8080 2575
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD node -e "fetch('http://127.0.0.1:' + process.env.PORT + '/readyz').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--", "node", "--max-semi-space-size=8", "--heap-growing-percent=20", "src/cli/main.ts"]
CMD ["start"]
