# One image for all of the service. The command says what a container of it is:
#   node apps/standalone/dist/main.js   API, worker and embedded database in one process (the default)
#   node apps/api/dist/main.js          API on MongoDB and Redis
#   node apps/worker/dist/main.js       worker on MongoDB and Redis
#   node apps/migrate/dist/main.js      makes MongoDB's indexes, then ends
#   node apps/token-cli/dist/main.js    makes, lists, rotates and revokes tokens
#   node apps/check-platforms/dist/main.js   asks each configured platform for one count
# docs/operations.md has the details, and how to build it where there is no image registry.

# An LTS line of Node.js, until April 2028. For builds that repeat exactly, name a digest: --build-arg NODE_IMAGE=node@sha256:…
ARG NODE_IMAGE=node:24-trixie-slim
# What the service runs on: it takes any image that has node on its PATH.
ARG RUNTIME_IMAGE=${NODE_IMAGE}

# The manifests alone, so that the packages are fetched again only when one of these changes.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages ./packages
COPY apps ./apps
RUN find packages apps -type f ! -name package.json -delete

# What runs later: the dependencies of the apps, without those of tests and tools, and without types and source maps.
# npm takes TypeScript along because a package says that it could make use of it.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY --from=manifests /app ./
RUN npm ci --ignore-scripts --omit=dev $(printf -- '--workspace %s ' apps/*) \
  && rm -rf packages/testkit packages/client node_modules/@insights/testkit node_modules/@insights/client node_modules/typescript node_modules/.bin \
    node_modules/.package-lock.json package-lock.json .npmrc \
  && find . -type f \( -name '*.ts' -o -name '*.[cm]ts' -o -name '*.map' -o -name '*.tsbuildinfo' \) -delete \
  && chmod -R a+rX .

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY --from=manifests /app ./
RUN npm ci --ignore-scripts
COPY tsconfig.base.json ./
COPY packages ./packages
COPY apps ./apps
RUN node_modules/.bin/tsc -b apps/* \
  && rm -rf packages/testkit packages/client packages/*/src apps/*/src packages/*/node_modules apps/*/node_modules \
  && find packages apps -type f ! -path '*/dist/*' -delete \
  && find packages apps -type f \( -name '*.ts' -o -name '*.map' -o -name '*.tsbuildinfo' \) -delete

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="Insights" \
  org.opencontainers.image.description="Gathers follower and play counts of performing artists and turns them into one explainable score" \
  org.opencontainers.image.licenses="MIT"
# The package managers of the base image are left behind. Without a shell, so that the base image needs none.
RUN ["node", "-e", "const tools = ['lib/node_modules', ...['npm', 'npx', 'corepack', 'yarn', 'yarnpkg'].map(name => 'bin/' + name)].map(path => '/usr/local/' + path); const yarns = fs.existsSync('/opt') ? fs.readdirSync('/opt').filter(name => name.startsWith('yarn')).map(name => '/opt/' + name) : []; for (const path of [...tools, ...yarns]) fs.rmSync(path, { recursive: true, force: true })"]
WORKDIR /app
COPY LICENSE ./
COPY --from=dependencies /app ./
COPY --from=build /app/packages ./packages
COPY --from=build /app/apps ./apps
# A new volume that is mounted there takes over the owner.
RUN ["node", "-e", "fs.mkdirSync('/data'); fs.chownSync('/data', 1000, 1000)"]
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
# The number, because a platform that demands a user other than root can not look names up. It is `node` in the base image.
USER 1000:1000
EXPOSE 3000 3001
STOPSIGNAL SIGTERM
# Whether the process lives, not whether its services are there: restarting it would not bring those back. Only one of
# the two ports is open in a container, an API's or a worker's.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "const ports = [process.env.PORT || 3000, process.env.WORKER_PORT || 3001]; Promise.any(ports.map(async port => { const { ok } = await fetch('http://127.0.0.1:' + port + '/livez'); if (!ok) throw new Error('not alive') })).then(() => process.exit(0), () => process.exit(1))"]
ENTRYPOINT []
CMD ["node", "apps/standalone/dist/main.js"]
