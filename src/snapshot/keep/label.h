/* SPDX-License-Identifier: MIT */
/*
 * Whose a file is, as far as keeping needs it: its service and its crash's signature. They are
 * extended attributes (user.ttlog.service, user.ttlog.signature), set before the file has its name,
 * so they can't get lost nor be wrong if the collector is killed. A file without them (an old one,
 * or a file system without attributes) is asked: they are in its header.
 */
#ifndef TTLOG_LABEL_H
#define TTLOG_LABEL_H

#define LABEL_SERVICE_BYTES   256
#define LABEL_SIGNATURE_BYTES 17

struct label {
	char service[LABEL_SERVICE_BYTES];     /* else the process's name; "": unknown */
	char signature[LABEL_SIGNATURE_BYTES]; /* "": none */
};

/* NULL is "". What the file system does not take is left out: it is in the header, too. */
void label__put(int fd, const char *service, const char *signature);
void label__get(int fd, struct label *ret);

#endif /* TTLOG_LABEL_H */
