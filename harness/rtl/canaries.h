// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/report/parts.h"
#include "harness/rtl/sim_run.h"

/// Whether a simulation's own account of what it compared can be believed.
namespace assay {

/// The digest (sim/bench/bench.h) of the beats that a stream should carry, formed here from
/// golden's.
std::uint64_t beat_digest(const sim::Tokens& tokens, std::int64_t frames);
/// The digest of places alone, in their order.
std::uint64_t place_digest(std::span<const std::int64_t> places);

/// How many beats of a stream were compared for certain: as many as the bench says where it found
/// some that differ, else all of them where the digest of what it compared is golden's, else none.
std::int64_t proved_beats(const sim::Tokens& tokens, const sim::StreamCounts& counts,
                          std::int64_t frames);
/// Of all outputs, or of all streams inside.
std::int64_t proved_outputs(const SimSubject& subject, const SimRun& run);
std::int64_t proved_monitors(const SimSubject& subject, const SimRun& run);

/// What in a result contradicts golden's beats or itself though no beat is said to differ; empty:
/// nothing.
std::string doubtful(const SimSubject& subject, const SimRun& run);

/// Faults in what every output and every stream inside is expected to carry: the lowest bit of its
/// first beat, the topmost of its last, and any bit of a beat of the first, the middle and the last
/// frame.
std::vector<PlantedFault> draw_faults(const SimSubject& subject, std::int64_t frames,
                                      std::uint64_t seed);

/// The faults of a run with planted faults or with `breaks_rules`, and how many of them it reports,
/// of a stream all or none; when it reports anything else, none are.
report::Canaries canaries_of(const SimSubject& subject, const SimRun& run);
report::Canaries canaries_of(const SimSubject& subject, const std::vector<SimRun>& runs);

}  // namespace assay
