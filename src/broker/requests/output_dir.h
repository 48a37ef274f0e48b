/* SPDX-License-Identifier: MIT */
/*
 * The directory that files go to. The recorder has no right to write into one of another user, and
 * none to open files by name: the broker does for it what dir_calls.h has.
 *
 * The broker does it in the directory of its policy alone, by names that the recorder gives its
 * files there (out_name.h). It follows no link, opens regular files only, and writes only to new
 * files and segments that were left.
 */
#ifndef TTLOG_OUTPUT_DIR_H
#define TTLOG_OUTPUT_DIR_H

struct broker_result;
struct broker_task;

/* From now on dir_calls.h and out_dir.h ask the broker. After broker__start(), before the directory
 * is opened. */
void output_dir__use_broker(void);

/* The broker's side: as in struct dir_calls. fds[0] is the directory, payloads are names, each with
 * a zero byte after it. */
/* args: the group; the payload is the path: both only if the policy is not strict. The payload of
 * the answer is the path from the root. */
int output_dir__serve_open_dir(const struct broker_task *task, struct broker_result *ret);
int output_dir__serve_find_new(const struct broker_task *task, struct broker_result *ret);
/* args: flags, mode. */
int output_dir__serve_open(const struct broker_task *task, struct broker_result *ret);
int output_dir__serve_look(const struct broker_task *task, struct broker_result *ret);
int output_dir__serve_unlink(const struct broker_task *task, struct broker_result *ret);
int output_dir__serve_link(const struct broker_task *task, struct broker_result *ret);
/* fds[1]: the file. */
int output_dir__serve_link_unnamed(const struct broker_task *task, struct broker_result *ret);
/* args: flags. */
int output_dir__serve_rename(const struct broker_task *task, struct broker_result *ret);
/* fds[0]: the directory, or a file. The payload is the name and the value. */
int output_dir__serve_set_attribute(const struct broker_task *task, struct broker_result *ret);
/* fds[0]: the file; args: the group, if the policy is not strict. */
int output_dir__serve_share(const struct broker_task *task, struct broker_result *ret);

#endif /* TTLOG_OUTPUT_DIR_H */
