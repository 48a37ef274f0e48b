/* SPDX-License-Identifier: MIT */
/*
 * The broker's side of src/attach/proc/pull.c: reads the memory of other processes, never writes.
 *
 * The recorder gets batches, and what their module tells of them: what begins with their magic
 * number, or is as long as a module and has its version. Only a policy can allow more.
 */
#ifndef TTLOG_PROCESS_MEMORY_H
#define TTLOG_PROCESS_MEMORY_H

struct broker_result;
struct broker_task;

/* The answers are in the shared memory: fds[0]. */
int process_memory__serve_share(const struct broker_task *task, struct broker_result *ret);
/* args: the address, the number of bytes. */
int process_memory__serve_memory(const struct broker_task *task, struct broker_result *ret);
/* The payload has addresses. As pull__batch(), pull__batches(), pull__heads(); ret->value: how many
 * could be read. */
int process_memory__serve_batch(const struct broker_task *task, struct broker_result *ret);
int process_memory__serve_batches(const struct broker_task *task, struct broker_result *ret);
int process_memory__serve_heads(const struct broker_task *task, struct broker_result *ret);

#endif /* TTLOG_PROCESS_MEMORY_H */
