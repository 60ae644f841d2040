#!/usr/bin/python3
"""What an answer costs sipsteerd, beside gdnsd, Knot DNS (with mod-geoip) and the kernel's floor, where those are installed.

usage: run.py [--rounds N] [--seconds S] [--mmdb FILE] [--bin FOLDER] [--only NAME,...] [--json FILE]

All servers are given the same zone, the same places and the same geo database (a made one of 500,000 networks, or --mmdb: a city database with
GeoLite2's layout). They run on core 0 and the load on core 1, one at a time, in rounds: a round asks every server every kind of query, and
a figure is the median over the rounds of the server's own processor time for an answer, also as a ratio to the floor of the same round. Ratios can
be compared from run to run; microseconds and queries a second depend on the machine and on what else it does.

  static    1,000 names with A and SRV records, at random
  geo_a     one service with one address a site, asked with a client subnet
  geo_srv   one service of pairs and servers: four targets of six sites in order, and their addresses (sipsteerd only)
"""
import argparse
import ipaddress
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))
import mmdb  # noqa: E402

SITES = {"london": (51.5, -0.1), "ashburn": (39.0, -77.5), "sanjose": (37.3, -121.9),
         "frankfurt": (50.1, 8.7), "amsterdam": (52.4, 4.9), "singapore": (1.35, 103.8)}
# Country, continent, centre and its share of the made networks: enough variety for many classes and long paths.
COUNTRIES = [("US", "NA", 39, -98, 30), ("CA", "NA", 56, -106, 4), ("BR", "SA", -10, -55, 5), ("AR", "SA", -34, -64, 2), ("GB", "EU", 54, -2, 7),
             ("DE", "EU", 51, 9, 7), ("FR", "EU", 46, 2, 5), ("NL", "EU", 52, 5, 3), ("PL", "EU", 52, 19, 2), ("IT", "EU", 42, 12, 4),
             ("ES", "EU", 40, -4, 3), ("SE", "EU", 62, 15, 2), ("ZA", "AF", -29, 24, 2), ("NG", "AF", 10, 8, 2), ("EG", "AF", 27, 30, 2),
             ("IN", "AS", 21, 78, 5), ("CN", "AS", 35, 105, 8), ("JP", "AS", 36, 138, 5), ("SG", "AS", 1, 104, 1), ("AU", "OC", -25, 133, 3)]
CONTINENT_SITE = {"EU": "london", "AF": "frankfurt", "AS": "singapore", "OC": "singapore", "NA": "ashburn", "SA": "ashburn", "AN": "ashburn"}
ADDRESS = {site: f"198.51.100.{i + 1}" for i, site in enumerate(SITES)}
NETWORKS, SEED = 500_000, 7
A, SRV = 1, 33
ZONE = "sip.example.com"
KINDS = {"floor": ["static", "geo_a"], "gdnsd": ["static", "geo_a"], "knot": ["static", "geo_a"], "sipsteerd": ["static", "geo_a", "geo_srv"],
         "signed": ["geo_a", "geo_a_do", "geo_srv", "geo_srv_do"]}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    return path


def made_networks(rng):
    """(first address, length) of networks that fill 1.0.0.0 to 224.0.0.0 like real ones: mostly /20 to /24, in runs of one country."""
    at, made = 1 << 24, []
    while at < 224 << 24 and len(made) < NETWORKS:
        length = rng.choices((16, 18, 19, 20, 21, 22, 23, 24), (1, 2, 4, 8, 10, 20, 15, 40))[0]
        at = -(-at // (1 << 32 - length)) * (1 << 32 - length)
        made.append((at, length))
        at += 1 << 32 - length
        if rng.random() < 0.3:
            at += rng.randrange(1, 24) << 8
    return made


def made_database(path):
    """A city database from pseudo-random places; the same on every machine."""
    if os.path.exists(path):
        return path
    print(f"making a geo database of about {NETWORKS} networks ...", file=sys.stderr)
    rng = random.Random(SEED)
    tree, cities = mmdb.Tree(), []
    for country, continent, latitude, longitude, share in COUNTRIES:
        for _ in range(share * 40):
            place = (max(-89.0, min(89.0, latitude + rng.gauss(0, 4))), max(-179.0, min(179.0, longitude + rng.gauss(0, 6))))
            cities.append(mmdb.place(round(place[0], 2), round(place[1], 2), country, continent))
    city = cities[0]
    for bits, length in made_networks(rng):
        if rng.random() < 0.6:
            city = rng.choice(cities)
        tree.insert_bits(bits, length + 96, city)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    tree.write(path + ".new")
    os.replace(path + ".new", path)
    return path


def zone_rows():
    rows = ["@ 30 SOA ns1 hostmaster 1 7200 1800 259200 60", "@ 30 NS ns1", "ns1 30 A 192.0.2.53"]
    for i in range(1, 1001):
        rows += [f"h{i} 30 A 198.51.{101 + i // 250}.{i % 250 + 1}", f"_sip._udp.z{i} 30 SRV 10 50 5060 h{i}"]
    return rows


def query_files(folder):
    rng = random.Random(SEED)
    subnets = []
    for bits, length in rng.sample(made_networks(random.Random(SEED)), 20000):
        subnets.append(f"{ipaddress.ip_address((bits + (rng.randrange(1 << 32 - length) & ~255)) & ~255)}/24")
    static = [rng.choice((f"h{i}.{ZONE} {A}\n", f"_sip._udp.z{i}.{ZONE} {SRV}\n")) for i in (rng.randint(1, 1000) for _ in range(20000))]
    return {"static": write(f"{folder}/static", "".join(static)),
            "geo_a": write(f"{folder}/geo_a", "".join(f"gw.{ZONE} {A} {s}\n" for s in subnets)),
            "geo_srv": write(f"{folder}/geo_srv", "".join(f"_sip._udp.pair.{ZONE} {SRV} {s}\n" for s in subnets)),
            "geo_a_do": write(f"{folder}/geo_a_do", "".join(f"gw.{ZONE} {A} {s} do\n" for s in subnets)),
            "geo_srv_do": write(f"{folder}/geo_srv_do", "".join(f"_sip._udp.pair.{ZONE} {SRV} {s} do\n" for s in subnets))}


def gdnsd(folder, database):
    if not shutil.which("gdnsd"):
        return None
    os.makedirs(f"{folder}/geoip", exist_ok=True)
    shutil.copy(database, f"{folder}/geoip/city.mmdb")
    coords = ", ".join(f"{s} => [{lat},{lon}]" for s, (lat, lon) in SITES.items())
    dcmap = ", ".join(f"{s} => {address}" for s, address in ADDRESS.items())
    write(f"{folder}/config", f"""options => {{ listen => 127.0.0.1:5310, run_dir => {folder}/run, state_dir => {folder}/state, udp_threads => 1, tcp_threads => 1 }}
plugins => {{ geoip => {{
  maps => {{ m => {{ geoip2_db => city.mmdb, datacenters => [{', '.join(SITES)}], auto_dc_coords => {{ {coords} }} }} }}
  resources => {{ gw => {{ map => m, service_types => up, dcmap => {{ {dcmap} }} }} }} }} }}
""")
    write(f"{folder}/zones/{ZONE}", "\n".join(zone_rows() + ["gw 30 DYNA geoip!gw"]) + "\n")
    return ["gdnsd", "-c", folder, "start"], 5310


def knot(folder, database):
    if not shutil.which("knotd"):
        return None
    for sub in ("db", "run"):
        os.makedirs(f"{folder}/{sub}", exist_ok=True)
    write(f"{folder}/knot.conf", f"""server:
    rundir: {folder}/run
    listen: 127.0.0.1@5320
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    edns-client-subnet: on
database:
    storage: {folder}/db
log:
  - target: stderr
    any: error
mod-geoip:
  - id: gw
    config-file: {folder}/geo.conf
    ttl: 30
    mode: geodb
    geodb-file: {database}
    geodb-key: [ country/iso_code ]
zone:
  - domain: {ZONE}
    storage: {folder}/zones
    file: zone
    zonefile-sync: -1
    journal-content: none
    module: mod-geoip/gw
""")
    rows = [f'  - geo: "{country}"\n    A: {ADDRESS[CONTINENT_SITE[continent]]}\n' for country, continent, *_ in COUNTRIES]
    write(f"{folder}/geo.conf", f"gw.{ZONE}:\n" + "".join(rows))
    write(f"{folder}/zones/zone", f"$ORIGIN {ZONE}.\n" + "\n".join(zone_rows() + ["gw 30 A 198.51.100.2"]) + "\n")
    return ["knotd", "-c", f"{folder}/knot.conf"], 5320


def signing_key(folder):
    """The line of the configuration that has the zone signed, or None."""
    if not shutil.which("dnssec-keygen"):
        return None
    if not os.path.isdir(f"{folder}/keys"):
        os.makedirs(f"{folder}/keys", exist_ok=True)
        subprocess.run(["dnssec-keygen", "-q", "-K", f"{folder}/keys", "-a", "ECDSAP256SHA256", "-f", "KSK", ZONE], check=True, stdout=subprocess.DEVNULL)
    return f'dnssec = {{ keys = "{folder}/keys"; }};'


def sipsteerd(folder, database, program, port=5330, dnssec=""):
    if dnssec is None:
        return None
    os.makedirs(f"{folder}/state", exist_ok=True)
    rows, sites = zone_rows(), []
    for i, (site, (lat, lon)) in enumerate(SITES.items()):
        rows += [f"gw 30 A {ADDRESS[site]}", f"one.{site} 30 A {ADDRESS[site]}"]
        pair = []
        for j, (host, tier) in enumerate((("lb1", 1), ("lb2", 1), ("ms1", 2), ("ms2", 2))):
            name, address = f"{host}.{site}", f"203.0.113.{i * 8 + j + 1}"
            rows += [f"{name} 30 A {address}", f"pair 30 A {address}", f"_sip._udp.pair 30 SRV 10 10 5060 {name}"]
            pair.append(f'{{ host = "{name}.{ZONE}."; tier = {tier}; weight = 100; }}')
        where = f"location = ( {float(lat)}, {float(lon)} )"
        one = f'{{ host = "one.{site}.{ZONE}."; tier = 1; weight = 100; }}'
        sites += [f'{{ name = "{site}-one"; {where}; endpoints = ( {one} ); }}', f'{{ name = "{site}"; {where}; endpoints = ( {", ".join(pair)} ); }}']
    write(f"{folder}/zone", f"$ORIGIN {ZONE}.\n" + "\n".join(rows) + "\n")
    ones, pairs = (", ".join(f'"{site}{tail}"' for site in SITES) for tail in ("-one", ""))
    write(f"{folder}/sipsteer.conf", f"""server = {{ listen = [ "127.0.0.1:{port}" ]; workers = 1; control = "{folder}/control.sock"; state = "{folder}/state"; }};
geo = {{ databases = [ "{database}" ]; }};
zones = ( {{ name = "{ZONE}."; file = "zone"; {dnssec} }} );
sites = ( {", ".join(sites)} );
services = (
  {{ name = "gw.{ZONE}."; policy = "nearest"; sites = [ {ones} ]; targets = 1; ttl = "30s"; }},
  {{ name = "pair.{ZONE}."; policy = "nearest"; sites = [ {pairs} ]; targets = 4; ttl = "30s"; }}
);
""")
    return [program, "-c", f"{folder}/sipsteer.conf"], port


def pinned(core):
    return ["taskset", "-c", str(core)] if os.cpu_count() > 1 else []


def answers(load, port, queries, pid):
    return subprocess.run([load, f"127.0.0.1:{port}", queries, "0.1", "1", "1", str(pid)], capture_output=True, text=True).stdout.find("answered=0 ") < 0


def start(name, command, port, folder, load, queries):
    """Starts a server and waits until it answers."""
    log = open(f"{folder}/{name}.log", "w")
    process = subprocess.Popen(pinned(0) + command, stdout=log, stderr=subprocess.STDOUT)
    for _ in range(300):
        if process.poll() is not None:
            break
        if answers(load, port, queries, process.pid):
            return process
        time.sleep(0.1)
    process.terminate()
    process.wait()
    sys.exit(f"{name} does not answer; its log:\n" + "".join(open(f"{folder}/{name}.log").readlines()[-20:]))


def measure(load, port, queries, pid, seconds):
    done = subprocess.run(pinned(1) + [load, f"127.0.0.1:{port}", queries, str(seconds), "8", "64", str(pid)], capture_output=True, text=True, check=True)
    return {key: float(value) for key, value in (part.split("=") for part in done.stdout.split())}


def resident(pid):
    with open(f"/proc/{pid}/status") as f:
        rows = dict(line.split(":", 1) for line in f if ":" in line)
    return int(rows["VmRSS"].split()[0]) // 1024


def rounds(args, servers, running, queries, load):
    seen = {}
    for number in range(args.rounds):
        row = {}
        for name in servers:
            for kind in KINDS[name]:
                row[name, kind] = measure(load, servers[name][1], queries[kind], running[name].pid, args.seconds)
        for (name, kind), result in row.items():
            base = row.get(("floor", "static" if kind == "static" else "geo_a"), {}).get("cpu_us", 0)
            seen.setdefault((name, kind), []).append(dict(result, ratio=result["cpu_us"] / base if base else float("nan")))
        print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
    return seen


def table(seen, running):
    lines = [f"{'server':10} {'queries':8} {'CPU us/answer':>14} {'x floor':>8} {'answers/s':>10} {'lost':>7} {'not NOERROR':>12} {'resident':>9}"]
    result = []
    for (name, kind), rows in seen.items():
        middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        lost = sum(row["lost"] for row in rows) / max(1, sum(row["sent"] for row in rows))
        wrong = sum(row["refused"] for row in rows)
        lines.append(f"{name:10} {kind:8} {middle['cpu_us']:14.2f} {middle['ratio']:8.2f} {middle['qps']:10.0f} {lost:7.2%} {wrong:12.0f} {resident(running[name].pid):6} MB")
        result.append({"server": name, "queries": kind, "lost": lost, **middle})
    return "\n".join(lines), result


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--seconds", type=float, default=2)
    ap.add_argument("--mmdb", help="city database to use instead of the made one")
    ap.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"))
    ap.add_argument("--only", help="servers to run, of: " + ", ".join(KINDS))
    ap.add_argument("--json", help="file for the figures")
    args = ap.parse_args()
    folder = os.path.join(os.path.dirname(args.bin), "bench")
    database = os.path.abspath(args.mmdb) if args.mmdb else made_database(f"{folder}/city.mmdb")
    queries, load = query_files(f"{folder}/queries"), f"{args.bin}/bench-load"
    servers = {"floor": ([f"{args.bin}/bench-floor", "127.0.0.1:5301", "36"], 5301), "gdnsd": gdnsd(f"{folder}/gdnsd", database),
               "knot": knot(f"{folder}/knot", database), "sipsteerd": sipsteerd(f"{folder}/sipsteerd", database, f"{args.bin}/sipsteerd"),
               "signed": sipsteerd(f"{folder}/signed", database, f"{args.bin}/sipsteerd", 5331, signing_key(f"{folder}/signed"))}
    wanted = args.only.split(",") if args.only else list(KINDS)
    servers = {name: server for name, server in servers.items() if server and name in wanted}
    missing = [name for name in wanted if name not in servers]
    running = {}
    try:
        for name, (command, port) in servers.items():
            running[name] = start(name, command, port, folder, load, queries["static"])
        text, result = table(rounds(args, servers, running, queries, load), running)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()
    print(text)
    if missing:
        print(f"not installed: {', '.join(missing)}")
    if args.json:
        write(os.path.abspath(args.json), json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
