# To be sourced by launch. A certificate that is renewed is taken up within about ten seconds: coturn reads both files again on SIGUSR2 and
# keeps its sessions. Two looks in a row must find the same, for a renewal writes one file after the other.
CERTIFICATE_LOOK_SECONDS=4
fits() { # whether key and certificate belong together, where that can be told: coturn would serve neither
  command -v openssl >/dev/null || return 0
  [ "$(openssl x509 -noout -pubkey -in "$1" 2>/dev/null)" = "$(openssl pkey -pubout -in "$2" 2>/dev/null)" ]
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
