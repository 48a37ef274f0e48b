/* SPDX-License-Identifier: MIT */
/* The few words that are needed of S3's answers, which are short documents of XML. */
#ifndef TTLOG_S3_XML_H
#define TTLOG_S3_XML_H

#include <stddef.h>

/* The text of the first element of that name, with its five entities as characters; other bytes than those
 * of printable ASCII are '?'. Returns its length; 0: there is none, it is empty, or longer than size - 1. */
size_t s3_xml__text(char *ret, size_t size, const char *xml, const char *name);

#endif /* TTLOG_S3_XML_H */
