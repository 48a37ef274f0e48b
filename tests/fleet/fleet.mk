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

# | make check-fleet    ttlog-ship with three servers, of which one is killed; with servers that permit little
.PHONY: check-fleet
check-fleet: all
	@TTLOG_BUILD=$(BUILD) tests/e2e/run -d tests/fleet </dev/null
