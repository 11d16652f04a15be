// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bench - wall time and peak memory of commands, interleaved.
 *
 *	bench [-n ROUNDS] [-w WARMUPS] [-j COPIES] [-g GAP-MS]
 *	      NAME COMMAND [ARG...] [--then COMMAND...]... [--after COMMAND...]...
 *	      [--next NAME COMMAND...]...
 *
 * Each round runs every contestant once, in an order shuffled anew, so that a slow minute
 * of the host and what one contestant leaves to kernel threads fall on all alike.
 * A contestant is a list of steps: --then steps are timed together with the first one,
 * --after steps are not timed (they clean up). With -j every step is started COPIES times at
 * once and waited for before the next; "%d" in an argument is the number of the copy.
 *
 * Prints a line per contestant, tab-separated:
 *	name  good-runs  failed-runs  median  p10  p90  peak
 * times in microseconds from before vfork until wait4 has returned, peak is the median over
 * runs of the largest ru_maxrss in KiB of the command and of all descendants it waited for.
 * A failing step is said on stderr and its run is left out; a contestant that fails three times
 * before it ever succeeds is not tried again. Exit 1 when a contestant had no good run.
 *
 * Keep this program small and static: vfork and the cache of a busy parent would show in what
 * the smallest contestants cost.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_CONTESTANTS = 24,
	MAX_STEPS = 8,
	MAX_ARGS = 64,
	MAX_COPIES = 512,
	MAX_ROUNDS = 5000,
	ARG_LEN = 256,
	HOPELESS = 3, /* failures without a success */
};

struct step {
	char **argv;
	int argc;
	int timed;
};

struct contestant {
	const char *name;
	struct step step[MAX_STEPS];
	int n_steps, good, failed, worked;
	uint32_t us[MAX_ROUNDS], peak[MAX_ROUNDS];
};

/* In .bss: only the pages that are used count as memory. */
static struct contestant contestants[MAX_CONTESTANTS];
static int n_contestants;
static int rounds = 100, warmups = 3, copies = 1, gap_ms;
static int null_fd;

static void __attribute__((noreturn)) usage(const char *why)
{
	fprintf(stderr,
		"bench: %s\nusage: bench [-n ROUNDS] [-w WARMUPS] [-j COPIES] [-g GAP-MS] "
		"NAME COMMAND... [--then COMMAND...] [--after COMMAND...] [--next NAME ...]\n",
		why);
	exit(2);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* argv with "%d" replaced by the number of the copy; valid until the next call. */
static char **expand(const struct step *s, int copy)
{
	static char text[MAX_ARGS][ARG_LEN];
	static char *argv[MAX_ARGS + 1];

	for (int i = 0; i < s->argc; i++) {
		char *at = strstr(s->argv[i], "%d");

		argv[i] = s->argv[i];
		if (!at)
			continue;
		snprintf(text[i], ARG_LEN, "%.*s%d%s", (int)(at - s->argv[i]), s->argv[i], copy,
			 at + 2);
		argv[i] = text[i];
	}
	argv[s->argc] = NULL;
	return argv;
}

static pid_t spawn(char **argv)
{
	pid_t pid = vfork();

	if (pid == 0) {
		dup2(null_fd, STDIN_FILENO);
		dup2(null_fd, STDOUT_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

/* Starts all copies, waits for all. Returns the number that failed, raises *peak. */
static int run_step(const struct step *s, uint32_t *peak)
{
	pid_t pids[MAX_COPIES];
	int failed = 0;

	for (int i = 0; i < copies; i++)
		pids[i] = spawn(expand(s, i));
	for (int i = 0; i < copies; i++) {
		struct rusage ru;
		int status;

		if (pids[i] < 0 || wait4(pids[i], &status, 0, &ru) < 0) {
			failed++;
			continue;
		}
		if (status != 0) {
			failed++;
			fprintf(stderr, "bench: '%s' (copy %d): %s %d\n", s->argv[0], i,
				WIFEXITED(status) ? "exit status" : "signal",
				WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
		}
		if ((uint32_t)ru.ru_maxrss > *peak)
			*peak = (uint32_t)ru.ru_maxrss;
	}
	return failed;
}

static void run_contestant(struct contestant *c, int keep)
{
	uint64_t us = 0;
	uint32_t peak = 0, unused = 0;
	int failed = 0;

	if (!c->worked && c->failed >= HOPELESS)
		return;
	for (int i = 0; i < c->n_steps; i++) {
		const struct step *s = &c->step[i];
		uint64_t start = now_us();

		failed += run_step(s, s->timed ? &peak : &unused);
		if (s->timed)
			us += now_us() - start;
	}
	if (failed) {
		c->failed++;
	} else {
		c->worked = 1;
		if (keep) {
			c->us[c->good] = (uint32_t)us;
			c->peak[c->good++] = peak;
		}
	}
	if (gap_ms)
		usleep((useconds_t)gap_ms * 1000);
}

static void shuffle(int *order, int n)
{
	for (int i = n - 1; i > 0; i--) {
		int j = (int)(random() % (i + 1)), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The value that `percent` of the sorted samples do not exceed (nearest rank). */
static uint32_t percentile(const uint32_t *sorted, int n, int percent)
{
	return sorted[(n - 1) * percent / 100];
}

static int report(struct contestant *c)
{
	size_t n = (size_t)c->good;

	if (!n) {
		printf("%s\t0\t%d\t-\t-\t-\t-\n", c->name, c->failed);
		return -1;
	}
	qsort(c->us, n, sizeof(c->us[0]), compare_u32);
	qsort(c->peak, n, sizeof(c->peak[0]), compare_u32);
	printf("%s\t%d\t%d\t%u\t%u\t%u\t%u\n", c->name, c->good, c->failed,
	       percentile(c->us, c->good, 50), percentile(c->us, c->good, 10),
	       percentile(c->us, c->good, 90), percentile(c->peak, c->good, 50));
	return 0;
}

static struct step *add_step(struct contestant *c, int timed)
{
	struct step *s = &c->step[c->n_steps];

	if (c->n_steps++ == MAX_STEPS)
		usage("too many steps");
	s->timed = timed;
	return s;
}

/* Cuts argv into contestants and steps; the words stay where they are. */
static void parse_contestants(int argc, char **argv)
{
	struct contestant *c = NULL;
	struct step *s = NULL;

	for (int i = 0; i < argc; i++) {
		int next = !c || strcmp(argv[i], "--next") == 0;

		if (next) {
			if (c)
				i++;
			if (i >= argc || n_contestants == MAX_CONTESTANTS)
				usage("no name after --next, or too many contestants");
			c = &contestants[n_contestants++];
			c->name = argv[i];
			s = add_step(c, 1);
		} else if (strcmp(argv[i], "--then") == 0) {
			s = add_step(c, 1);
		} else if (strcmp(argv[i], "--after") == 0) {
			s = add_step(c, 0);
		} else {
			if (!s->argc)
				s->argv = argv + i;
			if (++s->argc > MAX_ARGS)
				usage("too many arguments");
		}
	}
	if (!c)
		usage("nothing to run");
	for (int i = 0; i < n_contestants; i++)
		for (int k = 0; k < contestants[i].n_steps; k++)
			if (!contestants[i].step[k].argc)
				usage("a step without a command");
}

static int number(const char *text, int min, int max)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < min || n > max)
		usage("number out of range");
	return (int)n;
}

int main(int argc, char **argv)
{
	int order[MAX_CONTESTANTS], opt, bad = 0;

	while ((opt = getopt(argc, argv, "+n:w:j:g:")) != -1) {
		switch (opt) {
		case 'n':
			rounds = number(optarg, 1, MAX_ROUNDS);
			break;
		case 'w':
			warmups = number(optarg, 0, MAX_ROUNDS);
			break;
		case 'j':
			copies = number(optarg, 1, MAX_COPIES);
			break;
		case 'g':
			gap_ms = number(optarg, 0, 10000);
			break;
		default:
			usage("unknown option");
		}
	}
	parse_contestants(argc - optind, argv + optind);

	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0) {
		fprintf(stderr, "bench: open /dev/null: %s\n", strerror(errno));
		return 1;
	}
	for (int i = 0; i < n_contestants; i++)
		order[i] = i;
	for (int r = -warmups; r < rounds; r++) {
		shuffle(order, n_contestants);
		for (int i = 0; i < n_contestants; i++)
			run_contestant(&contestants[order[i]], r >= 0);
	}
	for (int i = 0; i < n_contestants; i++)
		bad |= report(&contestants[i]);
	return bad ? 1 : 0;
}
