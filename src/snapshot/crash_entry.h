/* SPDX-License-Identifier: MIT */
/*
 * The entry of a crash in systemd's journal: `journalctl -t ttlog` lists the crashes of a machine.
 * Where there is no journal nothing is sent. If the file is encrypted, the entry has no more than the
 * file's label and its path.
 */
#ifndef TTLOG_CRASH_ENTRY_H
#define TTLOG_CRASH_ENTRY_H

struct job;

/* MESSAGE_ID of these entries. */
#define CRASH_ENTRY_ID "a42fba2a7b92491f99d9d5e862b9db14"

/* Of a job whose file is written; nothing if its process has not crashed. May wait for the
 * journal. */
void crash_entry__send(const struct job *job);

#endif /* TTLOG_CRASH_ENTRY_H */
