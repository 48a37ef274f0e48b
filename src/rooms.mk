# SPDX-License-Identifier: MIT
# The rooms of src/ and viewer/, in the order in which an event goes through them. A room's files see
# the headers of the rooms before it, and of no other: what includes upward does not compile.
COMMON_ROOMS := src/format $(addprefix src/common/,base text files elf dwarf seal value query control metrics)
RECORD_ROOMS := src/broker src/broker/requests src/ring \
	$(addprefix src/attach,/elf /proc $(addprefix /foreign,/probe /usdt /function /argument) /foreign /kernel) \
	src/sched src/attach \
	$(addprefix src/attach/,find launch) src/drain/state src/drain src/death \
	src/snapshot/columns src/snapshot/encode src/snapshot/keep src/snapshot src/stream src/status \
	src/trigger/watch src/trigger src/metrics $(addprefix src/recorder,/processes /rounds) \
	src/recorder src/command \
	$(addprefix src/collect/,options check) src/collect
READ_ROOMS := $(addprefix src/read/,file item filter reader merge)
# What a fleet of machines shares.
FLEET_ROOMS := $(addprefix src/,fleet fleet/stream fleet/object fleet/index fleet/ask)
# The last ones have main.
CTL_ROOMS := src/ctl
SHIP_ROOMS := src/ship/spool src/ship/http src/ship/s3 src/ship/otlp src/ship/webhook src/ship/control src/ship/place src/ship
CLIENT_ROOMS := src/client/cache src/client
VIEW_ROOMS := $(addprefix viewer/,output options fleet repack naming input text spans info/gdb info stats/aggregate stats \
	sql/value sql/plan sql/tables sql live) $(addprefix viewer/tui/,terminal rows model draw) \
	viewer/tui $(addprefix viewer/,export/sentry export diff) viewer

# $(call see,rooms,what they see besides)
define see
seen := $(2)
$$(foreach room,$(1),$$(eval seen += -iquote $$(room))$$(eval SEES_$$(room) := $$(seen)))
endef
$(eval $(call see,$(COMMON_ROOMS)))
SEES_COMMON := $(seen)
$(eval $(call see,$(READ_ROOMS),$(SEES_COMMON)))
$(eval $(call see,$(VIEW_ROOMS),$(SEES_COMMON)))
$(eval $(call see,$(CTL_ROOMS),$(SEES_COMMON)))
$(eval $(call see,$(FLEET_ROOMS) $(SHIP_ROOMS),$(SEES_COMMON)))
$(eval $(call see,$(FLEET_ROOMS) $(CLIENT_ROOMS),$(SEES_COMMON)))
$(eval $(call see,$(RECORD_ROOMS),$(SEES_COMMON) -iquote bpf))
# Tests look into all.
SEES_ALL := $(seen) $(patsubst %,-iquote %,$(READ_ROOMS) $(VIEW_ROOMS) $(CTL_ROOMS) $(FLEET_ROOMS) $(SHIP_ROOMS) $(CLIENT_ROOMS))

# What a source sees, by the room that it is in.
sees = $(SEES_$(patsubst %/,%,$(dir $(1))))

objects = $(foreach room,$(1),$(patsubst %.c,$(BUILD)/%.o,$(wildcard $(room)/*.c)))
COMMON_OBJS := $(call objects,$(COMMON_ROOMS))
RECORD_OBJS := $(call objects,$(RECORD_ROOMS))
READ_OBJS := $(call objects,$(READ_ROOMS))
VIEW_OBJS := $(call objects,$(VIEW_ROOMS))
CTL_OBJS := $(call objects,$(CTL_ROOMS))
FLEET_OBJS := $(call objects,$(FLEET_ROOMS))
SHIP_OBJS := $(call objects,$(SHIP_ROOMS))
CLIENT_OBJS := $(call objects,$(CLIENT_ROOMS))
# What libttlogread takes: the shapes of values and the language of filters.
READ_SHARED := $(call objects,src/common/value src/common/query) \
	$(patsubst %,$(BUILD)/src/common/%.o,base/array base/hash_table text/utf8)
# And ttlog-view, whose library hides these: numbers as text, moments of a command line, patterns in
# SQL, files that a snapshot names, files that appear whole, the client's side of the control socket.
VIEW_SHARED := $(patsubst %,$(BUILD)/src/common/%.o,base/array base/clock base/fd_message base/hash_table text/utf8 \
	$(addprefix value/,duration_unit event_key format_number number parse rfc3339 time_expr) \
	$(addprefix files/,dir_calls new_file plain_file runtime_dir) $(addprefix elf/,build_id elf_file) \
	$(addprefix dwarf/,debuginfod dwarf_file dwarf_names parser_rights) base/sandbox \
	$(addprefix seal/,secret_keys key_file seal_in seal_key) \
	control/control_dial control/control_wire control/fleet_program control/login_files query/expr_error query/pattern)

# And ttlog-ctl.
CTL_SHARED := $(patsubst %,$(BUILD)/src/common/%.o,base/array base/clock text/escape text/utf8 value/format_number value/number value/parse \
	value/duration_unit files/runtime_dir $(addprefix control/,control_ask control_dial control_reply control_wire fleet_program login_files))

# And ttlog-ship.
SHIP_SHARED := $(patsubst %,$(BUILD)/src/common/%.o,$(addprefix base/,array clock fd_message sandbox) $(addprefix files/,allowed_paths out_name runtime_dir) query/glob text/escape text/utf8 \
	$(addprefix control/,control_ask control_dial control_reply login_files) $(addprefix value/,duration_unit format_number number parse rfc3339 time_expr) \
	$(addprefix metrics/,exposition listen_address metrics_server))

# And ttlog-fleet.
CLIENT_SHARED := $(patsubst %,$(BUILD)/src/common/%.o,$(addprefix base/,array clock hash_table sandbox) $(addprefix files/,allowed_paths out_name) control/login_files query/glob \
	$(addprefix text/,escape text_pool utf8) $(addprefix value/,duration_unit format_number number parse rfc3339 time_expr))

# Loops over columns: of these gcc 12 makes vectors from -O3 on.
LOOP_OBJS := $(patsubst %,$(BUILD)/%.o,src/read/item/chunk src/read/filter/filter_rows src/read/item/unpack \
	$(addprefix viewer/stats/aggregate/,aggregate sketch))
# Only these see the BPF skeletons.
SKEL_OBJS := $(patsubst %,$(BUILD)/src/attach/%.o,kernel/kernel kernel/kernel_maps kernel/kernel_sched kernel/warm find/exec_events)
