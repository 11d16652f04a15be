/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_DNS_H
#define RINGWALL_BPF_DNS_H

/*
 * Reading DNS messages (RFC 1035, section 4). Plain C without a helper or a map, so that it also runs in user space,
 * under the fuzzer (tests/fuzz/fuzz-dns.c). What cannot be followed is left out; what is left out opens nothing.
 *
 * Names are compared by a 64-bit hash of their lower-cased labels. Whoever could make two names collide writes the
 * answer, and could as well write the address he wants to the name itself.
 */

#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif

#define DNS_TEXT 2048	   /* of a message; what lies behind is not looked at */
#define DNS_NAME_STEPS 272 /* 255 bytes, and the pointers */
#define DNS_POINTERS 12	   /* in one name */
#define DNS_RECORDS 48	   /* of the answer section */
#define DNS_CHAIN 12	   /* the name asked for and its aliases */
#define DNS_FOUND 24	   /* addresses */
#define DNS_QNAME 256

#define DNS_A 1
#define DNS_CNAME 5
#define DNS_AAAA 28
#define DNS_IN 1

struct dns_address {
	__u8 address[16];
	__u32 ttl; /* seconds */
	__u32 family;
};

/**
 * struct dns - one message at work.
 * @text, @length: the message from its header on; in @text at most DNS_TEXT bytes are valid
 * @at, @left, @pointers, @end: where dns_name() and dns_question() are: the next byte, bytes left of the label, pointers
 *	followed, where the name ends that the first pointer was in
 * @hash: of the name that dns_name() read last
 * @chain, @n_chain: hashes of the names whose addresses count
 * @found, @n_found: their addresses
 * @qname, @qname_length: what is asked for, lower case, dots between labels, zero behind
 * @qhash, @qtype: the same as it goes into `queries`
 */
struct dns {
	__u32 busy;
	__u32 length;
	__u32 at, left, pointers, end;
	__u64 hash;
	__u64 chain[DNS_CHAIN];
	__u32 n_chain, n_found;
	__u64 qhash;
	__u32 qtype, qname_length;
	struct dns_address found[DNS_FOUND];
	char qname[DNS_QNAME + RINGWALL_NAME_MAX + 12]; /* so that RINGWALL_NAME_MAX bytes can be taken from everywhere */
	__u8 text[DNS_TEXT];
};

static inline __u32 dns_byte(const struct dns *d, __u32 at)
{
	return d->text[at & (DNS_TEXT - 1)];
}

static inline __u32 dns_u16(const struct dns *d, __u32 at)
{
	return dns_byte(d, at) << 8 | dns_byte(d, at + 1);
}

static inline __u32 dns_lower(__u32 c)
{
	return c - 'A' < 26 ? c + 32 : c;
}

#define DNS_HASH 0xcbf29ce484222325ULL /* FNV-1a */
#define DNS_PRIME 0x100000001b3ULL

/*
 * Steps are functions of their own, not static, with their state in memory: the verifier looks at each once, and knows
 * nothing about the state that would make one round of the loop different from the next.
 */
enum dns_step {
	DNS_BAD,
	DNS_MORE,
	DNS_DONE,
};

static inline __u32 dns_length(const struct dns *d)
{
	return d->length < DNS_TEXT ? d->length : DNS_TEXT;
}

__noinline int dns_name_step(struct dns *d)
{
	__u32 at, c;

	if (!d)
		return DNS_BAD;
	at = d->at;
	if (at >= dns_length(d))
		return DNS_BAD;
	c = dns_byte(d, at++);
	d->at = at;
	if (d->left) {
		d->left--;
		d->hash = (d->hash ^ dns_lower(c)) * DNS_PRIME;
		return DNS_MORE;
	}
	if (c >= 0xc0) {
		if (at >= dns_length(d) || d->pointers++ >= DNS_POINTERS)
			return DNS_BAD;
		if (!d->end)
			d->end = at + 1;
		d->at = (c & 0x3f) << 8 | dns_byte(d, at);
		return DNS_MORE;
	}
	if (c > 63)
		return DNS_BAD;
	d->hash = (d->hash ^ c) * DNS_PRIME;
	d->left = c;
	return c ? DNS_MORE : DNS_DONE;
}

/* Return: the offset behind the name at @at, 0: there is none; @hash is set. */
__noinline int dns_name(struct dns *d, __u32 at)
{
	if (!d)
		return 0;
	d->at = at;
	d->left = d->pointers = d->end = 0;
	d->hash = DNS_HASH;
	for (int i = 0; i < DNS_NAME_STEPS; i++) {
		int step = dns_name_step(d);

		if (step == DNS_BAD)
			return 0;
		if (step == DNS_DONE)
			return (int)(d->end ? d->end : d->at);
	}
	return 0;
}

__noinline int dns_question_step(struct dns *d)
{
	__u32 c, n;

	if (!d || d->at >= dns_length(d))
		return DNS_BAD;
	c = dns_byte(d, d->at++);
	n = d->qname_length;
	if (!d->left) {
		if (c > 63)
			return DNS_BAD;
		d->left = c;
		if (!c)
			return DNS_DONE;
		if (!n)
			return DNS_MORE;
		c = '.';
	} else if (c == '.') {
		return DNS_BAD; /* in a label: would read as two */
	} else {
		d->left--;
	}
	if (n >= DNS_QNAME - 1)
		return DNS_BAD;
	d->qname[n] = (char)dns_lower(c);
	d->qname_length = n + 1;
	return DNS_MORE;
}

/*
 * The question: one, in class IN, its name not compressed. Sets @qhash, @qtype, and @qname, which was zeroed.
 * Return: the offset behind it, 0: it is none.
 */
__noinline int dns_question(struct dns *d)
{
	int step = DNS_MORE, end;
	__u32 at;

	if (!d)
		return 0;
	d->at = 12;
	d->left = d->qname_length = 0;
	if (dns_length(d) < 12 || dns_u16(d, 4) != 1)
		return 0;
	for (int i = 0; i < DNS_QNAME && step == DNS_MORE; i++)
		step = dns_question_step(d);
	if (step != DNS_DONE)
		return 0;
	at = d->at;
	end = dns_name(d, 12);
	if (!end || (__u32)end != at || at + 4 > dns_length(d) || dns_u16(d, at + 2) != DNS_IN)
		return 0;
	d->qhash = d->hash;
	d->qtype = dns_u16(d, at);
	return (int)at + 4;
}

static inline int dns_counts(const struct dns *d, __u64 hash)
{
	for (__u32 i = 0; i < DNS_CHAIN; i++)
		if (i < d->n_chain && d->chain[i] == hash)
			return 1;
	return 0;
}

static inline void dns_alias(struct dns *d)
{
	__u32 n = d->n_chain;

	if (n >= DNS_CHAIN)
		return;
	d->chain[n] = d->hash;
	d->n_chain = n + 1;
}

static inline void dns_found(struct dns *d, __u32 at, __u32 ttl, __u32 bytes)
{
	__u32 n = d->n_found;
	struct dns_address *a;

	if (n >= DNS_FOUND)
		return;
	a = &d->found[n];
	a->ttl = ttl >> 31 ? 0 : ttl; /* RFC 2181, section 8 */
	a->family = bytes == 4 ? 4 : 6;
	for (__u32 i = 0; i < 16; i++)
		a->address[i] = i < bytes ? (__u8)dns_byte(d, at + i) : 0;
	d->n_found = n + 1;
}

/* One record at @at. Return: the offset behind it, 0: stop. */
__noinline int dns_record(struct dns *d, __u32 at)
{
	__u32 type, length;
	int counts, end;

	if (!d)
		return 0;
	end = dns_name(d, at);
	if (end <= 0)
		return 0;
	at = (__u32)end;
	counts = dns_counts(d, d->hash) && dns_u16(d, at + 2) == DNS_IN;
	type = dns_u16(d, at);
	length = dns_u16(d, at + 8);
	if (at + 10 + length > dns_length(d))
		return 0;
	if (counts && ((type == DNS_A && length == 4) || (type == DNS_AAAA && length == 16)))
		dns_found(d, at + 10, dns_u16(d, at + 4) << 16 | dns_u16(d, at + 6), length);
	if (counts && type == DNS_CNAME && dns_name(d, at + 10) == (int)(at + 10 + length))
		dns_alias(d);
	return (int)(at + 10 + length);
}

/*
 * dns_answer() - the addresses of the name that was asked for, by the answer section alone: in it the records of that
 * name, and of those that it is an alias of by records before them. Return: whether it is an answer at all.
 */
__noinline int dns_answer(struct dns *d)
{
	__u32 n;
	int at;

	if (!d)
		return 0;
	at = dns_question(d);
	/* an answer, to a query, without an error */
	if (!at || (dns_byte(d, 2) & 0xf8) != 0x80 || (dns_byte(d, 3) & 0x0f))
		return 0;
	n = dns_u16(d, 6);
	d->chain[0] = d->qhash;
	d->n_chain = 1;
	d->n_found = 0;
	for (__u32 i = 0; i < DNS_RECORDS && i < n; i++) {
		at = dns_record(d, (__u32)at);
		if (at <= 0)
			break;
	}
	return 1;
}

#endif
