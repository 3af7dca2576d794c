#!/usr/bin/env bash
# Makes a base image for the Dockerfile out of this machine's own node, npm and shell, where no image registry can be
# reached. Needs buildah, and a node whose own files lie in one place (from nodejs.org, NodeSource, nvm or a node image).
#
#   scripts/make-base-image.sh localhost/node
#   buildah bud --isolation=chroot --format docker --build-arg NODE_IMAGE=localhost/node --tag insights .
set -euo pipefail

name=${1:?usage: scripts/make-base-image.sh <name of the image to make>}
tools=(sh env find rm mkdir chmod uname)
root=$(mktemp -d)
container=
clean_up() {
  if [ -n "$container" ]; then buildah rm "$container" >/dev/null; fi
  rm -rf "$root"
}
trap clean_up EXIT

# Copies a program to where it should lie, with the libraries that it is linked with to where it looks for them.
install_program() {
  local from=$1 to=$2 library
  install -D -m 755 "$from" "$root$to"
  for library in $(ldd "$from" | grep -oE '/[^ ]+' || true); do
    [ -e "$root$library" ] || install -D -m 755 "$library" "$root$library"
  done
}

mkdir -p "$root"/{etc,opt,root,usr/local/etc,usr/local/bin,usr/local/lib/node_modules}
mkdir -m 1777 "$root/tmp"
install_program "$(node -p 'process.execPath')" /usr/local/bin/node
for tool in "${tools[@]}"; do
  install_program "$(readlink -f "$(command -v "$tool")")" "/usr/bin/$tool"
done
mkdir -p "$root/bin"
ln -s /usr/bin/sh "$root/bin/sh"

# `npm` on the PATH is a link into npm's own directory.
npm_dir=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
cp -r "$npm_dir" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"

# npm in the image fetches from where npm fetches here, and trusts whom this machine trusts.
registry=$(npm config get registry)
echo "registry=$registry" > "$root/usr/local/etc/npmrc"
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
  if [ -e "$bundle" ]; then
    install -D -m 644 "$bundle" "$root/etc/ssl/certs/ca-certificates.crt"
    echo 'cafile=/etc/ssl/certs/ca-certificates.crt' >> "$root/usr/local/etc/npmrc"
    break
  fi
done

printf 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' > "$root/etc/group"
printf 'hosts: files dns\n' > "$root/etc/nsswitch.conf"

container=$(buildah from scratch)
buildah add --quiet "$container" "$root" / >/dev/null
buildah config --env PATH=/usr/local/bin:/usr/bin:/bin --cmd node "$container"
buildah commit --quiet --format docker "$container" "$name" >/dev/null
echo "made $name: node $(node --version), npm $(npm --version)"
