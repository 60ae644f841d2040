#!/usr/bin/env bash
# The demo: 24 SIP responders in the background, sipsteerd in the foreground, both ended with Ctrl-C. Started by ./dev demo, which builds first.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

run=contrib/demo/run
mkdir -p "$run/state"

addresses=()
for site in 1 2 3 4 5 6; do # london ashburn sanjose frankfurt amsterdam singapore
    for number in 1 2 3 4; do # lb1 lb2 ms1 ms2
        addresses+=("127.10.$site.$number:5060")
    done
done

responder='' daemon=''
# shellcheck disable=SC2317 # called by the traps
end() {
    trap - EXIT INT TERM HUP
    for pid in $daemon $responder; do
        kill "$pid" 2>/dev/null || true
    done
    wait
}
trap end EXIT
trap 'end; exit 0' INT TERM HUP

build/bin/sip-responder -c "$run/responder.sock" "${addresses[@]}" &
responder=$!
sleep 0.2
kill -0 "$responder" 2>/dev/null || {
    echo "demo: the SIP responders do not start (see above); is a demo running already?" >&2
    exit 1
}

cat <<TXT

sipsteer's demo: six sites (london ashburn sanjose frankfurt amsterdam singapore) of a load-balancer pair (lb1 lb2) and two
servers (ms1 ms2), all on this machine. The name server is 127.0.0.1 port 5300. In another terminal, from $PWD:

$(sed 's/^\([^#]\)/    \1/' contrib/demo/commands)

Ctrl-C ends it.

TXT

# Not exec: the responders are to be ended with it. Job control is off, so both get the terminal's Ctrl-C; wait returns at once for the trap.
build/bin/sipsteerd -c contrib/demo/sipsteer.conf &
daemon=$!
code=0
wait "$daemon" || code=$?
daemon=''
exit "$code"
