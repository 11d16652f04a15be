// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * attack-keys add NAME SECRET COMMAND…: COMMAND with a session keyring that holds the key
 * attack-keys find NAME: print what the key says that is found from here
 * attack-keys squat NAME: a keyring of that name for everybody to join
 * attack-keys session: serial number of the session keyring
 */
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int add(char **argv)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "attack") < 0 ||
	    syscall(SYS_add_key, "user", argv[2], argv[3], strlen(argv[3]), KEY_SPEC_SESSION_KEYRING) < 0)
		return 1;
	execv(argv[4], argv + 4);
	return 1;
}

static int find(const char *name)
{
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name, 0);
	char text[256];
	long n = key < 0 ? -1 : syscall(SYS_keyctl, KEYCTL_READ, key, text, sizeof(text));

	if (n < 0)
		return 1;
	printf("%.*s\n", (int)n, text);
	return 0;
}

static int squat(const char *name)
{
	long ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);

	if (ring < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM, ring, 0x3f3f3f3f) < 0)
		return 1;
	printf("%ld\n", ring);
	fflush(stdout);
	sleep(1000);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 4 && !strcmp(argv[1], "add"))
		return add(argv);
	if (argc == 3 && !strcmp(argv[1], "find"))
		return find(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "squat"))
		return squat(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "session"))
		return printf("%ld\n", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0)) < 0;
	return 2;
}
