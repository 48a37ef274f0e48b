/* SPDX-License-Identifier: MIT */
#ifndef HEADER_TEST_LIB_H
#define HEADER_TEST_LIB_H

#ifdef __cplusplus
extern "C" {
#endif
/* Returns 0 if the library's sites work, and are separate from the program's. */
int lib__check(void);
#ifdef __cplusplus
}
#endif

#endif /* HEADER_TEST_LIB_H */
