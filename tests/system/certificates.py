"""Certificates for tests, made by openssl, each signed by itself."""
import base64
import hashlib
import os
import subprocess


def openssl(*words, **options):
    done = subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, **options)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def make(folder, name="ns1.test", days=90, key="ec", address="127.0.0.1", files=("cert.pem", "key.pem"), chain=()):
    """Writes both files, each at once, the key first as certbot does; chain: further certificates behind the first."""
    new = ["-newkey", "rsa:2048"] if key == "rsa" else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made = [f"{folder}/{file}.new" for file in files]
    openssl("req", "-x509", *new, "-nodes", "-days", str(days), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:{address}",
            "-out", made[0], "-keyout", made[1])
    with open(made[0], "a") as f:
        for more in chain:
            with open(more) as of:
                f.write(of.read())
    for file, new in reversed(list(zip(files, made))):
        os.replace(new, f"{folder}/{file}")
    return fingerprint(f"{folder}/{files[0]}")


def fingerprint(path):
    return hashlib.sha256(openssl("x509", "-in", path, "-outform", "DER")).hexdigest()


def pin(path):
    """What kdig +tls-pin wants: the digest of the public key."""
    public = openssl("x509", "-in", path, "-pubkey", "-noout")
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, capture_output=True, timeout=60, check=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()
