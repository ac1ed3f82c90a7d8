# To be sourced by launch. A certificate that is renewed is taken up within about ten seconds: coturn reads both files again on SIGUSR2 and
# keeps its sessions. Two looks in a row must find the same, for a renewal writes one file after the other.
CERTIFICATE_LOOK_SECONDS=4
fits() { # whether key and certificate belong together; coturn would serve neither otherwise. Without openssl: whether both are whole
  if ! command -v openssl >/dev/null; then
    whole "$1" CERTIFICATE && whole "$2" 'PRIVATE KEY' || return 1
    say 'warning: without openssl it cannot be told whether certificate and key belong together'
    return 0
  fi
  [ "$(openssl x509 -noout -pubkey -in "$1" 2>/dev/null)" = "$(openssl pkey -pubout -in "$2" 2>/dev/null)" ]
}
whole() { # FILE WHAT: whether it begins and ends as PEM does; a file that is just being written does not
  local text
  { text=$(<"$1"); } 2>/dev/null || return 1
  [[ $text == *'-----BEGIN '*"$2-----"* && ${text##*-----BEGIN } == *"-----END "* ]]
}
look() { stat -L -c '%i %y %s' "$@" 2>/dev/null || true; }
watch_certificate() { # SEEN CERT KEY: what was seen before coturn read them
  local seen=$1 now before='' warned=''
  shift
  # read waits as sleep would, and is no process that outlives this one
  exec {never}<> <(:)
  while kill -0 "$turnserver" 2>/dev/null; do
    read -r -t $CERTIFICATE_LOOK_SECONDS <&"$never" || true
    now=$(look "$@")
    if [ -n "$now" ] && [ "$now" != "$seen" ] && [ "$now" = "$before" ]; then
      if fits "$@"; then
        seen=$now
        kill -USR2 "$turnserver" 2>/dev/null && say 'the certificate was renewed: coturn takes it up'
      elif [ "$warned" != "$now" ]; then
        warned=$now
        say "warning: $1 is no certificate for the key $2: coturn goes on with what it has"
      fi
    fi
    before=$now
  done
}
