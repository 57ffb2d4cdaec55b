/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_module.h - what the test of modules asks the host.
 */
#ifndef TESTS_H_MODULE_H
#define TESTS_H_MODULE_H

/* The path of a module of tests/modules, until the next call. */
const char *h_module_path(const char *);

/* Is a file with this path mapped? */
int	h_module_mapped(const char *);

/* Something that is no shared object at all. */
const char *h_module_nonsense(void);

#endif /* TESTS_H_MODULE_H */
