#!/bin/sh
# make reliability: all faults and all split brains, with the soak beside them, which is about
# memory and logs and not about time; then docs/reliability.md. To be called in the checkout.
# reliability.sh DIR: the programs chaos and soak are in DIR. Environment: SEED, ROUNDS, AT_ONCE.
# Exit code 1 when anything was not as it should be; the page is written then as well.
set -u
dir=$1
results=out/chaos/reliability.jsonl
page=out/chaos/reliability.md

# Who is told to end undoes what it did, and is waited for. The last one that was started is $!.
soak=
stopped() {
	trap '' INT TERM HUP
	kill $soak ${!:-} 2>/dev/null
	wait
	echo "reliability: interrupted; $results has the rounds that were done" >&2
	exit 1
}
trap stopped INT TERM HUP

# In the background, since a shell deals with a signal only between commands, and while it waits.
chaos() {
	"$dir/chaos" ${SEED:+-seed "$SEED"} ${AT_ONCE:+-at-once "$AT_ONCE"} -results "$results" "$@" &
	wait $! || bad=1
}

mkdir -p out/chaos out/soak && rm -f "$results" out/soak/results.jsonl || exit 1
bad=0
"$dir/soak" >out/soak/log 2>&1 &
soak=$!
echo "the soak runs beside the rounds; its output is in out/soak/log"
chaos -rounds "${ROUNDS:-200}"
chaos -split 20
wait "$soak" || { bad=1; echo "the soak was not as it should be:" >&2; tail -n 20 out/soak/log >&2; }
trap - INT TERM HUP

if "$dir/chaos" -report "$results" >"$page" && echo >>"$page" && "$dir/soak" -report out/soak/results.jsonl >>"$page"; then
	cp "$page" docs/reliability.md || exit 1
else
	echo "reliability: docs/reliability.md is as it was; the results are in $results and in out/soak" >&2
	exit 1
fi
exit $bad
