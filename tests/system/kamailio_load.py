"""A real Kamailio that keeps dialogs and tells its load as contrib/load has it, and SIPp as both sides of its calls."""
import signal
import subprocess

from kamailio import Kamailio
from lab import ROOT

# A call goes through the Kamailio to the address and port of the callee.
CALLS = """
loadmodule "rr.so"
loadmodule "dialog.so"
#!define LOAD_LISTEN tcp:%(page)s
include_file "{root}/contrib/load/kamailio.cfg"

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ exit; }}
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "%(name)s"); exit; }}
    if (is_method("INVITE|ACK|BYE")) {{ dlg_manage(); }}
    $du = "sip:%(callee)s";
    t_relay();
    exit;
}}
""".format(root=ROOT)


def start(folder, name, address, callee):
    """It listens at address:5060 for calls and at address:8080 for who reads its load."""
    return Kamailio(folder, name, address, kind=CALLS.replace("%(page)s", f"{address}:8080").replace("%(callee)s", callee))


class Calls:
    """SIPp: answers at `callee`, and calls through the Kamailio; each call lasts so long."""

    def __init__(self, folder, callee, through, rate, seconds, most):
        address, port = callee.split(":")
        self.log = open(f"{folder}/sipp.log", "w")
        common = dict(stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, cwd=folder)
        self.callee = subprocess.Popen(["sipp", "-sn", "uas", "-i", address, "-p", port, "-nostdin"], **common)
        self.caller = subprocess.Popen(["sipp", "-sn", "uac", f"{through}:5060", "-i", address, "-p", "5092", "-nostdin", "-r", str(rate), "-l", str(most),
                                        "-d", str(seconds * 1000), "-m", "100000"], **common)

    def stop_calling(self):
        """No new calls; those there are end in time."""
        self.caller.send_signal(signal.SIGUSR1)

    def end(self):
        for process in (self.caller, self.callee):
            process.kill()
            process.wait()
        self.log.close()
