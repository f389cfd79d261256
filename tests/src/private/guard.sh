# Runs one server and outlives the process that asked for it just long enough to stop it.
#
# arguments: the server's folder, the signal that ends the server at once, its command line
# input:     an order a line: "start", or the name of a signal for the server
#            its end means: stop, and clean up
# output:    the process id of a server that was started; "gone" when no process of it is left
folder=$1
last=$2
shift 2
exec 2>>"$folder/log"
server=
mkfifo "$folder/alive"

while read -r order; do
    if [ "$order" = start ]; then
        # All processes of the server inherit this end of the pipe, so reading from the other one
        # ends with the last of them. Opening waits for the reader, so that the process id is told
        # first.
        "$@" >>"$folder/log" 2>&1 9>"$folder/alive" &
        server=$!
        echo "$server"
        { cat "$folder/alive" >/dev/null; echo gone; } &
    else
        kill -s "$order" "$server"
        wait "$server"
        server=
    fi
done

[ -z "$server" ] || kill -s "$last" "$server"
wait
# A PostgreSQL that was killed leaves a piece of shared memory, named at the end of this line.
memory=$(sed -n '7s/.* //p' "$folder/data/postmaster.pid")
[ -z "$memory" ] || ipcrm -m "$memory"
# Whoever was filling the folder when the end came may still be at it, but cannot go on for long.
for _ in 1 2 3 4 5; do
    rm -rf "$folder" && break
    sleep 1
done
