#!/usr/bin/env python3
"""Makes a disk, attaches it, takes a snapshot, exports that, merges and waits, over Catena's API. Only the standard library.

    catena token create --role admin --expires 1h
    CATENA_TOKEN=ctn_... ./example.py https://HOST:7443 ca.pem SR example.qcow2
"""
import json
import os
import shutil
import ssl
import sys
import urllib.error
import urllib.request
import uuid


class Problem(Exception):
    """What the agent says went wrong, and what to do about it (RFC 9457)."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.code = problem.get("code")
        self.correction = problem.get("correction")
        self.retryable = problem.get("retryable", False)


class Catena:
    def __init__(self, address, authority, token):
        self.address = address.rstrip("/")
        self.tls = ssl.create_default_context(cafile=authority)
        self.token = token

    def ask(self, method, path, body=None, headers=None):
        """Asks once. A POST gets a key, so that it may be sent again if no answer comes."""
        head = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if method == "POST":
            head["Idempotency-Key"] = str(uuid.uuid4())
        head.update(headers or {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, method=method, headers=head)
        try:
            with urllib.request.urlopen(request, context=self.tls, timeout=120) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as failure:
            raise Problem(failure.code, json.loads(failure.read() or b"{}")) from None

    def save(self, path, file):
        """Writes the bytes that are answered to a file, however many they are; returns how many."""
        request = urllib.request.Request(self.address + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, context=self.tls, timeout=120) as answer, open(file, "wb") as out:
            shutil.copyfileobj(answer, out)
            if out.tell() != int(answer.headers["Content-Length"]):
                raise ConnectionError("the stream broke off; ask again with from=" + str(out.tell()))
            return out.tell()

    def every(self, path):
        """All elements of a list, page by page."""
        cursor = ""
        while cursor is not None:
            page = self.ask("GET", f"{path}?limit=500" + (f"&cursor={cursor}" if cursor else ""))
            yield from page["items"]
            cursor = page.get("next")

    def wait(self, job):
        """Waits for the end of a job; each request waits for half a minute at most."""
        while job["state"] == "running":
            job = self.ask("GET", f"/v1/jobs/{job['job']}", headers={"Prefer": "wait=30"})
        if job["state"] != "done":
            raise Problem(409, {"code": "JOB_" + job["state"].upper(), "detail": str(job.get("failure"))})
        return job


def main(address, authority, sr, file):
    catena = Catena(address, authority, os.environ["CATENA_TOKEN"])
    gib = 1 << 30
    capacity = catena.ask("GET", f"/v1/srs/{sr}/capacity?sizeBytes={gib}")
    if not capacity["admissible"]:
        sys.exit(capacity["reason"])
    # The same name is the same disk, however often this is asked.
    disk = catena.ask("PUT", f"/v1/srs/{sr}/vdis/by-client-name/example", {"sizeBytes": gib, "keys": {"owner": "me"}})
    print("disk", disk["vdi"])
    held = f"/v1/vdis/{disk['vdi']}/attachments/example"
    print("reach it at", catena.ask("PUT", held, {"mode": "rw"})["connection"]["nbdUnix"])
    snapshot = catena.ask("POST", "/v1/vdis/snapshot", {"vdis": [disk["vdi"]], "name": "example"})["items"][0]
    print("snapshot", snapshot["vdi"], "held requests back for", snapshot["pauseMicros"], "us")
    catena.ask("DELETE", held)
    print("exported", catena.save(f"/v1/vdis/{snapshot['vdi']}/content?format=qcow2", file), "bytes to", file)
    plan = catena.ask("DELETE", f"/v1/vdis/{snapshot['vdi']}?dryRun=true")
    print("deleting the snapshot would:", " ".join(plan["effects"]))
    catena.ask("DELETE", f"/v1/vdis/{snapshot['vdi']}")
    print("merged:", catena.wait(catena.ask("POST", f"/v1/srs/{sr}/gc"))["result"])
    print("disks now:", ", ".join(vdi["name"] or vdi["vdi"] for vdi in catena.every(f"/v1/srs/{sr}/vdis")))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
