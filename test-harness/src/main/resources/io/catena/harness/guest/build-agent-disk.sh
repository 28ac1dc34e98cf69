#!/bin/sh
# Puts what a guest needs to run the agent onto a disk: build-agent-disk.sh DIRECTORY CLONE JAVA_HOME PROGRAM...
# Makes there: agent/, with a small Java, the agent, some programs and their libraries; agent.raw, a file system with the same,
# which the guest has to mount at the same path: Java's archive of classes is bound to the paths that it was made with.
# A PROGRAM may be a directory, which is copied. With a path of Python goes python/, of whose library only that is there which the
# storage driver takes.
set -eu

out=$1
clone=$2
java_home=$3
shift 3
root=$out/agent
mkdir -p "$root/bin" "$root/lib" "$root/clone/host-agent/target"

"$java_home/bin/jlink" --strip-debug --no-header-files --no-man-pages --output "$root/java" \
    --add-modules java.base,java.logging,java.management,java.naming,java.sql,java.xml,jdk.management,jdk.net,jdk.unsupported
cp -R "$clone/host-agent/bin" "$root/clone/host-agent/"
cp -Rp "$clone/host-agent/target/catena.jar" "$clone/host-agent/target/lib" "$root/clone/host-agent/target/"

# libraries_of PROGRAM
libraries_of() {
    ldd "$1" | awk '$3 ~ /^\// {print $3}' | while read -r library; do
        cp -L "$library" "$root/lib/"
    done
}

# library_of_python PYTHON
library_of_python() {
    "$1" -IS -c 'import socket, sys, time
for module in list(sys.modules.values()):
    print(getattr(module, "__file__", None) or "")' | grep ^/ | while read -r file; do
        mkdir -p "$root/python$(dirname "$file")"
        cp -p "$file" "$root/python$file"
    done
}

for program in "$@"; do
    case $program in
        */python3) library_of_python "$program" ;;
    esac
    if [ -d "$program" ]; then
        cp -R "$program" "$root/"
        continue
    fi
    file=$(command -v "$program" || echo "/usr/sbin/$program")
    cp -L "$file" "$root/bin/"
    libraries_of "$file"
done
libraries_of "$root/java/bin/java"
libraries_of "$root/java/lib/server/libjvm.so"
libraries_of "$root/java/lib/libnio.so"
rm -f "$root"/lib/libjvm.so "$root"/lib/libjava.so "$root"/lib/libjli.so

# Emulated, the agent needs minutes to start without it.
host_agent=$root/clone/host-agent
sh "$host_agent/bin/make-archive" "$root/java/bin/java" "$host_agent/target/catena.jar" "$host_agent/target/cds/java.jsa"

truncate -s 320M "$out/agent.raw"
mke2fs -q -t ext2 -m 0 -d "$root" "$out/agent.raw"
