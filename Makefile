# Short names for the scripts in package.json, which hold the logic.
PNPM = npx -y pnpm@12.21.0
FLORIN = $(PNPM) run --silent florin

.PHONY: run build test migrate-up migrate-down

# The server when something is configured, otherwise the sandbox, which needs nothing. The command itself decides.
run: build
	exec $(FLORIN) run

build:
	$(PNPM) run build

test:
	$(PNPM) test

migrate-up: build
	$(FLORIN) migrate up

migrate-down: build
	$(FLORIN) migrate down
