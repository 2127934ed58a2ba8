#include "testing.h"

#include "runtime/listen_address.h"

static void assert_shown(const char *text, const char *shown, int family)
{
    struct listen_address address;
    char again[listen_address_text];
    assert_true(listen_address_parse(str_of(text), &address));
    assert_int_equal(address.socket.ss_family, family);
    listen_address_write(&address, again);
    assert_string_equal(again, shown);
}

static void addresses_are_shown_as_a_client_can_use_them(void **state)
{
    (void)state;
    assert_shown("localhost:6060", "localhost:6060", AF_INET);
    assert_shown("127.0.0.1:0", "127.0.0.1:0", AF_INET);
    assert_shown("[::1]:6060", "[::1]:6060", AF_INET6);
    assert_shown("[2001:DB8:0::1]:80", "[2001:db8::1]:80", AF_INET6);
    assert_shown(":6060", "localhost:6060", AF_INET6);
    assert_shown("0.0.0.0:65535", "0.0.0.0:65535", AF_INET);
}

static void localhost_and_all_exist_by_both_protocols(void **state)
{
    (void)state;
    struct listen_address address;
    assert_true(listen_address_parse(STR("localhost:6060"), &address));
    assert_true(address.is_localhost && !address.is_any);
    listen_address_switch_protocol(&address);
    assert_int_equal(address.socket.ss_family, AF_INET6);
    assert_int_equal(listen_address_port(&address), 6060);
    listen_address_switch_protocol(&address);
    assert_int_equal(address.socket.ss_family, AF_INET);
    assert_true(listen_address_parse(STR(":1"), &address));
    assert_true(address.is_any);
    listen_address_switch_protocol(&address);
    assert_int_equal(address.socket.ss_family, AF_INET);
    assert_int_equal(listen_address_port(&address), 1);
    listen_address_set_port(&address, 2);
    assert_int_equal(listen_address_port(&address), 2);
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        ":",
                                        "localhost",
                                        "localhost:",
                                        "localhost:1x",
                                        "localhost:65536",
                                        "host:1",
                                        "::1:80",
                                        "[::1]",
                                        "[::1:80",
                                        "[1.2.3.4]:80",
                                        "1.2.3:80",
                                        "[]:1",
                                        " :1",
                                        "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111:1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct listen_address address = {.size = 4711};
        assert_false(listen_address_parse(str_of(wrong[i]), &address));
        assert_int_equal(address.size, 4711);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_shown_as_a_client_can_use_them),
        cmocka_unit_test(localhost_and_all_exist_by_both_protocols),
        cmocka_unit_test(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
