/* The world that the tests of snapshot and answer share: two sites of two, a service with everything, and a zone with all that a zone can hold. */
#pragma once

#define LONG_LABEL "a2345678901234567890123456789012345678901234567890"

static const char example_conf[] =
    "server = { listen = [ \"127.0.0.1:0\" ]; id = \"ns1.test\"; control = \"c\"; state = \"s\"; };\n"
    "geo = { nets = \"nets\"; };\n"
    "zones = ( { name = \"sip.test.\"; file = \"sip.zone\"; }, { name = \"child.sip.test.\"; file = \"child.zone\"; } );\n"
    "sites = ( { name = \"london\"; location = ( 51.5, -0.1 ); endpoints = (\n"
    "    { host = \"lb1.lon.sip.test.\"; }, { host = \"lb2.lon.sip.test.\"; } ); },\n"
    "  { name = \"tokyo\"; location = ( 35.7, 139.7 ); endpoints = (\n"
    "    { host = \"lb1.tyo.sip.test.\"; }, { host = \"lb2.tyo.sip.test.\"; } ); } );\n"
    "services = ( { name = \"sip.test.\"; ttl = \"30s\"; targets = 4; },\n"
    "  { name = \"stat.sip.test.\"; ttl = \"20s\"; on_all_down = \"static\"; },\n"
    "  { name = \"none.sip.test.\"; on_all_down = \"empty\"; srv = \"weighted\"; } );\n";

static const char example_nets[] = "192.0.2.0/24 51,0\n198.51.100.0/24 35,139\n2001:db8::/32 35,139\n";

static const char example_zone[] =
    "$TTL 60\n"
    "@ SOA ns1 hostmaster 7 3600 600 86400 30\n"
    "@ NS ns1\n@ NS ns.other.\n"
    "ns1 A 10.0.0.1\nns1 AAAA fd00::1\n"
    "lb1.lon A 10.1.0.1\nlb1.lon AAAA fd00:1::1\nlb2.lon A 10.1.0.2\nlb1.tyo A 10.2.0.1\nlb2.tyo A 10.2.0.2\nlb2.tyo AAAA fd00:2::2\n"
    "@ A 10.1.0.1\n@ A 10.1.0.2\n@ A 10.2.0.1\n@ A 10.2.0.2\n@ AAAA fd00:1::1\n@ AAAA fd00:2::2\n"
    "@ NAPTR 10 10 \"s\" \"SIP+D2U\" \"\" _sip._udp\n@ NAPTR 20 10 \"s\" \"SIP+D2T\" \"\" _sip._tcp\n"
    "_sip._udp SRV 0 0 5060 lb1.lon\n_sip._udp SRV 0 0 5060 lb2.lon\n_sip._udp SRV 0 0 5060 lb1.tyo\n_sip._udp SRV 0 0 5060 lb2.tyo\n"
    "_sip._tcp SRV 0 0 5060 lb1.lon\n_sip._tcp SRV 0 0 5060 lb1.tyo\n"
    "stat A 10.1.0.1\nstat A 10.2.0.1\nnone A 10.1.0.1\nnone A 10.2.0.1\n_sip._udp.none SRV 5 6 5070 lb1.lon\n_sip._udp.none SRV 5 6 5070 "
    "lb2.lon\n"
    "_gone._udp SRV 0 0 0 .\n"
    "www CNAME web\nweb A 10.9.0.1\nto-service CNAME @\nto-child CNAME x.deleg\nto-missing CNAME nowhere.missing\nto-outside CNAME "
    "www.example.\n"
    "loop1 CNAME loop2\nloop2 CNAME loop1\n"
    "*.wild TXT \"any\"\n*.wild MX 5 mail.wild\nhere.b.wild TXT \"b\"\n*.cw CNAME web\n*.sw CNAME @\n*.sl CNAME " LONG_LABEL "." LONG_LABEL
    "." LONG_LABEL "." LONG_LABEL ".sw\n"
    "a.ent TXT \"x\"\n"
    "deleg NS ns.deleg\ndeleg NS ns.other.\ndeleg DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000\nns.deleg A "
    "10.3.0.1\n"
    "unknown TYPE65280 \\# 3 010203\nmail MX 10 web\n\\065\\.b TXT \"dot\"\n"
    "child NS ns.child\nchild DS 2 13 2 0000000000000000000000000000000000000000000000000000000000000000\nns.child A 10.4.0.1\n";

static const char child_zone[] = "$TTL 60\n@ SOA ns hostmaster 8 3600 600 86400 30\n@ NS ns\nns A 10.4.0.1\nx TXT \"child\"\n";

static const char *const example_files[] = {"test.conf",  example_conf, "nets",     example_nets, "sip.zone",
                                            example_zone, "child.zone", child_zone, NULL};
