/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_FUZZ_RUNNER_H
#define RINGWALL_FUZZ_RUNNER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken promise, in every build: assert() may be compiled away. */
#define MUST(condition)                                                                        \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                               \
		}                                                                              \
	} while (0)

/* -DRINGWALL_FUZZ_RUNNER: a plain program that feeds the files it is given, for a corpus under any compiler or valgrind. */
#ifdef RINGWALL_FUZZ_RUNNER
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "re");
		uint8_t *data = malloc(1 << 20);
		size_t n;

		if (!f || !data) {
			perror(argv[i]);
			return 1;
		}
		n = fread(data, 1, 1 << 20, f);
		fclose(f);
		data = realloc(data, n ? n : 1); /* so that a read behind the end is seen */
		LLVMFuzzerTestOneInput(data, n);
		free(data);
	}
	return 0;
}
#endif

#endif
