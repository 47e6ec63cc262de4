#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# mutants.sh BUILD COUNT SEED [LEAST] [FOLDER...]: how many of COUNT small faults in the C++ sources the tests notice.
#
# A checkout of HEAD in BUILD/mutants gets one fault at a time, its tests are built and run; what does not build is not
# counted. Prints a line per mutant and the survivors at the end, which BUILD/mutants/survivors has too. Exit code 1 when
# fewer than LEAST percent (default 92) were noticed, 3 when none was tried.
set -eu
[ $# -ge 3 ] || { sed -n '3,8s/^# //p' "$0"; exit 2; }
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
count=$2 seed=$3
shift 3
least=92
case ${1:-} in [0-9]*) least=$1; shift ;; esac
[ $# -gt 0 ] || set -- compile golden sim harness/check

work=$build/mutants tree=$build/mutants/tree
mkdir -p "$work"
rm -rf "$tree"
git clone -q "$source" "$tree"
cd "$tree"
cmake --preset release "-DASSAY_SHARED_DIR=$(sed -n 's/^ASSAY_SHARED_DIR:[A-Z]*=//p' "$build/CMakeCache.txt")" >/dev/null

# The test programs that answer for a source.
tests_of() {
  case $1 in
    compile/base/*) echo base ;;
    compile/graph/*) echo graph passes ;;
    compile/onnx/*) echo onnx error ;;
    compile/hw/*) echo hw top ;;
    compile/backend/*) echo hw top ;;
    compile/passes/*) echo passes error ;;
    golden/data/*) echo data ;;
    golden/kernels/*) echo kernels golden ;;
    golden/hw/*) echo golden hw ;;
    golden/*) echo golden ;;
    sim/*) echo sim hw ;;
    *) echo harness ;;
  esac
}

# Whether a test program passes, its tests spread over two processes.
passes() {
  # Unfiltered but for what is nightly; a mutant may hang.
  export GTEST_TOTAL_SHARDS=2
  GTEST_SHARD_INDEX=0 timeout 600 "$1" --gtest_filter=-*Nightly* --gtest_fail_fast >"$work/log.0" 2>&1 & first=$!
  status=0
  GTEST_SHARD_INDEX=1 timeout 600 "$1" --gtest_filter=-*Nightly* --gtest_fail_fast >"$work/log.1" 2>&1 || status=1
  wait $first || status=1
  return $status
}

# Prints what became of the mutant that lies in the tree: killed by a program, survived, or not built.
judged() {
  for folder in $(tests_of "$1"); do
    ninja -C build/release "test_$folder" >"$work/log.build" 2>&1 || { echo "not built"; return; }
    # shellcheck disable=SC2310
    passes "build/release/tests/test_$folder" || { echo "killed by test_$folder"; return; }
  done
  echo survived
}

built() {
  # Unquoted: one argument per target.
  # shellcheck disable=SC2068
  ninja -C build/release $@ >"$work/log.build" 2>&1 || { tail -n 20 "$work/log.build"; exit 4; }
}

built source_mutants
cp build/release/tests/source_mutants "$work/program"
# Twice as many as asked for: some do not build.
"$work/program" list "$seed" $((2 * count)) $(git ls-files "$@" | grep '\.cc$') >"$work/list"
programs=$(while read -r file _; do tests_of "$file"; done <"$work/list" | tr ' ' '\n' | sort -u | sed 's/^/test_/')
echo "Building" $programs
built $programs
for program in $programs; do
  passes "build/release/tests/$program" || { echo "$program fails without any fault: see $work/log.0 and log.1"; exit 4; }
done

killed=0 tried=0
: >"$work/survivors"
while [ "$tried" -lt "$count" ] && read -r file number what <&3; do
  "$work/program" apply "$file" "$number"
  result=$(judged "$file")
  git checkout -q -- "$file"
  case $result in
    killed*) killed=$((killed + 1)) tried=$((tried + 1)) ;;
    survived) tried=$((tried + 1)); echo "$what" >>"$work/survivors" ;;
  esac
  echo "$tried/$count $what: $result"
done 3<"$work/list"

[ "$tried" -gt 0 ] || { echo "no mutant was tried"; exit 3; }
echo "$killed of $tried killed, $((100 * killed / tried)) %; survivors:"
cat "$work/survivors"
[ $((100 * killed)) -ge $((least * tried)) ]
