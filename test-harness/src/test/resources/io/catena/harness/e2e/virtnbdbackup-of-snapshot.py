"""Backs up a snapshot of a disk as virtnbdbackup does a guest's disk, by that program's own code, out of an agent's NBD server:
virtnbdbackup-of-snapshot.py SOCKET SNAPSHOT OUTPUT NUMBER [BASE]
With BASE, an earlier snapshot, it saves what changed since. What is made is a backup of disk vdb that virtnbdrestore takes.
"""
import importlib.machinery
import importlib.util
import shutil
import sys
from argparse import Namespace

from libvirtnbdbackup import nbdcli, output
from libvirtnbdbackup.virt.client import DomainDisk

DOMAIN = """<domain type='qemu'><name>guest</name><devices><disk type='file' device='disk'>
<driver name='qemu' type='qcow2'/><source file='/vdb.qcow2'/><target dev='vdb'/></disk></devices></domain>
"""


def load():
    """The program, which has no name that could be imported."""
    loader = importlib.machinery.SourceFileLoader("virtnbdbackup", shutil.which("virtnbdbackup"))
    spec = importlib.util.spec_from_loader("virtnbdbackup", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def main(socket, snapshot, directory, number, base=None):
    program = load()
    context = f"qemu:dirty-bitmap:{base}" if base else ""
    # It takes a disk's name for that of the export, and the context for one of a job of qemu's.
    program.setMetaContext = lambda *_: context
    program.connectNbd = lambda *_: nbdcli.client(nbdcli.Unix(snapshot, context, socket)).connect()
    checkpoint = f"virtnbdbackup.{number}"
    args = Namespace(
        level="inc" if base else "full",
        type="stream",
        output=directory,
        offline=False,
        stdout=False,
        qemu=False,
        compress=False,
        noprogress=True,
        nbd_ip="",
        nbd_port=0,
        cpt=Namespace(name=checkpoint, parent=base or ""),
    )
    disk = DomainDisk("vdb", "qcow2", "vdb.qcow2", "/vdb.qcow2", [])
    done = program.backupDisk(args, disk, 0, output.target().Directory(directory), Namespace(remoteHost=""))
    with open(f"{directory}/vmconfig.{checkpoint}.xml", "w", encoding="utf-8") as config:
        config.write(DOMAIN)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
