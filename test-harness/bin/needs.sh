# What the tests need: programs, packages, a JDK. Read by verify and e2e, with $program as the name for messages, and in e2e
# $scenario. Packages that are missing are installed by root; others are told the command. Sets JAVA_HOME.

missing=''

# need PROGRAM PACKAGE
need() {
    if ! command -v "$1" >/dev/null 2>&1; then
        case " $missing " in
            *" $2 "*) ;;
            *) missing="$missing $2" ;;
        esac
    fi
}

# The major version of a JDK's compiler, 0 if there is none.
javac_version() {
    version=$("$1" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p') || version=''
    echo "${version:-0}"
}

compiler=javac
if [ -n "${JAVA_HOME:-}" ]; then
    compiler=$JAVA_HOME/bin/javac
fi
if [ "$(javac_version "$compiler")" -lt 17 ]; then
    if [ -n "${JAVA_HOME:-}" ]; then
        echo "$program: JAVA_HOME=$JAVA_HOME is no JDK of version 17 or later" >&2
        exit 1
    fi
    missing="$missing openjdk-17-jdk-headless"
fi
need mvn maven
need fio fio
need python3 python3
need qemu-img qemu-utils
need qemu-io qemu-utils
need qemu-nbd qemu-utils
need nbdcopy libnbd-bin
need nbdinfo libnbd-bin
need nbdkit nbdkit
need openssl openssl
need vhdimount libvhdi-utils
need mkfs.xfs xfsprogs
need umount mount
need mkfs.ext4 e2fsprogs
need filefrag e2fsprogs
need mkfs.btrfs btrfs-progs
need tar tar
need strace strace
need etcd etcd-server
need xz xz-utils
need curl curl
need promtool prometheus
need chromium chromium
need chromedriver chromium-driver
# For the tests with real guests, which are built out of packages that apt downloads meanwhile.
need qemu-system-x86_64 qemu-system-x86
need libvirtd libvirt-daemon
need virsh libvirt-clients
need node nodejs
need npm npm
need cpio cpio
need apt-get apt
need mke2fs e2fsprogs
need unshare util-linux
need mmdebstrap mmdebstrap
if [ "${scenario:-}" = virtnbdbackup ]; then
    need virtnbdbackup virtnbdbackup
fi
if [ "${scenario:-}" = package ]; then
    need rpm rpm
    need rpmlint rpmlint
fi
if [ ! -e /usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so ]; then
    missing="$missing libvirt-daemon-driver-qemu"
fi
if [ "$(id -u)" -ne 0 ]; then
    # Root mounts and unmounts by itself.
    need fusermount fuse3
fi

if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "$program: missing; install with: sudo apt-get install -y$missing" >&2
        exit 1
    fi
    echo "$program: missing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q </dev/null
    # Newer releases have no JDK 17, but a default that is newer.
    if ! apt-cache show openjdk-17-jdk-headless >/dev/null 2>&1; then
        missing=$(echo "$missing" | sed 's/openjdk-17-jdk-headless/default-jdk-headless/')
    fi
    # shellcheck disable=SC2086 # a list of words
    apt-get install -y -q --no-install-recommends $missing </dev/null
fi
# Debian's libvirt, when root runs it, wants a user that only its system package makes; the rest of that is not needed.
if [ "$(id -u)" -eq 0 ] && ! getent passwd libvirt-qemu >/dev/null; then
    useradd --system --user-group --no-create-home --shell /usr/sbin/nologin libvirt-qemu
fi
if [ ! -e /dev/fuse ]; then
    echo "$program: /dev/fuse is missing (in a container: run it with --device /dev/fuse --cap-add SYS_ADMIN);" \
        "the tests that compare with libvhdi will fail" >&2
fi

if [ -z "${JAVA_HOME:-}" ]; then
    javac_path=$(readlink -f "$(command -v javac)")
    JAVA_HOME=${javac_path%/bin/javac}
    export JAVA_HOME
fi
