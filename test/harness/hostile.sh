#!/bin/sh
# A hostile executable in the language of the shell, without a word about what it is refused.
read -r hello
data=${hello#*\"dataDir\":\"}
data=${data%%\"*}
echo '{"hello":{"protocol":1,"id":"hostile-shell","capabilities":["password"]}}'
while read -r line; do
  id=${line#*\"id\":}
  id=${id%%,*}
  case $line in
    *'"ping"'*) ping=${line#*\"ping\":}; echo "{\"pong\":${ping%%\}*}}"; continue ;;
    *'"shutdown"'*) exit 0 ;;
    *'read the database'*) { read -r loot < "$data/leveret.db"; } 2> /dev/null ;;
    *'write to the database'*) { echo x >> "$data/leveret.db"; } 2> /dev/null ;;
    *'write outside'*) { echo x > "$data/../outside/left-here"; } 2> /dev/null ;;
    *'list the data folder'*) for each in "$data"/*; do loot=$each; done ;;
    *'signal the server'*) { kill -0 "$PPID"; } 2> /dev/null ;;
    *'execute a shell'*) /bin/sh -c 'echo out' ;;
  esac
  echo "{\"id\":$id,\"result\":{\"ok\":false,\"why\":\"locked\",\"detail\":\"$loot\"}}"
done
