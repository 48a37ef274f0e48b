# SPDX-License-Identifier: MIT
# | make check-programs PostgreSQL, Java, Python, Go and C++ without marks; installs these
DEPS_PROGRAMS := g++ golang-go openjdk-17-jre-headless postgresql-15 python3

.PHONY: check-programs
check-programs: all
	@.ci/install-packages $(DEPS_PROGRAMS)
	@TTLOG_BUILD=$(BUILD) CI=true tests/e2e/run -d tests/programs
