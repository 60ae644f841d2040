/* Each kind of mistake, and the one line that it must lead to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "config/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONES "zones = ( { name = \"sip.example.com.\"; file = \"z\"; } );\n"
#define PROBES "probes = { options-udp = { type = \"sip\"; }; };\n"
#define LONDON "{ name = \"london\"; location = ( 51, 0 ); endpoints = ( { host = \"lb1.sip.example.com.\"; } ); }"
#define SITES "sites = ( " LONDON " );\n"
#define PARTS ZONES PROBES SITES
#define SERVICE(keys) "services = ( { name = \"sip.example.com.\"; " keys " } );\n"
#define PROBE(keys) ZONES "probes = { p = { type = \"sip\";\n" keys " } };\n"
#define SITE(keys) ZONES "sites = ( { name = \"a\"; location = ( 0, 0 );\n" keys " } );\n"
#define ENDPOINT(keys)                                                                                                                     \
    ZONES PROBES "sites = ( { name = \"a\"; location = ( 0, 0 ); endpoints = ( { host = \"a.sip.example.com\";\n" keys " } ); } );\n"
#define CHECKED(depend)                                                                                                                    \
    ZONES PROBES "checks = ( { name = \"db\"; probe = \"options-udp\"; address = \"::1\"; } );\n"                                          \
                 "sites = ( { name = \"a\"; location = ( 0, 0 ); depends = ( " depend " ); } );\n"
#define PREFER(keys) PARTS "geo = { prefer = (\n" keys " ); };\n"

static const struct mistake {
    const char *sentence, *text, *finding;
} mistakes[] = {
    {"an_unknown_key_is_told_with_the_nearest", ZONES "server = {\n wrokers = 2; };",
     "c:3: server.wrokers: unknown key, did you mean \"workers\"?"},
    {"an_unknown_key_near_nothing_is_told_with_all_keys", ZONES "server = {\n colour = 2; };",
     "c:3: server.colour: unknown key, expected one of listen, workers, control, state, id, version, tcp, tls, cookies, rate_limit"},
    {"tls_without_a_certificate_is_told", ZONES "server = { tls = {\n key = \"k\"; }; };",
     "c:2: server.tls.certificate: missing, expected the file of the certificate, as server.tls is given"},
    {"tls_without_a_key_is_told", ZONES "server = { tls = {\n certificate = \"c\"; }; };",
     "c:2: server.tls.key: missing, expected the file of the certificate's key, as server.tls is given"},
    {"tls_on_an_address_that_dns_has_is_told",
     ZONES "server = { listen = [ \"192.0.2.1:53\" ];\n tls = { certificate = \"c\"; key = \"k\";\n listen = [ \"192.0.2.1:53\" ]; }; };",
     "c:2: server.listen[0]: address:port \"192.0.2.1:53\" stands twice, first at c:4: server.tls.listen[0]"},
    {"an_idle_time_too_short_is_told", ZONES "server = { tcp = { idle = \"999ms\"; }; };",
     "c:2: server.tcp.idle: \"999ms\": out of range, expected a duration from 1s to 1h, such as \"500ms\", \"2s\" or \"5m\""},
    {"an_unknown_key_at_the_root_is_told", ZONES "servces = ();", "c:2: servces: unknown key, did you mean \"services\"?"},
    {"a_missing_key_is_told_at_its_group", "zones = (\n{ file = \"z\"; } );", "c:2: zones[0].name: missing, expected a host name"},
    {"a_configuration_without_zones_is_refused", "server = { };", "c:1: zones: missing, expected a list of groups, 1 to 10000 of them"},
    {"an_empty_list_of_zones_is_refused", "zones = ();", "c:1: zones: 0 items, expected a list of groups, 1 to 10000 of them"},
    {"a_key_that_stands_twice_names_both_lines", ZONES "server = { workers = 1;\n workers = 2; };",
     "c:3: server.workers: given twice, first at c:2"},
    {"a_probe_that_stands_twice_names_both_lines", ZONES "probes = { a = { type = \"sip\"; };\n a = { type = \"sip\"; }; };",
     "c:3: probes.a: given twice, first at c:2"},
    {"a_key_that_stands_twice_in_a_list_tells_its_path",
     ZONES "sites = ( " LONDON
           ",\n { name = \"b\"; location = ( 0, 0 ); endpoints = ( { host = \"b.sip.example.com\"; tier = 1;\n tier = 1; } ); } );",
     "c:4: sites[1].endpoints[0].tier: given twice, first at c:3"},
    {"a_group_where_a_number_belongs_is_told", ZONES "server = { workers = { }; };",
     "c:2: server.workers: a group, expected a whole number from 0 to 1024"},
    {"a_text_where_a_number_belongs_is_told", ZONES "server = { workers = \"2\"; };",
     "c:2: server.workers: \"2\", expected a whole number from 0 to 1024"},
    {"a_fraction_where_a_whole_number_belongs_is_told", ZONES "server = { workers = 1.5; };",
     "c:2: server.workers: 1.5, expected a whole number from 0 to 1024"},
    {"a_truth_where_a_text_belongs_is_told", ZONES "server = { id = true; };", "c:2: server.id: true, expected a text, 0 to 255 octets"},
    {"a_number_where_a_group_belongs_is_told", ZONES "server = 1;", "c:2: server: expected a group, { ... }"},
    {"a_number_where_a_list_belongs_is_told", ZONES "sites = 1;", "c:2: sites: expected a list of groups, 0 to 250 of them"},
    {"a_list_where_a_group_of_groups_belongs_is_told", ZONES "probes = ();", "c:2: probes: expected a group of groups, 0 to 4096 of them"},
    {"a_number_where_an_item_is_a_group_is_told", ZONES "sites = ( 1 );", "c:2: sites[0]: expected a group, { ... }"},
    {"a_number_beyond_32_bits_does_not_wrap", ZONES "server = { workers = 4294967297; };",
     "c:2: server.workers: 4294967297: out of range, expected a whole number from 0 to 1024"},
    {"a_number_beyond_64_bits_does_not_wrap", ZONES "server = { workers = 0x10000000000000001; };",
     "c:2: server.workers: 9223372036854775807: out of range, expected a whole number from 0 to 1024"},
    {"a_control_character_in_a_text_is_told", ZONES "server = { id = \"a\\nb\"; };",
     "c:2: server.id: \"a?b\": control characters or not UTF-8, expected a text, 0 to 255 octets"},
    {"a_text_that_is_not_utf8_is_told", ZONES "server = { id = \"\xed\xa0\x80\"; };",
     "c:2: server.id: \"???\": control characters or not UTF-8, expected a text, 0 to 255 octets"},
    {"a_file_name_that_is_empty_is_told", "zones = ( { name = \"a.\"; file = \"\"; } );",
     "c:1: zones[0].file: \"\": empty, expected a file name, 1 to 4095 octets"},
    {"a_check_without_an_address_is_told", ZONES PROBES "checks = (\n{ name = \"db\"; probe = \"options-udp\"; } );",
     "c:4: checks[0].address: missing, expected an IP address, as probe \"options-udp\" has none"},
    {"a_check_that_stands_twice_is_told",
     ZONES PROBES "checks = ( { name = \"db\"; probe = \"options-udp\"; address = \"::1\"; },\n"
                  "{ name = \"db\"; probe = \"options-udp\"; address = \"::1\"; } );",
     "c:4: checks[1].name: check \"db\" stands twice, first at c:3: checks[0].name"},
    {"a_check_of_an_unknown_probe_is_told", ZONES PROBES "checks = (\n{ name = \"db\"; probe = \"options-upd\"; address = \"::1\"; } );",
     "c:4: checks[0].probe: \"options-upd\": no such probe, did you mean \"options-udp\"?"},
    {"a_site_that_depends_on_no_check_is_told", SITE("depends = ( { check = \"db\"; } );"),
     "c:3: sites[0].depends[0].check: \"db\": no such check, expected a name from checks"},
    {"what_takes_a_service_must_name_it", CHECKED("{ check = \"db\"; takes = \"service\"; }"),
     "c:4: sites[0].depends[0].service: missing, expected the name of what falls with the check"},
    {"a_label_without_takes_is_told", CHECKED("{ check = \"db\"; label = \"inbound\"; }"),
     "c:4: sites[0].depends[0].label: stands without takes = \"label\""},
    {"what_takes_a_service_that_is_none_is_told", CHECKED("{ check = \"db\"; takes = \"service\"; service = \"x.sip.example.com.\"; }"),
     "c:4: sites[0].depends[0].service: \"x.sip.example.com.\": there is no such service"},
    {"what_takes_a_label_that_no_service_has_is_told", CHECKED("{ check = \"db\"; takes = \"label\"; label = \"video\"; }"),
     "c:4: sites[0].depends[0].label: \"video\": there is no such service (by its label)"},
    {"safety_that_lets_nothing_fall_is_told", ZONES "safety = { max_down = 0; };",
     "c:2: safety.max_down: 0: out of range, expected a whole number from 1 to 100"},
    {"a_capacity_of_more_than_all_is_told", SITE("min_capacity = 101;"),
     "c:3: sites[0].min_capacity: 101: out of range, expected a whole number from 0 to 100"},
    {"a_hold_longer_than_the_longest_is_told", PROBE("hold_down = \"1m\"; hold_down_max = \"30s\";"),
     "c:3: probes.p.hold_down_max: is shorter than hold_down"},
    {"a_need_of_more_probes_than_there_are_is_told", ENDPOINT("probes = [ \"options-udp\" ]; need = 2;"),
     "c:4: sites[0].endpoints[0].need: 2, expected at most 1, the number of the endpoint's probes"},
    {"a_need_of_none_is_told", ENDPOINT("need = 0;"),
     "c:4: sites[0].endpoints[0].need: 0, expected a text or whole number, \"all\", \"any\" or 1 to 8"},
    {"a_need_that_is_no_word_of_it_is_told", ENDPOINT("need = \"most\";"),
     "c:4: sites[0].endpoints[0].need: \"most\", expected a text or whole number, \"all\", \"any\" or 1 to 8"},
    {"an_address_without_port_is_no_place_to_listen", ZONES "server = { listen = [ \"127.0.0.1\" ]; };",
     "c:2: server.listen[0]: \"127.0.0.1\", expected an address and port such as \"192.0.2.1:53\" or \"[2001:db8::1]:53\""},
    {"a_place_to_listen_that_stands_twice_is_told", ZONES "server = { listen = [ \"[::1]:53\",\n \"[::1]:53\" ]; };",
     "c:3: server.listen[1]: address:port \"[::1]:53\" stands twice, first at c:2: server.listen[0]"},
    {"an_empty_list_to_listen_is_told", ZONES "server = { listen = [ ]; };",
     "c:2: server.listen: 0 items, expected a list of address:port, 1 to 64 of them"},
    {"a_control_path_too_long_for_a_socket_is_told",
     ZONES "server = { control = "
           "\"/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/1234567\"; };",
     "c:2: server.control: /123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/1234567 "
     "has 108 octets, expected at most 107, the longest path of a UNIX socket"},
    {"a_zone_that_stands_twice_is_told_whatever_its_case",
     "zones = ( { name = \"a.b.\"; file = \"z\"; },\n{ name = \"A.B\"; file = \"y\"; } );",
     "c:2: zones[1].name: zone \"a.b.\" stands twice, first at c:1: zones[0].name"},
    {"an_empty_label_makes_no_host_name", "zones = ( { name = \"a..b\"; file = \"z\"; } );",
     "c:1: zones[0].name: \"a..b\": an empty label, expected a host name"},
    {"an_escape_makes_no_host_name", "zones = ( { name = \"a\\\\046b\"; file = \"z\"; } );",
     "c:1: zones[0].name: \"a\\046b\": only letters, digits, -, _ and dots make a host name, expected a host name"},
    {"an_unknown_type_of_probe_lists_the_known", ZONES "probes = { p = { type = \"carrier-pigeon\"; }; };",
     "c:2: probes.p.type: \"carrier-pigeon\", expected one of \"sip\", \"tcp\", \"tls\", \"http\", \"dns\", \"icmp\", \"exec\", \"push\""},
    {"a_key_of_another_type_of_probe_is_told_with_the_types_that_take_it", ZONES "probes = { p = { type = \"icmp\";\n port = 5060; }; };",
     "c:3: probes.p.port: a probe of type \"icmp\" takes no such key, only \"sip\", \"tcp\", \"tls\", \"http\", \"dns\" and \"exec\""},
    {"a_path_that_does_not_begin_at_the_root_is_told", ZONES "probes = { p = { type = \"http\";\n path = \"a b\"; }; };",
     "c:3: probes.p.path: \"a b\" is no path, expected \"/\" and no spaces"},
    {"a_regular_expression_that_is_none_is_told", ZONES "probes = { p = { type = \"http\";\n match_regex = \"(\"; }; };",
     "c:3: probes.p.match_regex: no extended regular expression: Unmatched ( or \\("},
    {"a_regular_expression_that_refers_back_is_told", ZONES "probes = { p = { type = \"http\";\n match_regex = \"(a)\\\\1\"; }; };",
     "c:3: probes.p.match_regex: \"\\1\" refers back, which can take longer than any probe may"},
    {"a_match_without_a_body_is_told", ZONES "probes = { p = { type = \"http\"; match = \"x\";\n method = \"HEAD\"; }; };",
     "c:3: probes.p.method: no body comes for HEAD in which something could be found"},
    {"a_dns_probe_without_a_name_to_ask_for_is_told", ZONES "probes = { p = { type = \"dns\"; }; };",
     "c:2: probes.p.query: missing, a probe of type \"dns\" asks for a name"},
    {"a_command_that_is_missing_is_told", ZONES "probes = { p = { type = \"exec\"; }; };",
     "c:2: probes.p.command: missing, a probe of type \"exec\" runs one"},
    {"a_command_that_would_have_to_be_searched_for_is_told", ZONES "probes = { p = { type = \"exec\";\n command = [ \"check_sip\" ]; }; };",
     "c:3: probes.p.command: \"check_sip\" is no path from /: nothing is searched for, and there is no shell"},
    {"a_percent_sign_that_stands_for_nothing_is_told", ZONES "probes = { p = { type = \"exec\";\n command = [ \"/bin/x\", \"%H\" ]; }; };",
     "c:3: probes.p.command: \"%H\" stands for nothing, expected %a (address), %h (host), %p (port), %s (site) or %%"},
    {"a_percent_sign_at_the_end_of_a_file_is_told", ZONES "probes = { p = { type = \"push\";\n file = \"/run/x%\"; }; };",
     "c:3: probes.p.file: \"%\" stands for nothing, expected %a (address), %h (host), %p (port), %s (site) or %%"},
    {"a_transport_that_does_not_exist_is_told_in_for", PROBE("for = [ \"udp\", \"sctp\" ];"),
     "c:3: probes.p.for[1]: \"sctp\", expected one of \"udp\", \"tcp\", \"tls\", \"ws\", \"wss\"; did you mean \"tcp\"?"},
    {"a_transport_that_a_type_cannot_speak_for_is_told", ZONES "probes = { p = { type = \"tcp\";\n transport = \"udp\"; }; };",
     "c:3: probes.p.transport: a probe of type \"tcp\" cannot speak for udp"},
    {"a_transport_that_cannot_be_probed_is_told", PROBE("transport = \"sctp\";"),
     "c:3: probes.p.transport: \"sctp\", expected one of \"udp\", \"tcp\", \"tls\", \"ws\", \"wss\"; did you mean \"tcp\"?"},
    {"a_certificate_of_a_probe_without_its_key_is_told", PROBE("tls_certificate = \"c.pem\";"),
     "c:2: probes.p.tls_key: missing, tls_certificate needs its key"},
    {"a_path_of_a_websocket_without_its_slash_is_told", PROBE("transport = \"ws\"; path = \"ws\";"),
     "c:3: probes.p.path: \"ws\" is no path, expected \"/\" and no spaces"},
    {"an_origin_with_spaces_is_told", PROBE("transport = \"ws\"; origin = \"a b\";"), "c:3: probes.p.origin: \"a b\" has spaces"},
    {"a_key_of_a_probe_without_its_certificate_is_told", PROBE("tls_key = \"k.pem\";"),
     "c:3: probes.p.tls_key: the key of no tls_certificate"},
    {"a_choice_nearly_right_is_told_with_the_nearest", PARTS SERVICE("policy = \"neerest\";"),
     "c:4: services[0].policy: \"neerest\", expected one of \"nearest\", \"ordered\", \"weighted\"; did you mean \"nearest\"?"},
    {"a_duration_of_no_unit_is_told", PROBE("interval = \"2\";"),
     "c:3: probes.p.interval: \"2\": not a number with ms, s, m, h or d, expected a duration from 200ms to 1h, such as \"500ms\", \"2s\" "
     "or "
     "\"5m\""},
    {"a_duration_of_unknown_unit_is_told", PROBE("interval = \"2w\";"),
     "c:3: probes.p.interval: \"2w\": not a number with ms, s, m, h or d, expected a duration from 200ms to 1h, such as \"500ms\", \"2s\" "
     "or "
     "\"5m\""},
    {"a_duration_too_short_is_told", PROBE("interval = 0.1;"),
     "c:3: probes.p.interval: 0.1: out of range, expected a duration from 200ms to 1h, such as \"500ms\", \"2s\" or \"5m\""},
    {"a_part_of_a_millisecond_is_told", PROBE("interval = \"200.5ms\";"),
     "c:3: probes.p.interval: \"200.5ms\": not in whole milliseconds, expected a duration from 200ms to 1h, such as \"500ms\", \"2s\" or "
     "\"5m\""},
    {"a_ttl_of_part_seconds_is_told", PARTS SERVICE("ttl = \"1500ms\";"),
     "c:4: services[0].ttl: \"1500ms\": not in whole seconds, expected a duration from 1s to 1h, whole seconds, such as \"500ms\", \"2s\" "
     "or \"5m\""},
    {"a_status_code_that_is_provisional_is_told", PROBE("alive = [ 200, 100 ];"),
     "c:3: probes.p.alive[1]: 100: out of range, expected a whole number from 200 to 699"},
    {"a_probe_name_in_capitals_is_told", ZONES "probes = { Options = { type = \"sip\"; }; };",
     "c:2: probes.Options: \"Options\" is no name for a probe, expected 1 to 63 of a-z, 0-9, -"},
    {"an_address_that_is_a_name_is_told", ENDPOINT("address = \"lb1\";"),
     "c:4: sites[0].endpoints[0].address: \"lb1\", expected an IP address"},
    {"an_address_of_many_hosts_is_told", ENDPOINT("address = \"ff02::1\";"),
     "c:4: sites[0].endpoints[0].address: \"ff02::1\": not the address of one host, expected an IP address"},
    {"a_from_that_is_no_domain_is_told", PROBE("from = \"a b\";"),
     "c:3: probes.p.from: \"a b\": only letters, digits, -, _ and dots make a host name, expected a host name"},
    {"a_probe_that_is_not_there_is_told_with_the_nearest", ENDPOINT("probes = [ \"option-udp\" ];"),
     "c:4: sites[0].endpoints[0].probes[0]: \"option-udp\": no such probe, did you mean \"options-udp\"?"},
    {"a_probe_used_twice_is_told", ENDPOINT("probes = [ \"options-udp\", \"options-udp\" ];"),
     "c:4: sites[0].endpoints[0].probes[1]: probe name \"options-udp\" stands twice, first at c:4: sites[0].endpoints[0].probes[0]"},
    {"a_site_name_of_other_letters_is_told", ZONES "sites = ( { name = \"Lon don\"; location = ( 0, 0 ); } );",
     "c:2: sites[0].name: \"Lon don\", expected a name, 1 to 63 of a-z, 0-9, -"},
    {"a_site_that_stands_twice_names_both_lines", ZONES "sites = ( " LONDON ",\n{ name = \"london\"; location = ( 0, 0 ); } );",
     "c:3: sites[1].name: site \"london\" stands twice, first at c:2: sites[0].name"},
    {"a_host_that_stands_twice_names_both_lines",
     ZONES "sites = ( " LONDON ",\n{ name = \"b\"; location = ( 0, 0 ); endpoints = ( { host = \"LB1.sip.example.com\"; } ); } );",
     "c:3: sites[1].endpoints[0].host: host \"lb1.sip.example.com.\" stands twice, first at c:2: sites[0].endpoints[0].host"},
    {"a_host_in_no_zone_is_told_with_the_zones", SITE("endpoints = ( { host = \"lb1.example.com.\"; } );"),
     "c:3: sites[0].endpoints[0].host: \"lb1.example.com.\" lies in no zone of this file, expected a name in one of: sip.example.com."},
    {"a_host_that_only_ends_like_a_zone_is_told", SITE("endpoints = ( { host = \"lbsip.example.com.\"; } );"),
     "c:3: sites[0].endpoints[0].host: \"lbsip.example.com.\" lies in no zone of this file, expected a name in one of: sip.example.com."},
    {"a_location_of_one_number_is_told", ZONES "sites = ( { name = \"a\";\nlocation = ( 1 ); } );",
     "c:3: sites[0].location: expected a pair of numbers, -90 to 90, -180 to 180"},
    {"a_latitude_beyond_the_pole_is_told", ZONES "sites = ( { name = \"a\";\nlocation = ( 90.1, 0 ); } );",
     "c:3: sites[0].location[0]: 90.1: out of range, expected a number from -90 to 90"},
    {"a_min_up_above_the_number_of_endpoints_is_told", SITE("min_up = 2; endpoints = ( { host = \"a.sip.example.com.\"; } );"),
     "c:3: sites[0].min_up: 2, expected at most 1, the number of the site's endpoints"},
    {"a_service_that_stands_twice_names_both_lines",
     PARTS "services = ( { name = \"sip.example.com\"; },\n{ name = \"sip.example.com.\"; } );",
     "c:5: services[1].name: service \"sip.example.com.\" stands twice, first at c:4: services[0].name"},
    {"a_service_in_no_zone_is_told", PARTS "services = ( { name = \"example.com\"; } );",
     "c:4: services[0].name: \"example.com.\" lies in no zone of this file, expected a name in one of: sip.example.com."},
    {"a_service_at_the_host_of_an_endpoint_is_told", PARTS "services = ( { name = \"lb1.sip.example.com\"; } );",
     "c:4: services[0].name: \"lb1.sip.example.com.\" is the host of an endpoint, expected a name of its own"},
    {"a_site_that_is_not_there_is_told_with_the_nearest", PARTS SERVICE("sites = [ \"lodnon\" ];"),
     "c:4: services[0].sites[0]: \"lodnon\": no such site, did you mean \"london\"?"},
    {"a_site_near_nothing_is_told_without_guess", PARTS SERVICE("sites = [ \"atlantis\" ];"),
     "c:4: services[0].sites[0]: \"atlantis\": no such site, expected a name from sites"},
    {"a_site_listed_twice_is_told", PARTS SERVICE("sites = [ \"london\", \"london\" ];"),
     "c:4: services[0].sites[1]: site name \"london\" stands twice, first at c:4: services[0].sites[0]"},
    {"a_service_of_sites_without_endpoints_is_told", SITE("") "services = ( { name = \"sip.example.com\"; } );",
     "c:4: services[0]: the sites of this service have no endpoints, expected at least one"},
    {"a_zone_of_unsound_name_does_not_spoil_the_names_in_it", "zones = ( { name = \"a..b\"; file = \"z\"; } );\n" PROBES SITES,
     "c:1: zones[0].name: \"a..b\": an empty label, expected a host name"},
    {"a_number_where_a_choice_belongs_is_told", PARTS SERVICE("srv = 1;"),
     "c:4: services[0].srv: 1, expected one of \"ranked\", \"weighted\""},
    {"a_number_where_a_name_belongs_is_told", PARTS SERVICE("sites = [ 1 ];"), "c:4: services[0].sites[0]: 1, expected a site name"},
    {"a_utf8_text_cut_short_is_told", ZONES "server = { id = \"\xc3\"; };",
     "c:2: server.id: \"?\": control characters or not UTF-8, expected a text, 0 to 255 octets"},
    {"an_overlong_utf8_form_is_told", ZONES "server = { id = \"\xe0\x80\x80\"; };",
     "c:2: server.id: \"???\": control characters or not UTF-8, expected a text, 0 to 255 octets"},
    {"an_octet_that_begins_no_utf8_is_told", ZONES "server = { id = \"\xff\"; };",
     "c:2: server.id: \"?\": control characters or not UTF-8, expected a text, 0 to 255 octets"},
    {"a_duration_of_two_dots_is_told", PROBE("interval = \"1.2.3s\";"),
     "c:3: probes.p.interval: \"1.2.3s\": not a number with ms, s, m, h or d, expected a duration from 200ms to 1h, such as \"500ms\", "
     "\"2s\" "
     "or \"5m\""},
    {"a_duration_without_digits_is_told", PROBE("interval = \"s\";"),
     "c:3: probes.p.interval: \"s\": not a number with ms, s, m, h or d, expected a duration from 200ms to 1h, such as \"500ms\", \"2s\" "
     "or "
     "\"5m\""},
    {"a_preference_of_nothing_is_told", PREFER("{ sites = [ \"london\" ]; }"),
     "c:5: geo.prefer[0]: has 0 of country, continent and asn, expected exactly one of them"},
    {"a_preference_of_two_things_is_told", PREFER("{ country = \"IE\"; asn = 1; sites = [ \"london\" ]; }"),
     "c:5: geo.prefer[0]: has 2 of country, continent and asn, expected exactly one of them"},
    {"a_preference_without_sites_is_told", PREFER("{ country = \"IE\"; }"),
     "c:5: geo.prefer[0].sites: missing, expected a list of site names, 1 to 250 of them"},
    {"a_preference_that_stands_twice_is_told",
     PREFER("{ country = \"IE\"; sites = [ \"london\" ]; },\n{ country = \"ie\"; sites = [ \"london\" ]; }"),
     "c:6: geo.prefer[1]: the preference of \"country IE\" stands twice, first at c:5: geo.prefer[0]"},
    {"a_country_of_three_letters_is_told", PREFER("{ country = \"IRL\"; sites = [ \"london\" ]; }"),
     "c:5: geo.prefer[0].country: \"IRL\", expected a country code, two letters"},
    {"a_continent_that_is_none_is_told", PREFER("{ continent = \"XX\"; sites = [ \"london\" ]; }"),
     "c:5: geo.prefer[0].continent: \"XX\", expected a continent code, AF, AN, AS, EU, NA, OC, SA"},
    {"an_asn_of_nothing_is_told", PREFER("{ asn = 0; sites = [ \"london\" ]; }"),
     "c:5: geo.prefer[0].asn: 0: out of range, expected a whole number from 1 to 4294967294"},
    {"the_reserved_last_asn_is_told", PREFER("{ asn = 4294967295; sites = [ \"london\" ]; }"),
     "c:5: geo.prefer[0].asn: 4294967295: out of range, expected a whole number from 1 to 4294967294"},
    {"a_syntax_error_is_told_with_its_line", ZONES "\nserver = { workers 2; };", "c:3: syntax error, here or just before"},
    {"a_bracket_that_does_not_fit_is_told_with_its_partner", ZONES "server = (\n{ ) };",
     "c:3: this ) does not fit the { that is open since c:3"},
    {"a_bracket_that_closes_nothing_is_told", ZONES "};", "c:2: this } closes nothing"},
    {"a_bracket_never_closed_is_told_where_it_opens", ZONES "server = {\n workers = 1;\n\n", "c:2: the { that opens here is never closed"},
    {"a_text_never_closed_is_told_where_it_opens", ZONES "server = { id = \"ns1;\n };\n",
     "c:2: the text that begins here has no closing \""},
    {"a_comment_never_closed_is_told_where_it_opens", ZONES "/* server\n\n", "c:2: the comment that begins here has no closing */"},
    {"a_text_with_a_zero_octet_is_told", ZONES "server = { id = \"a\\x00b\"; };", "c:2: a text cannot hold a zero octet"},
    {"a_key_that_begins_with_a_star_is_told", ZONES "*1*workers = 2;", "c:2: a key cannot begin with *"},
};

static void is_told(void **state)
{
    const struct mistake *mistake = *state;
    struct report report;
    report_init(&report);
    struct config *config = config_from_text("c", mistake->text, strlen(mistake->text), &report);
    assert_null(config);
    for (size_t i = 0; i < report.count; i++)
        if (report.findings[i].severity == SEVERITY_ERROR)
            assert_string_equal(report.findings[i].text, mistake->finding);
    assert_int_equal(report.errors, 1);
    report_release(&report);
}

/* Also that none of them hides another. */
static void ten_different_mistakes_are_all_told_in_one_run(void **state)
{
    (void)state;
    static const char text[] = "server = { listen = [ \"localhost:53\" ];\n"
                               "  wrokers = 2; };\n"
                               "geo = { prefer = ( { country = \"IE\"; sites = [ \"lodnon\" ]; } ); };\n"
                               "zones = ( { name = \"sip.example.com.\"; file = \"z\"; } );\n"
                               "probes = { p = { type = \"sipp\";\n"
                               "  interval = \"2 weeks\"; }; };\n"
                               "sites = ( { name = \"london\";\n"
                               "  location = ( 91, 0 ); min_up = 3;\n"
                               "  endpoints = ( { host = \"lb1.example.net.\"; } ); } );\n"
                               "services = ( { name = \"sip.example.com.\"; targets = 17;\n"
                               "  targets = 4; ttl = true; } );\n";
    static const char *const findings[] = {
        "c:11: services[0].targets: given twice, first at c:10",
        "c:1: server.listen[0]: \"localhost:53\", expected an address and port such as \"192.0.2.1:53\" or \"[2001:db8::1]:53\"",
        "c:2: server.wrokers: unknown key, did you mean \"workers\"?",
        "c:5: probes.p.type: \"sipp\", expected one of \"sip\", \"tcp\", \"tls\", \"http\", \"dns\", \"icmp\", \"exec\", \"push\"; did you "
        "mean \"sip\"?",
        ("c:6: probes.p.interval: \"2 weeks\": not a number with ms, s, m, h or d, expected a duration from 200ms to 1h, such as "
         "\"500ms\", "
         "\"2s\" or \"5m\""),
        "c:8: sites[0].location[0]: 91: out of range, expected a number from -90 to 90",
        "c:9: sites[0].endpoints[0].host: \"lb1.example.net.\" lies in no zone of this file, expected a name in one of: sip.example.com.",
        "c:8: sites[0].min_up: 3, expected at most 1, the number of the site's endpoints",
        "c:10: services[0].targets: 17: out of range, expected a whole number from 1 to 16",
        "c:11: services[0].ttl: true, expected a duration from 1s to 1h, whole seconds, such as \"500ms\", \"2s\" or \"5m\"",
        "c:3: geo.prefer[0].sites[0]: \"lodnon\": no such site, did you mean \"london\"?",
    };
    struct report report;
    report_init(&report);
    assert_null(config_from_text("c", text, sizeof text - 1, &report));
    assert_int_equal(report.count, sizeof findings / sizeof findings[0]);
    for (size_t i = 0; i < report.count; i++)
        assert_string_equal(report.findings[i].text, findings[i]);
    report_release(&report);
}

static void a_flood_of_mistakes_is_cut_and_says_so(void **state)
{
    (void)state;
    enum { ITEMS = 9999 + 100 };
    char *text = mem_new(1, ITEMS * 2 + 32), *at = text + sprintf(text, "zones = ( 1");
    for (unsigned i = 0; i < ITEMS; i++)
        at += sprintf(at, ",1");
    sprintf(at, " );");
    struct report report;
    report_init(&report);
    assert_null(config_from_text("c", text, strlen(text), &report));
    assert_int_equal(report.count, 10001);
    assert_string_equal(report.findings[10000].text, "c: there is more that is not told");
    report_release(&report);
    free(text);
}

int main(void)
{
    enum { MISTAKES = sizeof mistakes / sizeof mistakes[0] };
    struct CMUnitTest tests[MISTAKES + 2];
    for (size_t i = 0; i < MISTAKES; i++)
        tests[i] = (struct CMUnitTest){mistakes[i].sentence, is_told, NULL, NULL, (void *)(uintptr_t)&mistakes[i]};
    tests[MISTAKES] = (struct CMUnitTest)cmocka_unit_test(ten_different_mistakes_are_all_told_in_one_run);
    tests[MISTAKES + 1] = (struct CMUnitTest)cmocka_unit_test(a_flood_of_mistakes_is_cut_and_says_so);
    return cmocka_run_group_tests_name("config errors", tests, NULL, NULL);
}
