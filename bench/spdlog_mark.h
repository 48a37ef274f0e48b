/* SPDX-License-Identifier: MIT */
/*
 * spdlog as a recorder of mark.h. From the environment: SPDLOG_FILE, and SPDLOG_MODE:
 *	basic	formats and writes in the thread that logs
 *	async	a queue of 8,192 (its default) and a thread that writes; a full queue blocks
 *	overrun	the same, but a full queue loses the oldest event
 */
#ifndef SPDLOG_MARK_H
#define SPDLOG_MARK_H

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

static std::shared_ptr<spdlog::logger> spdlog_mark;

static inline void mark__begin(void)
{
	const char *file = getenv("SPDLOG_FILE");
	const char *mode = getenv("SPDLOG_MODE");

	if (!file || !mode) {
		fputs("SPDLOG_FILE and SPDLOG_MODE are not set\n", stderr);
		exit(2);
	}
	if (strcmp(mode, "basic") == 0)
		spdlog_mark = spdlog::basic_logger_mt("bench", file, true);
	else if (strcmp(mode, "async") == 0)
		spdlog_mark = spdlog::basic_logger_mt<spdlog::async_factory>("bench", file, true);
	else
		spdlog_mark = spdlog::basic_logger_mt<spdlog::async_factory_nonblock>("bench", file,
										      true);
}

static inline uint64_t mark__end(void)
{
	auto pool = spdlog::thread_pool();
	uint64_t lost;

	spdlog_mark->flush();
	lost = pool ? pool->overrun_counter() : 0;
	spdlog_mark.reset();
	pool.reset();
	spdlog::shutdown();
	return lost;
}

#endif /* SPDLOG_MARK_H */
