#!/usr/bin/env python3
"""Writes a large installation into a folder: services with A, two SRV names and NAPTR over sites of two load balancers each.

usage: tests/bench/large.py FOLDER [--services 1000] [--sites 50] [--signed nsec|nsec3] [--port 5310]

Then: sipsteerd -c FOLDER/sipsteer.conf. With --signed a key is made by dnssec-keygen; `sipsteer -s FOLDER/control.sock disable site7 ...` is a
site's fall, and `sipsteer status --json` tells how long its publishing took (publish_us).
"""
import argparse
import math
import os
import subprocess

ZONE = "sip.example.com."


def place(number, count):
    """Evenly spread over the inhabited latitudes."""
    height = -0.6 + 1.4 * (number + 0.5) / count
    return math.degrees(math.asin(height)), (number * 137.508) % 360 - 180


def write_zone(path, services, sites):
    with open(path, "w") as out:
        out.write(f"$ORIGIN {ZONE}\n$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n")
        hosts = [(f"lb{k}.s{s}", f"10.{s}.0.{k}") for s in range(sites) for k in (1, 2)]
        for host, address in hosts:
            out.write(f"{host} A {address}\n")
        for n in range(services):
            name = f"c{n}"
            for transport in ("udp", "tcp"):
                out.write(f'{name} NAPTR 10 10 "s" "SIP+D2{transport[0].upper()}" "" _sip._{transport}.{name}\n')
                for host, _ in hosts:
                    out.write(f"_sip._{transport}.{name} SRV 10 1 5060 {host}\n")
            for _, address in hosts:
                out.write(f"{name} A {address}\n")


def write_config(folder, args):
    dnssec = f' dnssec = {{ keys = "keys/"; denial = "{args.signed}"; }};' if args.signed else ""
    with open(os.path.join(folder, "sipsteer.conf"), "w") as out:
        out.write(f'server = {{ listen = ["127.0.0.1:{args.port}"]; workers = 1; control = "control.sock"; state = "state"; }};\n')
        out.write(f'geo = {{ nets = "nets"; }};\nzones = ( {{ name = "{ZONE}"; file = "zone";{dnssec} }} );\nsites = (\n')
        for s in range(args.sites):
            lat, lon = place(s, args.sites)
            hosts = ", ".join(f'{{ host = "lb{k}.s{s}.{ZONE}"; }}' for k in (1, 2))
            out.write(f'  {{ name = "site{s}"; location = ( {lat:.3f}, {lon:.3f} ); endpoints = ( {hosts} ); }}{"," * (s + 1 < args.sites)}\n')
        services = ",\n".join(f'  {{ name = "c{n}.{ZONE}"; }}' for n in range(args.services))
        out.write(f");\nservices = (\n{services} );\n")
    with open(os.path.join(folder, "nets"), "w") as out:
        for a in range(1, 224):
            for b in range(0, 256, 16):
                number = a * 16 + b // 16
                out.write(f"{a}.{b}.0.0/12 {-55 + number * 7 % 120},{-180 + number * 13 % 360}\n")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("folder")
    ap.add_argument("--services", type=int, default=1000)
    ap.add_argument("--sites", type=int, default=50)
    ap.add_argument("--signed", choices=("nsec", "nsec3"))
    ap.add_argument("--port", type=int, default=5310)
    args = ap.parse_args()
    keys = os.path.join(args.folder, "keys")
    os.makedirs(keys, exist_ok=True)
    write_zone(os.path.join(args.folder, "zone"), args.services, args.sites)
    write_config(args.folder, args)
    if args.signed and not os.listdir(keys):
        subprocess.run(["dnssec-keygen", "-q", "-K", keys, "-a", "ECDSAP256SHA256", "-f", "KSK", ZONE], check=True)


if __name__ == "__main__":
    main()
