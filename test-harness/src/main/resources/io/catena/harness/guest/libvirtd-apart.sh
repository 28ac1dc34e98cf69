#!/bin/sh
# Runs libvirtd with a configuration, state and sockets of its own: unshare --mount sh libvirtd-apart.sh DIRECTORY
# It believes to be the host's; what it writes to /etc, /run and /var goes to DIRECTORY. Its socket: DIRECTORY/run/libvirt-sock.
set -eu

# at NAME DIRECTORY-OF-THE-HOST
at() {
    mkdir -p "$directory/$1" "$2"
    mount --bind "$directory/$1" "$2"
}

directory=$1
mount --make-rprivate /
at etc /etc/libvirt
at run /run/libvirt
at lib /var/lib/libvirt
at cache /var/cache/libvirt
at log /var/log/libvirt
# Debian's libvirtd does not start without its user, even if configured for another.
for table in passwd group; do
    if ! grep -q '^libvirt-qemu:' /etc/$table; then
        cp /etc/$table "$directory/$table"
        mount --bind "$directory/$table" /etc/$table
    fi
done
grep -q '^libvirt-qemu:' /etc/group || echo 'libvirt-qemu:x:64055:' >>/etc/group
grep -q '^libvirt-qemu:' /etc/passwd ||
    echo 'libvirt-qemu:x:64055:64055:Libvirt Qemu:/var/lib/libvirt:/usr/sbin/nologin' >>/etc/passwd
exec libvirtd --config /etc/libvirt/libvirtd.conf --pid-file "$directory/libvirtd.pid"
