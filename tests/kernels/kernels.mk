# SPDX-License-Identifier: MIT
# | make check-kernels  tests on Debian's kernels, emulated; needs make deps-kernels, installs
# |                     nothing; KERNELS="bookworm": only that kernel
# KERNELS_ENV='KILLS=500 STRESS=100': more kills.
# KERNELS=bookworm-rt is known to lose a flush in some 50 kills: that kernel skips a uprobe program
# while a preempted bpf(2) of the collector is on the same CPU (bpf_prog_active).
# `make deps-kernels` installs the tools.
KERNEL_DEPS := busybox-static cpio dpkg e2fsprogs g++-aarch64-linux-gnu gcc-aarch64-linux-gnu gzip \
	qemu-system-arm qemu-system-x86 qemu-utils
KERNELS ?= bookworm backports
KERNEL_PACKAGE_bookworm := linux-image-amd64
KERNEL_PACKAGE_bookworm-rt := linux-image-rt-amd64
KERNEL_PACKAGE_backports := linux-image-cloud-amd64 bookworm-backports

KERNEL_APPS := $(addprefix $(BUILD)/apps/,crash crash_nofp trade early early_static children gates tally many hostile beat \
	foreign thrown thrown_static waits reports)

$(BUILD)/apps/many: tests/kernels/many.sh tests/kernels/kernels.mk $(APP_HEADERS)
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)tests/kernels/many.sh 150 > $@.c
	$(Q)$(CC) $(APP_C_FLAGS) -o $@ $@.c

# and the modules
$(BUILD)/kernels/%.vmlinuz $(BUILD)/kernels/%.modules:
	$(call say,FETCH,$(@D)/$*)
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

# | make check-cutoff   streams to the disk of an emulated machine that is cut off: what was reported
# |                     as durable is there; needs make deps-kernels
.PHONY: check-cutoff
check-cutoff: $(BUILD)/kernels/bookworm.modules $(BUILD)/kernels/bookworm.vmlinuz $(BUILD)/apps/flood \
		$(BUILD)/ttlog-collect $(BUILD)/ttlog-ctl $(BUILD)/ttlog-view
	$(call say,BOOT,cutoff)
	$(Q)tests/kernels/cutoff.sh $(BUILD) $(BUILD)/kernels/bookworm.vmlinuz

# ---- the same for arm64: all is cross-built, in its own directory ----

ARM64 := $(BUILD)/arm64
ARM64_ROOT := $(abspath $(ARM64))/sysroot/root
ARM64_PACKAGES := busybox-static libbpf-dev libc6-dev libcapstone-dev libcbor-dev libcurl4-openssl-dev \
	libdw-dev libedit-dev libiberty-dev libinih-dev libjansson-dev liblz4-dev libmicrohttpd-dev libnats-dev \
	libncurses-dev libpcre2-dev libseccomp-dev libsodium-dev libsqlite3-dev libssl-dev libstdc++-12-dev \
	libsystemd-dev systemtap-sdt-dev zlib1g-dev
ARM64_STRESS := $(filter-out %/steps %/stepped %/orphans %/bystander,$(STRESS_PROGRAMS))
ARM64_BUILT := $(patsubst $(BUILD)/%,$(ARM64)/%,$(KERNEL_APPS) $(ARM64_STRESS) \
	$(BUILD)/ttlog-collect $(BUILD)/ttlog-view)

$(ARM64_ROOT): tests/kernels/sysroot.sh tests/kernels/kernels.mk
	$(call say,FETCH,$@)
	$(Q)tests/kernels/sysroot.sh $(ARM64)/sysroot arm64 $(ARM64_PACKAGES)
	@touch $@

$(ARM64)/kernels/bookworm.vmlinuz: $(ARM64_ROOT)
	$(call say,FETCH,$@)
	$(Q)APT_CONFIG=$(abspath $(ARM64))/sysroot/apt/apt.conf \
		tests/kernels/fetch.sh $(@D) bookworm linux-image-arm64

# | make check-kernels-arm64  the same for arm64, cross-built; needs make deps-kernels
.PHONY: check-kernels-arm64
check-kernels-arm64: $(ARM64)/kernels/bookworm.vmlinuz
	+$(Q)$(MAKE) --no-print-directory CROSS=aarch64-linux-gnu- SYSROOT=$(ARM64_ROOT) BUILD=$(ARM64) \
		$(ARM64_BUILT)
	$(call say,BOOT,bookworm for arm64)
	$(Q)tests/kernels/boot.sh $(ARM64) bookworm $< $(ARM64_ROOT)
