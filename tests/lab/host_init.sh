#!/bin/bash
# First process of a lab host. It runs in fresh network, mount, UTS, IPC and PID
# namespaces and gives the host its own name, /run, /tmp, /etc and /var, so that
# daemons keep their default paths and nothing survives the host.
# usage: host_init.sh NAME   (the lab's scratch directory is /run/lab)
set -eu
hostname "$1"
mount -t tmpfs tmpfs /opt
mkdir -p /opt/lab /opt/upper /opt/work
mount --bind /run/lab /opt/lab
for dir in etc var srv; do
  mkdir -p "/opt/upper/$dir" "/opt/work/$dir"
  mount -t overlay -o "lowerdir=/$dir,upperdir=/opt/upper/$dir,workdir=/opt/work/$dir" overlay "/$dir"
done
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/sshd /run/samba /run/lab /run/pids
for dir in /dev/shm /tmp; do
  mount -t tmpfs -o mode=1777 tmpfs "$dir"
done
echo "$1" > /etc/hostname
rm -f /etc/resolv.conf
cp "/opt/lab/$1/hosts" /etc/hosts
cp "/opt/lab/$1/resolv.conf" /etc/resolv.conf
touch "/opt/lab/$1/ready"
# PID 1 of the namespace: collect orphans until the lab ends.
trap : CHLD
trap 'exit 0' TERM
while :; do
  sleep 3600 &
  wait $! || true
done
