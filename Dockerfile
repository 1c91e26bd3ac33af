# Builds `florin serve` from this repository. Debian, not Alpine: nothing in it needs musl, and PGlite and Node are tried
# on glibc. The image runs as another user than root, and with a root file system that is read-only.
FROM node:24-bookworm-slim AS build
WORKDIR /src
ENV CI=true
# First what rarely changes, so that a change of the code does not download the dependencies again.
COPY pnpm-lock.yaml pnpm-workspace.yaml package.json ./
RUN npx -y pnpm@12.21.0 fetch
COPY . .
RUN npx -y pnpm@12.21.0 install --offline --frozen-lockfile \
 && npx -y pnpm@12.21.0 run build \
 && npx -y pnpm@12.21.0 --filter @florin/http-hono deploy --prod --legacy /app

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=root:root /app /app
USER node
EXPOSE 9097
# Where the server speaks TLS itself, replace this by a check over https.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SERVER_PORT || 9097}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1 and gets the signals itself: it stops in order on SIGTERM.
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["serve"]
