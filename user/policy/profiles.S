/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of the built-in profiles (model.c). */
	.macro profile name, file
	.globl ringwall_profile_\name
ringwall_profile_\name:
	.incbin "user/policy/profiles/\file\().json"
	.globl ringwall_profile_\name\()_end
ringwall_profile_\name\()_end:
	.endm

	.section .rodata
	profile privileged, privileged
	profile baseline, baseline
	profile baseline_pod, baseline-pod
	profile restricted, restricted
	.section .note.GNU-stack, "", %progbits
