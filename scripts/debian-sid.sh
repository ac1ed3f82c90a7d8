# Programs of Debian sid beside those of this machine; to be sourced.
# Nothing is installed and no root is needed: apt resolves, downloads and verifies into a folder of ours, as for an empty
# system, and each program there runs with the dynamic linker and the libraries it came with.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# keep_sid FOLDER FRESH PACKAGES PROGRAM...: makes FOLDER/bin/PROGRAM of each program, downloading if they are not there or
# FRESH is yes. PACKAGES are words in one argument.
keep_sid() {
  local folder=$1 fresh=$2 packages=$3 program ready=yes
  shift 3
  mkdir -p "$(dirname "$folder")"
  # Two test files may ask at once: one downloads, the other waits and finds it done.
  exec 9>"$folder.lock"
  flock -w 300 9 || die "another run holds $folder.lock"
  for program in "$@"; do [ -x "$folder/bin/$program" ] || ready=no; done
  if [ "$fresh" = no ] && [ $ready = yes ]; then return; fi
  if [ -e "$folder" ] && [ ! -d "$folder/linker" ]; then die "$folder is there and was not made by this script: it will not be replaced"; fi

  WORK=$(mktemp -d "$folder.XXXXXX")
  trap 'rm -rf "$WORK"' EXIT
  mkdir "$WORK/root" "$WORK/bin" "$WORK/linker"
  # shellcheck disable=SC2086
  download_sid $packages
  for program in "$@"; do make_runnable "$folder" "$program"; done
  rm -rf "$folder"
  mv "$WORK" "$folder"
  trap - EXIT
  for program in "$@"; do
    if ! "$folder/bin/$program" --version >/dev/null 2>&1; then rm "$folder/bin/$program"; die "the $program of sid does not run here"; fi
  done
}

# Unpacks packages and all they depend on into $WORK/root.
download_sid() {
  local archive package
  command -v apt-get >/dev/null || die 'apt-get is needed (a Debian or a relative of it)'
  [ -r $KEYRING ] || die "$KEYRING is missing (Debian: apt-get install debian-archive-keyring)"
  archive=${SPILLWAY_DEBIAN_ARCHIVE:-$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 -E '/debian/?$' || true)}
  [ -n "$archive" ] || die 'apt of this machine names no Debian archive: set SPILLWAY_DEBIAN_ARCHIVE'
  mkdir -p "$WORK/apt/lists/partial" "$WORK/apt/archives/partial"
  # The status file says that nothing is installed, so the C library comes along: no library is shared with this machine.
  : >"$WORK/apt/status"
  printf 'deb [signed-by=%s] %s sid main\n' "$KEYRING" "$archive" >"$WORK/apt/sources.list"
  apt_here update || die "the package list of sid could not be had from $archive"
  apt_here -y --download-only install "$@" || die "$* of sid could not be downloaded"
  for package in "$WORK"/apt/archives/*.deb; do dpkg-deb -x "$package" "$WORK/root"; done
  rm -rf "$WORK/apt"
}

apt_here() {
  apt-get -qq -o Dir::State="$WORK/apt" -o Dir::State::lists="$WORK/apt/lists" -o Dir::State::status="$WORK/apt/status" \
    -o Dir::Cache="$WORK/apt" -o Dir::Etc::sourcelist="$WORK/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null -o APT::Sandbox::User=root \
    -o APT::Install-Recommends=0 -o Acquire::Languages=none -o Debug::NoLocking=1 "$@" >&2
}

# make_runnable FOLDER PROGRAM: a command for it, which is to stand in FOLDER
make_runnable() {
  local folder=$1 program=$2 linker libraries
  linker=$(find "$WORK/root/usr" -type f -name 'ld-linux*.so.*' | head -1)
  [ -n "$linker" ] || die 'the C library of sid brought no dynamic linker'
  libraries=$folder$(dirname "${linker#"$WORK"}")
  # The dynamic linker has the name by which the process shall be known: launch looks for turnserver by that name.
  cp "$linker" "$WORK/linker/$program"
  cat >"$WORK/bin/$program" <<RUN
#!/bin/sh
exec '$folder/linker/$program' --library-path '$libraries:$libraries/systemd' '$folder/root/usr/bin/$program' "\$@"
RUN
  chmod +x "$WORK/bin/$program"
}
