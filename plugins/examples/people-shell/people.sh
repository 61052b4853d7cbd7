#!/bin/sh
# A login source in shell. Each line of the file of people is name:id:hash, the hash made by "openssl passwd -6".
set -u
PATH=/usr/bin:/bin
file=

# field FILTER: a member of the line as plain text
field() { printf '%s' "$line" | jq -r "$1"; }

verify() {
  username=$(field .params.username)
  found=
  while IFS=: read -r name id hash; do
    [ "$name" != "$username" ] || found="$id:$hash"
  done <"$file"
  # An unknown name costs the same work: the hash of nobody.
  known=${found#*:}
  known=${known:-'$6$0000000000000000$'}
  salt=${known#\$6\$}
  salt=${salt%%\$*}
  made=$(field .params.password | openssl passwd -6 -salt "$salt" -stdin)
  if [ -n "$found" ] && [ "$made" = "$known" ]; then
    printf '%s' "$line" | jq -c --arg id "${found%%:*}" \
      '{id, result: {ok: true, identity: {externalId: $id, username: .params.username, groups: []}}}'
  else
    printf '%s' "$line" | jq -c '{id, result: {ok: false, why: "credentials"}}'
  fi
}

while IFS= read -r line; do
  case $(field 'if .method then .method else (keys | first) end') in
  hello)
    file=$(field '.hello | if .config.file[:1] == "/" then .config.file else .dataDir + "/" + .config.file end')
    if [ -r "$file" ]; then
      echo '{"hello":{"protocol":1,"id":"people-shell","capabilities":["password"]}}'
    else
      echo '{"refused":"its file of people cannot be read"}'
    fi
    ;;
  password.verify) verify ;;
  ping) printf '%s' "$line" | jq -c '{pong: .ping}' ;;
  shutdown) exit 0 ;;
  *) ;;
  esac
done
