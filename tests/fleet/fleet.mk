# SPDX-License-Identifier: MIT
# | make check-objects  NATS's client for JavaScript reads what src/fleet writes, and the other way round;
# |                     needs make deps-fleet (downloads it from npm)
.PHONY: deps-fleet
deps-fleet:
	@tests/fleet/fetch $(BUILD)/fleet

$(BUILD)/tests/fleet/objects: $(BUILD)/tests/fleet/objects.o $(BUILD)/libttlog-test.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(FLEET_LDLIBS)

-include $(BUILD)/tests/fleet/objects.d

.PHONY: check-objects
check-objects: $(BUILD)/tests/fleet/objects
	@tests/fleet/check-objects $(BUILD)

# | make check-fleet FLEET_S=600  ttlog-ship with three servers: also for so many seconds (90) while they, networks,
# |                     disks, collectors and shippers fail at random (FLEET_SEED: as before)
FLEET_S ?= 90
.PHONY: check-fleet
check-fleet: all apps
	@TTLOG_BUILD=$(BUILD) FLEET_S=$(FLEET_S) FLEET_SEED=$(FLEET_SEED) TTLOG_TEST_LIMIT_S=$$(($(FLEET_S) + 900)) \
		tests/e2e/run -d tests/fleet </dev/null
