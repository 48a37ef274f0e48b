# SPDX-License-Identifier: MIT
# Debian's packages. They are built from the files that git knows, in a folder of their own.
DEB_DEPS := autopkgtest cmake debhelper debootstrap dpkg-dev lintian
DEB := $(BUILD)/deb

.PHONY: deps-deb
deps-deb:
	@.ci/install-packages $(DEB_DEPS)

# | make deb            the packages, in build/deb; needs make deps-deb
.PHONY: deb
deb:
	$(call say,DEB,$(DEB))
	$(Q)packaging/build-deb $(DEB)/ttlog

# | make check-deb      builds them twice, which gives the same; lintian; installs, upgrades, uses,
# |                     removes and purges them in a chroot
.PHONY: check-deb
check-deb: deb
	$(Q)tests/packages/check $(DEB)
