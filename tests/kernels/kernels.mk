# SPDX-License-Identifier: MIT
# make check-kernels: Debian's kernels in an emulated machine, nothing installed.
# KERNELS="bookworm" for that one only; KERNELS_ENV='KILLS=500 STRESS=100' for more of them.
# KERNELS=bookworm-rt is known to lose a flush in some 50 kills: the kernel drops a uprobe program there
# while a preempted bpf(2) of the collector is on the same CPU (bpf_prog_active).
# `make deps-kernels` installs what it takes.
KERNEL_DEPS := busybox-static cpio dpkg gzip qemu-system-x86
KERNELS ?= bookworm backports
KERNEL_PACKAGE_bookworm := linux-image-amd64
KERNEL_PACKAGE_bookworm-rt := linux-image-rt-amd64
KERNEL_PACKAGE_backports := linux-image-cloud-amd64 bookworm-backports

KERNEL_APPS := $(addprefix $(BUILD)/apps/,crash trade early early_static children gates tally many hostile)

$(BUILD)/apps/many: tests/kernels/many.sh tests/kernels/kernels.mk $(APP_HEADERS)
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)tests/kernels/many.sh 150 > $@.c
	$(Q)$(CC) $(APP_C_FLAGS) -o $@ $@.c

$(BUILD)/kernels/%.vmlinuz:
	$(call say,FETCH,$@)
	$(Q)tests/kernels/fetch.sh $(@D) $* $(KERNEL_PACKAGE_$*)

.PHONY: deps-kernels
deps-kernels:
	@.ci/install-packages $(KERNEL_DEPS)

.PHONY: check-kernels $(addprefix check-kernel-,$(KERNELS))
check-kernels: $(addprefix check-kernel-,$(KERNELS))

$(addprefix check-kernel-,$(KERNELS)): check-kernel-%: $(BUILD)/kernels/%.vmlinuz $(KERNEL_APPS) \
		$(BUILD)/ttlog-collect $(BUILD)/ttlog-view $(STRESS_PROGRAMS)
	$(call say,BOOT,$*)
	$(Q)tests/kernels/boot.sh $(BUILD) $* $<
