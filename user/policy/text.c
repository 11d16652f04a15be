// SPDX-License-Identifier: LGPL-2.1-or-later
#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "../lib/cleanup.h"

#define ERRNO_NAMED_MAX 133 /* the last that has a name */

const struct ringwall_word ringwall_family_names[] = {
	{ "unix", AF_UNIX },
	{ "inet", AF_INET },
	{ "ax25", AF_AX25 },
	{ "ipx", AF_IPX },
	{ "appletalk", AF_APPLETALK },
	{ "netrom", AF_NETROM },
	{ "bridge", AF_BRIDGE },
	{ "atmpvc", AF_ATMPVC },
	{ "x25", AF_X25 },
	{ "inet6", AF_INET6 },
	{ "rose", AF_ROSE },
	{ "key", AF_KEY },
	{ "netlink", AF_NETLINK },
	{ "packet", AF_PACKET },
	{ "atmsvc", AF_ATMSVC },
	{ "rds", AF_RDS },
	{ "irda", AF_IRDA },
	{ "pppox", AF_PPPOX },
	{ "llc", AF_LLC },
	{ "ib", AF_IB },
	{ "mpls", AF_MPLS },
	{ "can", AF_CAN },
	{ "tipc", AF_TIPC },
	{ "bluetooth", AF_BLUETOOTH },
	{ "iucv", AF_IUCV },
	{ "rxrpc", AF_RXRPC },
	{ "isdn", AF_ISDN },
	{ "phonet", AF_PHONET },
	{ "ieee802154", AF_IEEE802154 },
	{ "caif", AF_CAIF },
	{ "alg", AF_ALG },
	{ "nfc", AF_NFC },
	{ "vsock", AF_VSOCK },
	{ "kcm", AF_KCM },
	{ "qipcrtr", AF_QIPCRTR },
	{ "smc", AF_SMC },
	{ "xdp", AF_XDP },
	{ "mctp", AF_MCTP },
	{ 0 },
};

const struct ringwall_word ringwall_socket_type_names[] = {
	{ "stream", SOCK_STREAM },	 { "dgram", SOCK_DGRAM }, { "raw", SOCK_RAW },	     { "rdm", SOCK_RDM },
	{ "seqpacket", SOCK_SEQPACKET }, { "dccp", SOCK_DCCP },	  { "packet", SOCK_PACKET }, { 0 },
};

const struct ringwall_word ringwall_netlink_names[] = {
	{ "route", NETLINK_ROUTE },
	{ "usersock", NETLINK_USERSOCK },
	{ "sock_diag", NETLINK_SOCK_DIAG },
	{ "nflog", NETLINK_NFLOG },
	{ "xfrm", NETLINK_XFRM },
	{ "selinux", NETLINK_SELINUX },
	{ "iscsi", NETLINK_ISCSI },
	{ "audit", NETLINK_AUDIT },
	{ "fib_lookup", NETLINK_FIB_LOOKUP },
	{ "connector", NETLINK_CONNECTOR },
	{ "netfilter", NETLINK_NETFILTER },
	{ "kobject_uevent", NETLINK_KOBJECT_UEVENT },
	{ "generic", NETLINK_GENERIC },
	{ "scsitransport", NETLINK_SCSITRANSPORT },
	{ "ecryptfs", NETLINK_ECRYPTFS },
	{ "rdma", NETLINK_RDMA },
	{ "crypto", NETLINK_CRYPTO },
	{ "smc", NETLINK_SMC },
	{ 0 },
};

const struct ringwall_word ringwall_protocol_names[] = {
	{ "tcp", IPPROTO_TCP },		{ "udp", IPPROTO_UDP },
	{ "icmp", IPPROTO_ICMP },	{ "icmpv6", IPPROTO_ICMPV6 },
	{ "sctp", IPPROTO_SCTP },	{ "dccp", IPPROTO_DCCP },
	{ "udplite", IPPROTO_UDPLITE }, { 0 },
};

const char *ringwall_name_of(const struct ringwall_word *table, uint64_t value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}

const char *ringwall_family_name(uint32_t family)
{
	return ringwall_name_of(ringwall_family_names, family);
}

const char *ringwall_netlink_name(uint32_t protocol)
{
	return ringwall_name_of(ringwall_netlink_names, protocol);
}

const char *ringwall_protocol_name(int protocol)
{
	return protocol < 0 ? NULL : ringwall_name_of(ringwall_protocol_names, (uint64_t)protocol);
}

bool ringwall_protocol_has_ports(int protocol)
{
	return protocol == -1 || protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_DCCP || protocol == IPPROTO_UDPLITE;
}

const char *ringwall_address_text(uint8_t family, const uint8_t *address, int prefix, char *buf)
{
	size_t n;

	if (!inet_ntop(family == 4 ? AF_INET : AF_INET6, address, buf, RINGWALL_ADDRESS_TEXT))
		*buf = '\0';
	n = strlen(buf);
	if (prefix >= 0)
		snprintf(buf + n, RINGWALL_ADDRESS_TEXT - n, "/%d", prefix);
	return buf;
}

bool ringwall_digits_parse(const char **s, uint32_t max, uint32_t *ret)
{
	size_t digits = strspn(*s, "0123456789");
	uint32_t n = 0;

	if (!digits || digits > 9 || (digits > 1 && **s == '0'))
		return false;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (uint32_t)((*s)[i] - '0');
	if (n > max)
		return false;
	*s += digits;
	*ret = n;
	return true;
}

int ringwall_address_parse(const char *s, uint8_t *ret_family, uint8_t *ret_address, uint8_t *ret_prefix)
{
	const char *slash = strchr(s, '/');
	size_t len = slash ? (size_t)(slash - s) : strlen(s);
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16] = { 0 }, family;
	uint32_t prefix;

	if (len >= sizeof(text) || (slash && !ret_prefix))
		return -EINVAL;
	memcpy(text, s, len);
	text[len] = '\0';
	family = strchr(text, ':') ? 6 : 4;
	if (inet_pton(family == 4 ? AF_INET : AF_INET6, text, address) != 1)
		return -EINVAL;
	prefix = family == 4 ? 32 : 128;
	if (slash) {
		slash++;
		if (!ringwall_digits_parse(&slash, prefix, &prefix) || *slash)
			return -EINVAL;
	}
	*ret_family = family;
	memcpy(ret_address, address, sizeof(address));
	if (ret_prefix)
		*ret_prefix = (uint8_t)prefix;
	return 0;
}

/* Letters --------------------------------------------------------------------------------------------------- */

const char ringwall_file_letters[] = "rwcdxm";
const uint8_t ringwall_file_bits[] = {
	RINGWALL_FILE_READ,   RINGWALL_FILE_WRITE, RINGWALL_FILE_CREATE,
	RINGWALL_FILE_DELETE, RINGWALL_FILE_EXEC,  RINGWALL_FILE_MAP,
};

const char ringwall_device_letters[] = "rwm";
const uint8_t ringwall_device_bits[] = { RINGWALL_DEVICE_READ, RINGWALL_DEVICE_WRITE, RINGWALL_DEVICE_MKNOD };

int ringwall_letters_parse(const char *s, const char *letters, const uint8_t *bits, uint8_t *ret)
{
	uint8_t all = 0;

	for (; *s; s++) {
		const char *letter = strchr(letters, *s);

		if (!letter || all & bits[letter - letters])
			return -EINVAL;
		all |= bits[letter - letters];
	}
	if (!all)
		return -EINVAL;
	*ret = all;
	return 0;
}

static char *letters_text(uint8_t set, const char *letters, const uint8_t *bits, char *to)
{
	for (size_t i = 0; letters[i]; i++)
		if (set & bits[i])
			*to++ = letters[i];
	*to = '\0';
	return to;
}

const char *ringwall_rights_text(uint8_t rights, char *buf)
{
	letters_text(rights, ringwall_file_letters, ringwall_file_bits, buf);
	return buf;
}

static void number_text(char *buf, size_t size, int64_t n)
{
	if (n < 0)
		snprintf(buf, size, "*");
	else
		snprintf(buf, size, "%u", (unsigned int)n);
}

const char *ringwall_device_text(const struct ringwall_device_rule *rule, char *buf)
{
	char major[12], minor[12], access[8];

	number_text(major, sizeof(major), rule->major);
	number_text(minor, sizeof(minor), rule->minor);
	letters_text(rule->access, ringwall_device_letters, ringwall_device_bits, access);
	snprintf(buf, RINGWALL_DEVICE_TEXT, "%c %s:%s %s", rule->type, major, minor, access);
	return buf;
}

int ringwall_errno_find(const char *name)
{
	/* Second names of what strerrorname_np() calls otherwise. */
	static const struct ringwall_word others[] = {
		{ "EWOULDBLOCK", EWOULDBLOCK }, { "EDEADLOCK", EDEADLOCK }, { "EOPNOTSUPP", EOPNOTSUPP }, { "ENOTSUP", ENOTSUP },
		{ 0 },
	};
	const struct ringwall_word *other = ringwall_name_find(others, name);

	for (int error = 1; error <= ERRNO_NAMED_MAX; error++) {
		const char *known = strerrorname_np(error);

		if (known && !strcmp(known, name))
			return error;
	}
	return other ? (int)other->value : 0;
}

const char *ringwall_errno_text(int error, char *buf)
{
	const char *name = error <= ERRNO_NAMED_MAX ? strerrorname_np(error) : NULL;

	if (name)
		return name;
	snprintf(buf, RINGWALL_ERRNO_TEXT, "%d", error);
	return buf;
}

void ringwall_errno_put(int error, struct ringwall_json_out *out)
{
	char text[RINGWALL_ERRNO_TEXT];
	const char *name = ringwall_errno_text(error, text);

	if (*name == 'E')
		ringwall_json_out_str(out, "errno", name);
	else
		ringwall_json_out_u64(out, "errno", (uint64_t)error);
}

const char *ringwall_origin_text(const struct ringwall_origin *o, char *buf)
{
	if (o->line)
		snprintf(buf, RINGWALL_ORIGIN_TEXT, "%s:%u:%u", o->file, o->line, o->column);
	else
		snprintf(buf, RINGWALL_ORIGIN_TEXT, "%s", o->file ?: "");
	return buf;
}
