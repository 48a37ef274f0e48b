# SPDX-License-Identifier: MIT
# | make check-systemd  the service under systemd, in an emulated Debian; needs make deps-deb
# |                     deps-kernels
.PHONY: check-systemd
check-systemd: deb $(BUILD)/apps/crash $(BUILD)/kernels/bookworm.vmlinuz
	$(call say,BOOT,systemd)
	$(Q)tests/systemd/check $(BUILD) $(BUILD)/kernels/bookworm.vmlinuz
