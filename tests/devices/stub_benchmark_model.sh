#!/bin/sh
# A stub of LiteRT's benchmark_model: it takes its flags and prints what the real one prints. Run number n (from 1, kept
# in $STUB_COUNT) "takes" n ms. $STUB_FORMAT is old or new; $STUB_FAULT is crash, garbage, short or hang.
runs=0 warm=0 graph=
for word; do
    case $word in
        --num_runs=*) runs=${word#*=} ;;
        --warmup_min_secs=*) warm=${word#*=} ;;
        --graph=*) graph=${word#*=} ;;
    esac
done
echo "$*" >>"$STUB_COUNT.calls"
echo "INFO: STARTING!"
[ -s "$graph" ] || { echo "ERROR: Failed to load model $graph"; exit 1; }
case $STUB_FAULT in
    crash) echo "ERROR: Encountered unresolved custom op: Foo."; exit 1 ;;
    garbage) printf 'count=\001\377 no numbers'; exit 0 ;;
    short) runs=1 ;;
    hang) while :; do sleep 0.2; done ;;
esac
done_before=$(cat "$STUB_COUNT" 2>/dev/null || echo 0)
echo $((done_before + runs)) >"$STUB_COUNT"
first=$(((done_before + 1) * 1000)) last=$(((done_before + runs) * 1000))
percentiles=
if [ "$STUB_FORMAT" != old ]; then
    echo "INFO: Tensorflow Version : 2.19.0"
    echo "VERBOSE: Replacing 58 out of 60 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding 1 partitions for the whole graph."
    percentiles=" p5=$first median=$first p95=$last"
fi
echo "INFO: Initialized session in 3.337ms."
echo "INFO: Running benchmark for at least 1 iterations and at least $warm seconds but terminate if exceeding 150 seconds."
echo "INFO: count=9 first=81913 curr=55502 min=55502 max=81913 avg=58984.7 std=8115$percentiles"
echo
if [ "$runs" -eq 1 ]; then
    echo "INFO: count=1 curr=$first"
else
    echo "INFO: count=$runs first=$first curr=$last min=$first max=$last avg=$(((first + last) / 2)) std=500$percentiles"
fi
echo
echo "INFO: Inference timings in us: Init: 3337, First inference: 81913, Warmup (avg): 58984.7, Inference (avg): $first"
