/* Where to serve: "localhost:6060", "127.0.0.1:0", "[::1]:6060", ":6060". Host names other than localhost are not
 * looked up: that would load libraries and read files in a program that did not ask for it. */
#ifndef SONDE_RUNTIME_LISTEN_ADDRESS_H
#define SONDE_RUNTIME_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/str.h"

struct listen_address {
    struct sockaddr_storage socket;
    socklen_t size;
    bool is_localhost; /* by name: may be served on the other protocol where this one does not exist */
    bool is_any;       /* every interface, by both protocols where there are both */
};

enum { listen_address_text = 64 };

/* Reads an address; false where it is none. */
bool listen_address_parse(struct str text, struct listen_address *address);

/* Turns localhost, or every interface, into the same by the other protocol (IPv4 for IPv6 and back). */
void listen_address_switch_protocol(struct listen_address *address);

/* The port, and the same with another. */
unsigned listen_address_port(const struct listen_address *address);
void listen_address_set_port(struct listen_address *address, unsigned port);

/* Writes an address as "host:port" that a client can use, NUL-terminated: localhost keeps its name, and every interface
 * is shown as localhost. */
void listen_address_write(const struct listen_address *address, char text[listen_address_text]);

#endif
