/* A folder of files and the world in it, for the tests of control. For tests only. */
#pragma once

#include "world.h"

#include "control/setup.h"

__attribute__((unused)) static const char *const fixture_files[] = {
    "sipsteer.conf",
    "server = { listen = [ \"127.0.0.1:0\" ]; control = \"control.sock\"; state = \"state\"; };\n"
    "geo = { nets = \"nets.conf\"; };\n"
    "zones = ( { name = \"sip.test.\"; file = \"sip.zone\"; } );\n"
    "probes = { udp = { type = \"sip\"; transport = \"udp\"; port = 5060; interval = \"1s\"; timeout = \"500ms\"; fall = 2; rise = 2;\n"
    "                   confirm = \"100ms\"; }; };\n"
    "sites = ( { name = \"london\"; location = ( 51.5, -0.1 ); endpoints = (\n"
    "              { host = \"lb1.lon.sip.test.\"; probes = [ \"udp\" ]; }, { host = \"lb2.lon.sip.test.\"; probes = [ \"udp\" ]; } ); },\n"
    "          { name = \"ashburn\"; location = ( 39.0, -77.5 ); endpoints = (\n"
    "              { host = \"lb1.ash.sip.test.\"; address = \"127.0.0.9\"; probes = [ \"udp\" ]; }, { host = \"lb10.ash.sip.test.\"; } ); "
    "} );\n"
    "services = ( { name = \"sip.test.\"; targets = 3; ttl = \"30s\"; } );\n",
    "sip.zone",
    "$ORIGIN sip.test.\n$TTL 300\n@ SOA ns1 host 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.53\n"
    "_sip._udp 30 SRV 10 1 5060 lb1.lon\n_sip._udp 30 SRV 10 1 5060 lb2.lon\n_sip._udp 30 SRV 10 1 5060 lb1.ash\n_sip._udp 30 SRV 10 1 "
    "5060 lb10.ash\n"
    "lb1.lon A 192.0.2.1\nlb2.lon A 192.0.2.2\nlb2.lon AAAA 2001:db8::2\nlb1.ash A 192.0.2.3\nlb1.ash AAAA 2001:db8::3\nlb10.ash A "
    "192.0.2.4\n"
    "mail MX 10 ns1\n",
    "nets.conf",
    "10.1.0.0/16 51.4,-0.2\n10.2.0.0/16 sites=ashburn,london\n",
    NULL,
};

struct fixture {
    struct test_world world;
    struct report report;
};

__attribute__((unused)) static void fixture_begin(struct fixture *fixture)
{
    report_init(&fixture->report);
    test_load(&fixture->world, fixture_files, &fixture->report);
    test_print(&fixture->report);
    if (!fixture->world.place)
        abort();
}

__attribute__((unused)) static void fixture_end(struct fixture *fixture)
{
    test_release(&fixture->world, fixture_files);
    report_release(&fixture->report);
}
