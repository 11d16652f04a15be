/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_TEST_FRAGMENT_H
#define RINGWALL_TEST_FRAGMENT_H

/* The smallest config.json around some members of one of its sections. */
#define TOP(members) "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}," members "}"
#define PROCESS(members) TOP("\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]," members "}")
#define LINUX(members) TOP("\"linux\":{" members "}")
#define RESOURCES(members) LINUX("\"resources\":{" members "}")
#define SECCOMP(members) LINUX("\"seccomp\":{" members "}")
#define NS(type) "\"namespaces\":[{\"type\":\"" type "\"}],"
#define MAP "[{\"containerID\":0,\"hostID\":0,\"size\":1}]"

#endif
