// SPDX-License-Identifier: Apache-2.0
#include "harness/query/explain.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/base/similar.h"
#include "compile/graph/ops.h"
#include "compile/onnx/import.h"
#include "harness/report/schema.h"

namespace assay {
namespace {

/// Rows of thresholds that are shown: the first channels.
constexpr std::int64_t kShownRows = 8;

struct StageGraph {
  std::string id;
  Graph graph;
};

/// An array of integers whose last axis is a row, and whose other axes broadcast.
class Rows {
 public:
  explicit Rows(const Tensor& tensor) : constant_(*tensor.constant), shape_(constant_.shape()) {
    row_ = shape_.empty() ? 1 : shape_.back();
    if (!shape_.empty()) shape_.pop_back();
  }
  const Shape& shape() const { return shape_; }
  std::int64_t count() const { return element_count(shape_); }

  std::vector<std::int64_t> index(std::int64_t row) const {
    std::vector<std::int64_t> at(shape_.size());
    for (std::size_t axis = at.size(); axis-- > 0; row /= shape_[axis])
      at[axis] = row % shape_[axis];
    return at;
  }
  /// The row at an index of an array of the same rank, or one that has more axes at the end.
  std::vector<std::int64_t> row(const std::vector<std::int64_t>& index) const {
    std::int64_t at = 0;
    for (std::size_t axis = 0; axis < shape_.size(); ++axis)
      at = at * shape_[axis] + std::min(index.at(axis), shape_[axis] - 1);
    std::vector<std::int64_t> values;
    for (std::int64_t i = 0; i < row_; ++i) values.push_back(integer(at * row_ + i));
    return values;
  }

 private:
  std::int64_t integer(std::int64_t i) const {
    return constant_.is_int() ? constant_.ints()[static_cast<std::size_t>(i)]
                              : static_cast<std::int64_t>(constant_.real(i).to_double());
  }
  const Constant& constant_;
  Shape shape_;
  std::int64_t row_ = 1;
};

std::vector<report::ThresholdRow> threshold_rows(const Tensor& thresholds,
                                                 const Tensor* multipliers) {
  const Rows rows(thresholds);
  std::vector<report::ThresholdRow> list;
  for (std::int64_t i = 0; i < std::min(rows.count(), kShownRows); ++i) {
    const std::vector<std::int64_t> index = rows.index(i);
    list.push_back({index, rows.row(index), {}});
    if (multipliers) list.back().multipliers = Rows(*multipliers).row(index);
  }
  return list;
}

/// The thresholds of a node that compares integers, or nothing.
std::optional<report::Thresholds> thresholds_of(const StageGraph& stage, const Node& node) {
  const auto* plain = node.as<ops::MultiThreshold>();
  const auto* join = node.as<ops::JoinThreshold>();
  if (!plain && !join) return {};
  const Tensor& thresholds = *node.inputs[plain ? 1 : 0];
  const Tensor* multipliers = join ? node.inputs[1] : nullptr;
  if (!thresholds.constant || (multipliers && !multipliers->constant)) return {};
  const bool table = join && !multipliers && node.inputs.size() > ops::JoinThreshold::kFirstX + 1;
  report::Thresholds found;
  found.stage = stage.id;
  found.node = node.name;
  found.op = node.op->type();
  found.out_bias = plain ? static_cast<std::int64_t>(plain->out_bias) : join->out_bias;
  found.rows = Rows(thresholds).count();
  if (table) found.table_min = join->table_min;
  found.first_rows = threshold_rows(thresholds, multipliers);
  return found;
}

report::Explain::Place place_of(const std::string& stage, const Node* node, const Tensor* tensor) {
  report::Explain::Place place;
  place.stage = stage;
  if (node) {
    place.node = node->name;
    place.op = node->op->type();
  }
  if (tensor) {
    place.tensor = tensor->name;
    place.dtype = tensor->dtype.name();
    place.shape = tensor->shape;
  }
  return place;
}

template <typename T, typename Wanted>
std::vector<T> matching(const std::vector<T>& list, const Wanted& wanted) {
  std::vector<T> found;
  std::ranges::copy_if(list, std::back_inserter(found), wanted);
  return found;
}

class Explanation {
 public:
  Explanation(const SavedRun& run, const report::Streamline& streamline, std::string name)
      : entries_(streamline.all), name_(std::move(name)), names_{name_} {
    for (const SavedRun::Stage& stage : run.stages)
      stages_.push_back({stage.id, import_bytes(read_file(stage.file), {}, stage.file.string())});
  }

  report::Explain report() {
    // A node may carry a checkpoint, and a quantiser has other names before and after: one round
    // for each, so that every stage's form of it is found.
    follow();
    follow();
    const auto named = [&](const auto& entry) { return names_.contains(entry.node); };
    report::Explain report;
    report.name = name_;
    report.places = find_places();
    report.quantisers =
        matching(entries_.quantisers, [&](const report::Quantiser& q) { return is_it(q); });
    report.folded_into = matching(entries_.quantisers, [&](const report::Quantiser& q) {
      return !is_it(q) && std::ranges::find(q.folded, name_) != q.folded.end();
    });
    report.widths = matching(entries_.widths, named);
    report.units = matching(entries_.units, named);
    report.remarks = matching(entries_.remarks, named);
    if (report.places.empty() && report.quantisers.empty() && report.folded_into.empty() &&
        report.widths.empty() && report.remarks.empty())
      refuse();
    report.thresholds = thresholds();
    return report;
  }

 private:
  bool is_it(const report::Quantiser& q) const {
    return names_.contains(q.node) || names_.contains(q.result) ||
           (!q.checkpoint.empty() && q.checkpoint == name_);
  }

  /// Adds the names that the same quantiser has elsewhere.
  void follow() {
    for (const report::Quantiser& q : entries_.quantisers) {
      if (!is_it(q)) continue;
      names_.insert(q.node);
      names_.insert(q.result);
    }
    for (const StageGraph& stage : stages_)
      for (const Checkpoint& checkpoint : stage.graph.checkpoints())
        if (checkpoint.name == name_ && checkpoint.tensor->producer)
          names_.insert(checkpoint.tensor->producer->name);
  }

  std::vector<report::Explain::Place> find_places() const {
    std::vector<report::Explain::Place> places;
    for (const StageGraph& stage : stages_) {
      bool found = false;
      for (const Checkpoint& checkpoint : stage.graph.checkpoints()) {
        if (checkpoint.name != name_) continue;
        places.push_back(place_of(stage.id, checkpoint.tensor->producer, checkpoint.tensor));
        found = true;
      }
      if (found) continue;
      for (const std::string& name : names_)
        if (const Node* node = stage.graph.find_node(name))
          places.push_back(place_of(stage.id, node, node->outputs.at(0)));
    }
    return places;
  }

  /// Of the last stage that has any.
  std::optional<report::Thresholds> thresholds() const {
    for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage)
      for (const std::string& name : names_) {
        const Node* node = stage->graph.find_node(name);
        if (!node) continue;
        if (auto found = thresholds_of(*stage, *node)) return found;
      }
    return {};
  }

  [[noreturn]] void refuse() const {
    std::set<std::string> known;
    for (const StageGraph& stage : stages_) {
      for (const auto& node : stage.graph.nodes()) known.insert(node->name);
      for (const Checkpoint& checkpoint : stage.graph.checkpoints()) known.insert(checkpoint.name);
    }
    user_error("no stage has a node or checkpoint '{}'; similar names: {}", printable(name_),
               similar_names(name_, {known.begin(), known.end()}));
  }

  const report::StageStreamline& entries_;
  std::string name_;
  std::set<std::string> names_;
  std::vector<StageGraph> stages_;
};

}  // namespace

report::Streamline read_streamline(const std::filesystem::path& dir) {
  const std::filesystem::path file = dir / "reports" / "streamline.json";
  const std::string shown = printable(file.string(), 4096);
  if (!std::filesystem::exists(file))
    user_error(
        "the run in '{}' has no stage from absorb_scales on; run 'assay run MODEL --out {}' "
        "without "
        "--until, or with a later one",
        printable(dir.string(), 4096), printable(dir.string(), 4096));
  try {
    return read_report<report::Streamline>(read_file(file), shown);
  } catch (const UserError& error) {
    user_error("{}; do the run again", error.what());
  }
}

report::Explain explain_node(const SavedRun& run, const report::Streamline& streamline,
                             const std::string& name) {
  return Explanation(run, streamline, name).report();
}

}  // namespace assay
