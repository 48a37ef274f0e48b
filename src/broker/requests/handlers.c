/* SPDX-License-Identifier: MIT */
/*
 * What the broker does for each request.
 */
#include <unistd.h>

#include "broker_server.h"
#include "child_process.h"
#include "given_path.h"
#include "output_dir.h"
#include "probe_links.h"
#include "process_files.h"
#include "process_memory.h"
#include "thread_priority.h"
#include "traced_command.h"
#include "tracer.h"

static int hello(const struct broker_task *task, struct broker_result *ret)
{
	(void)task;
	ret->value = (uint64_t)gettid();
	return 0;
}

const broker_handler broker_handlers[BROKER_OP_CNT] = {
	[BROKER_HELLO] = hello,
	[BROKER_OPEN_PROC] = process_files__serve_open,
	[BROKER_READ_LINK] = process_files__serve_link,
	[BROKER_OPEN_CODE] = process_files__serve_code,
	[BROKER_LIVING_THREAD] = process_files__serve_living,
	[BROKER_SHARE] = process_memory__serve_share,
	[BROKER_READ_MEMORY] = process_memory__serve_memory,
	[BROKER_READ_BATCH] = process_memory__serve_batch,
	[BROKER_READ_BATCHES] = process_memory__serve_batches,
	[BROKER_READ_HEADS] = process_memory__serve_heads,
	[BROKER_LINK_ALL] = probe_links__serve_all,
	[BROKER_LINK_ONE] = probe_links__serve_one,
	[BROKER_OPEN_CPU] = probe_links__serve_cpu,
	[BROKER_START_COMMAND] = traced_command__serve_start,
	[BROKER_SIGNAL_COMMAND] = traced_command__serve_signal,
	[BROKER_SEIZE] = tracer__serve_seize,
	[BROKER_WAIT] = tracer__serve_wait,
	[BROKER_INTERRUPT] = tracer__serve_interrupt,
	[BROKER_WAKE] = tracer__serve_wake,
	[BROKER_OUT_OPEN_DIR] = output_dir__serve_open_dir,
	[BROKER_OUT_FIND_NEW] = output_dir__serve_find_new,
	[BROKER_OUT_OPEN] = output_dir__serve_open,
	[BROKER_OUT_LOOK] = output_dir__serve_look,
	[BROKER_OUT_UNLINK] = output_dir__serve_unlink,
	[BROKER_OUT_LINK] = output_dir__serve_link,
	[BROKER_OUT_LINK_UNNAMED] = output_dir__serve_link_unnamed,
	[BROKER_OUT_RENAME] = output_dir__serve_rename,
	[BROKER_OUT_SET_ATTRIBUTE] = output_dir__serve_set_attribute,
	[BROKER_OUT_SHARE] = output_dir__serve_share,
	[BROKER_SET_PRIORITY] = thread_priority__serve,
	[BROKER_START_CHILD] = child_process__serve_start,
	[BROKER_END_CHILD] = child_process__serve_end,
	[BROKER_WATCH_PATH] = given_path__serve_watch,
	[BROKER_READ_GIVEN_LINK] = given_path__serve_link,
	[BROKER_HAS_PATH] = given_path__serve_exists,
	[BROKER_OPEN_SHIPPED] = given_path__serve_shipped,
};
