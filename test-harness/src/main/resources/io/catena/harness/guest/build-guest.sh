#!/bin/sh
# Builds a small guest out of Debian packages, without installing them: build-guest.sh DIRECTORY [nbd|nfs]
# Makes there: vmlinuz and initrd.gz to boot directly, and boot.raw, a disk of 64 MiB that the BIOS boots:
# GRUB, a partition with the same kernel and initrd, an empty second partition.
# With "nbd" the guest has what it needs to be an NBD client by its kernel, over a virtio network, and XFS.
# With "nfs" it has the kernel's NFS server and client with their programs, NBD devices, and pairs of network cards.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
out=$1
more=${2:-}
work=$out/work
root=$work/root
rm -rf "$work"
mkdir -p "$work/packages" "$work/unpacked" "$root"
cd "$work/packages"

# libraries_for PACKAGE...: the packages of libraries that these need, but for the C library
libraries_for() {
    apt-cache depends --important "$@" | awk '/Depends: lib/ && $2 !~ /^libc6/ {print $2}' | sort -u
}

kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-[0-9].*cloud-amd64$/ {print $2; exit}')
[ -n "$kernel" ] || { echo "apt knows no kernel; run: apt-get update" >&2; exit 1; }
packages="$kernel busybox-static qemu-guest-agent grub-pc-bin grub-common"
[ "$more" != nbd ] || packages="$packages nbd-client libnl-genl-3-200 libnl-3-200"
if [ "$more" = nfs ]; then
    programs="nfs-kernel-server nfs-common rpcbind iproute2 mount"
    # shellcheck disable=SC2086 # lists of words
    libraries=$(libraries_for $programs)
    # shellcheck disable=SC2086
    packages="$packages $programs $libraries $(libraries_for $libraries)"
fi
# shellcheck disable=SC2086 # a list of words
apt-get download -qq $packages 2>&1 | grep -v unsandboxed >&2 || true
for package in *.deb; do
    dpkg-deb -x "$package" "$work/unpacked"
done
cd "$work"
cp unpacked/boot/vmlinuz-* "$out/vmlinuz"

# with_libraries PROGRAM: copies it to /usr/bin of the guest, and what it is linked with
with_libraries() {
    cp -L "$1" "$root/usr/bin/"
    libraries=unpacked/lib/x86_64-linux-gnu:unpacked/usr/lib/x86_64-linux-gnu
    LD_LIBRARY_PATH=$libraries ldd "$1" | sed "s,=> unpacked/,=> $work/unpacked/," | awk '$3 ~ /^\// {print $3} $1 ~ /^\// {print $1}' | while read -r library; do
        place=$root${library#"$work/unpacked"}
        mkdir -p "$(dirname "$place")"
        cp -L "$library" "$place"
    done
}

mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/mod" "$root/mnt" "$root/run" "$root/var/run" \
    "$root/etc" "$root/tmp" "$root/usr/bin"
cp unpacked/bin/busybox "$root/bin/"
with_libraries unpacked/usr/sbin/qemu-ga
with_libraries "$(command -v mke2fs || echo /usr/sbin/mke2fs)"
cp /etc/mke2fs.conf "$root/etc/"
# virtio_ring has to come before virtio; ext4 is built in.
modules="drivers/virtio/virtio_ring drivers/virtio/virtio drivers/virtio/virtio_pci_modern_dev
    drivers/virtio/virtio_pci_legacy_dev drivers/virtio/virtio_pci drivers/block/virtio_blk drivers/char/virtio_console"
if [ "$more" = nbd ]; then
    modules="$modules net/core/failover drivers/net/net_failover drivers/net/virtio_net drivers/block/nbd
        lib/libcrc32c fs/xfs/xfs"
    with_libraries unpacked/sbin/nbd-client
    for program in e2fsck mkfs.xfs xfs_repair; do
        with_libraries "$(command -v $program || echo /usr/sbin/$program)"
    done
fi
if [ "$more" = nfs ]; then
    # Each after what it needs.
    modules="$modules drivers/net/veth drivers/block/nbd net/sunrpc/sunrpc net/sunrpc/auth_gss/auth_rpcgss
        fs/nfs_common/grace fs/nfs_common/nfs_acl fs/lockd/lockd fs/nfsd/nfsd fs/netfs/netfs fs/fscache/fscache
        net/dns_resolver/dns_resolver fs/nfs/nfs fs/nfs/nfsv4"
    for program in sbin/mount.nfs sbin/showmount sbin/rpcbind sbin/ip bin/mount bin/umount usr/sbin/exportfs \
        usr/sbin/rpc.nfsd usr/sbin/rpc.mountd usr/sbin/nfsdcld; do
        with_libraries "unpacked/$program"
    done
    cp "$here/nfs-server" "$root/bin/"
    chmod +x "$root/bin/nfs-server"
    # mount(8) looks for its helpers here.
    mkdir -p "$root/sbin" "$root/var/lib/nfs"
    ln -s ../usr/bin/mount.nfs "$root/sbin/mount.nfs4"
    cp unpacked/etc/netconfig "$root/etc/"
    printf 'sunrpc 111/tcp portmapper\nsunrpc 111/udp portmapper\nnfs 2049/tcp\n' >"$root/etc/services"
    printf 'tcp 6 TCP\nudp 17 UDP\n' >"$root/etc/protocols"
    printf 'root:x:0:0::/:/bin/sh\n_rpc:x:1:1::/run/rpcbind:/bin/false\n' >"$root/etc/passwd"
fi
for module in $modules; do
    cp unpacked/lib/modules/*/kernel/"$module".ko "$root/mod/"
    basename "$module"
done >"$root/mod/order"
cp "$here/guest-init" "$root/init"
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$out/initrd.gz"

mkdir -p files
cp "$out/vmlinuz" "$out/initrd.gz" files/
echo 'set root=(hd0,msdos1)
linux /vmlinuz console=ttyS0 quiet panic=-1 no_timer_check
initrd /initrd.gz
boot' >early.cfg
unpacked/usr/bin/grub-mkimage -d unpacked/usr/lib/grub/i386-pc -O i386-pc -p /grub -c early.cfg -o core.img \
    biosdisk part_msdos ext2 linux

# Partitions: 1 from 1 MiB, 40 MiB long, active; 2 from 41 MiB to the end.
rm -f "$out/boot.raw"
truncate -s 64M "$out/boot.raw"
truncate -s 40M partition.img
mke2fs -q -t ext2 -d files partition.img
dd if=unpacked/usr/lib/grub/i386-pc/boot.img of="$out/boot.raw" bs=440 count=1 conv=notrunc status=none
dd if=core.img of="$out/boot.raw" bs=512 seek=1 conv=notrunc status=none
dd if=partition.img of="$out/boot.raw" bs=1M seek=1 conv=notrunc status=none
{
    printf '\200\0\0\0\203\0\0\0\0\010\0\0\0\100\001\0'
    printf '\0\0\0\0\203\0\0\0\0\110\001\0\0\270\0\0'
} | dd of="$out/boot.raw" bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of="$out/boot.raw" bs=1 seek=510 conv=notrunc status=none
cd "$out"
rm -rf "$work"
