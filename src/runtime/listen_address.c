#include "runtime/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static struct sockaddr_in *v4(struct listen_address *address)
{
    return (struct sockaddr_in *)&address->socket;
}

static struct sockaddr_in6 *v6(struct listen_address *address)
{
    return (struct sockaddr_in6 *)&address->socket;
}

static void set_v4(struct listen_address *address, struct in_addr host)
{
    *v4(address) = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = host};
    address->size = sizeof(struct sockaddr_in);
}

static void set_v6(struct listen_address *address, struct in6_addr host)
{
    *v6(address) = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = host};
    address->size = sizeof(struct sockaddr_in6);
}

static bool parse_port(struct str text, unsigned *port)
{
    *port = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        *port = *port * 10 + (unsigned)(text.p[i] - '0');
        if (*port > 65535)
            return false;
    }
    return text.n > 0;
}

static bool parse_number(struct str host, bool bracketed, struct listen_address *address)
{
    char text[INET6_ADDRSTRLEN + 1] = "";
    struct in_addr four;
    struct in6_addr six;
    if (host.n >= sizeof text)
        return false;
    memcpy(text, host.p, host.n);
    if (bracketed && inet_pton(AF_INET6, text, &six) == 1)
        set_v6(address, six);
    else if (!bracketed && inet_pton(AF_INET, text, &four) == 1)
        set_v4(address, four);
    else
        return false;
    return true;
}

static bool parse_host(struct str host, struct listen_address *address)
{
    if (host.n == 0) {
        address->is_any = true;
        set_v6(address, in6addr_any);
        return true;
    }
    if (str_equal(host, STR("localhost"))) {
        address->is_localhost = true;
        set_v4(address, (struct in_addr){htonl(INADDR_LOOPBACK)});
        return true;
    }
    bool bracketed = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    return parse_number(bracketed ? (struct str){host.p + 1, host.n - 2} : host, bracketed, address);
}

bool listen_address_parse(struct str text, struct listen_address *address)
{
    struct listen_address read;
    unsigned port;
    memset(&read, 0, sizeof read);
    size_t colon = str_find_last_byte(text, ':');
    if (colon == text.n || !parse_port(str_skip(text, colon + 1), &port) || !parse_host(str_first(text, colon), &read))
        return false;
    listen_address_set_port(&read, port);
    *address = read;
    return true;
}

void listen_address_switch_protocol(struct listen_address *address)
{
    unsigned port = listen_address_port(address);
    if (address->socket.ss_family == AF_INET)
        set_v6(address, address->is_any ? in6addr_any : in6addr_loopback);
    else
        set_v4(address, (struct in_addr){htonl(address->is_any ? INADDR_ANY : INADDR_LOOPBACK)});
    listen_address_set_port(address, port);
}

unsigned listen_address_port(const struct listen_address *address)
{
    struct listen_address copy = *address;
    return ntohs(copy.socket.ss_family == AF_INET ? v4(&copy)->sin_port : v6(&copy)->sin6_port);
}

void listen_address_set_port(struct listen_address *address, unsigned port)
{
    if (address->socket.ss_family == AF_INET)
        v4(address)->sin_port = htons((uint16_t)port);
    else
        v6(address)->sin6_port = htons((uint16_t)port);
}

void listen_address_write(const struct listen_address *address, char text[listen_address_text])
{
    struct listen_address copy = *address;
    char host[INET6_ADDRSTRLEN] = "";
    bool is_v6 = copy.socket.ss_family == AF_INET6;
    if (copy.is_localhost || copy.is_any) {
        snprintf(text, listen_address_text, "localhost:%u", listen_address_port(address));
        return;
    }
    inet_ntop(copy.socket.ss_family, is_v6 ? (void *)&v6(&copy)->sin6_addr : (void *)&v4(&copy)->sin_addr, host,
              sizeof host);
    snprintf(text, listen_address_text, is_v6 ? "[%s]:%u" : "%s:%u", host, listen_address_port(address));
}
