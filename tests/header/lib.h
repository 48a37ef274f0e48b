/* SPDX-License-Identifier: MIT */
#ifndef HEADER_TEST_LIB_H
#define HEADER_TEST_LIB_H

#ifdef __cplusplus
extern "C" {
#endif
/* 0 where the library's own sites work and are its own. */
int lib__check(void);
#ifdef __cplusplus
}
#endif

#endif /* HEADER_TEST_LIB_H */
