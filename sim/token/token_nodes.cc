// SPDX-License-Identifier: Apache-2.0
#include "sim/token/token_nodes.h"

#include <utility>

namespace assay::sim::token {

void add_missing(Waits& waits, const Ports& ports, std::uint64_t needs) {
  for (std::size_t i = 0; i < ports.inputs.size(); ++i)
    if ((needs >> i & 1U) != 0 && !ports.inputs[i]->has(ports.inputs[i]->taken))
      waits.push_back({false, i});
}

void add_full(Waits& waits, const Ports& ports) {
  for (std::size_t i = 0; i < ports.outputs.size(); ++i)
    if (ports.outputs[i]->room(ports.outputs[i]->written, ports.capacity[i]) >= kUnlimited)
      waits.push_back({true, i});
}

namespace {

/// Where a controller is in its phases.
class PhaseCounter {
 public:
  explicit PhaseCounter(std::vector<hw::Phase> phases) : phases_(std::move(phases)) {
    std::erase_if(phases_, [](const hw::Phase& phase) { return phase.steps == 0; });
  }
  const hw::Phase& now() const { return phases_[phase_]; }
  void advance() {
    if (++steps_ < now().steps) return;
    steps_ = 0;
    phase_ = phase_ + 1 == phases_.size() ? 0 : phase_ + 1;
  }

 private:
  std::vector<hw::Phase> phases_;
  std::size_t phase_ = 0;
  std::int64_t steps_ = 0;  ///< of this phase that are done
};

/// PhasesTiming.
class Phases final : public CopyableNode<Phases> {
 public:
  Phases(std::vector<hw::Phase> phases, Ports ports)
      : CopyableNode(std::move(ports)), phases_(std::move(phases)) {}
  void run() override {
    while (step()) phases_.advance();
  }
  Waits waits() const override {
    Waits waits;
    add_missing(waits, ports_, phases_.now().needs);
    if (phases_.now().gives) add_full(waits, ports_);
    return waits;
  }

 private:
  bool step() {
    const hw::Phase& phase = phases_.now();
    Cycle at = last_ + 1;
    if (phase.gives) at = std::max(at, out().room(out().written, ports_.capacity[0]));
    if (at >= kUnlimited) return false;
    for (std::uint64_t left = phase.needs; left != 0; left &= left - 1) {
      const Stream& in = *ports_.inputs[static_cast<std::size_t>(std::countr_zero(left))];
      if (!in.has(in.taken)) return false;
      at = std::max(at, in.valid(in.taken));
    }
    for (std::uint64_t left = phase.takes; left != 0; left &= left - 1)
      ports_.inputs[static_cast<std::size_t>(std::countr_zero(left))]->take(at);
    if (phase.gives) out().write(at);
    last_ = at;
    return true;
  }

  PhaseCounter phases_;
  Cycle last_ = -1;
};

/// PhasesTiming with its queue in front: a spare register there, and the one at the output.
class FrontPhases final : public CopyableNode<FrontPhases> {
 public:
  FrontPhases(std::vector<hw::Phase> phases, Ports ports)
      : CopyableNode(std::move(ports)), phases_(std::move(phases)) {}
  void run() override {
    for (accept(); step(); accept()) phases_.advance();
  }
  Waits waits() const override {
    Waits waits;
    if (!held_) add_missing(waits, ports_, phases_.now().needs);
    if (out().taken < out().written) waits.push_back({true, 0});
    return waits;
  }

 private:
  /// A beat passes by the spare register when a step takes it at once.
  void accept() {
    if (held_ || !in().has(in().taken)) return;
    accepted_ = std::max(in().valid(in().taken), used_ + 1);
    in().take(accepted_);
    held_ = true;
  }
  bool step() {
    const hw::Phase& phase = phases_.now();
    if (phase.needs != 0 && !held_) return false;
    Cycle at = phase.needs != 0 ? std::max(last_ + 1, accepted_) : last_ + 1;
    if (const std::int64_t k = out().written; k > 0) {
      if (!out().took(k - 1)) return false;
      at = std::max(at, out().taken_at(k - 1));
    }
    if (phase.takes != 0) {
      held_ = false;
      used_ = at;
    }
    if (phase.gives) out().write(at);
    last_ = at;
    return true;
  }

  PhaseCounter phases_;
  bool held_ = false;  ///< a beat that no step has taken yet
  Cycle accepted_ = -1, used_ = -1, last_ = -1;
};

/// HandOutTiming. The skid stands in front of the outputs.
class HandOut final : public CopyableNode<HandOut> {
 public:
  HandOut(std::vector<std::int64_t> turns, Ports ports)
      : CopyableNode(std::move(ports)), turns_(std::move(turns)) {}
  void run() override {
    while (finish() || accept()) {
    }
  }
  Waits waits() const override {
    Waits waits;
    if (accepted_ == offered_) add_missing(waits, ports_, 1);
    for (std::size_t i = 0; offered_ > finished_ && i < ports_.outputs.size(); ++i)
      if (ports_.outputs[i]->taken < ports_.outputs[i]->written) waits.push_back({true, i});
    return waits;
  }

 private:
  bool accept() {
    if (accepted_ - finished_ >= hw::kSkidBeats || !in().has(in().taken)) return false;
    Cycle at =
        std::max(in().valid(in().taken), accepted_ > 0 ? entered_[(accepted_ - 1) & 1] + 1 : 0);
    // The skid is full until the beat before the last one is done with.
    if (accepted_ >= hw::kSkidBeats) at = std::max(at, done_[accepted_ & 1] + 1);
    in().take(at);
    entered_[accepted_++ & 1] = at;
    offer();
    return true;
  }
  /// Beat k is on the outputs behind its entry and the end of the beat before it.
  void offer() {
    if (offered_ == accepted_ || offered_ > finished_) return;
    const Cycle at =
        std::max(entered_[offered_ & 1], offered_ > 0 ? done_[(offered_ - 1) & 1] : -1);
    if (turns_.empty())
      for (Stream* out : ports_.outputs) out->write(at);
    else
      ports_.outputs[output_]->write(at);
    ++offered_;
  }
  bool finish() {
    if (finished_ == offered_) return false;
    Cycle at = 0;
    for (std::size_t i = 0; i < ports_.outputs.size(); ++i) {
      const Stream& out = *ports_.outputs[i];
      if (!turns_.empty() && i != output_) continue;
      if (!out.took(out.written - 1)) return false;
      at = std::max(at, out.taken_at(out.taken - 1));
    }
    done_[finished_++ & 1] = at;
    if (!turns_.empty() && ++turn_ == turns_[output_]) {
      turn_ = 0;
      output_ = (output_ + 1) % turns_.size();
    }
    offer();
    return true;
  }

  std::vector<std::int64_t> turns_;
  std::int64_t accepted_ = 0, offered_ = 0, finished_ = 0;  ///< beats
  Cycle entered_[2] = {}, done_[2] = {};
  std::size_t output_ = 0;
  std::int64_t turn_ = 0;
};

/// FifoTiming in LUTs.
class LutFifo final : public CopyableNode<LutFifo> {
 public:
  LutFifo(std::int64_t depth, Ports ports) : CopyableNode(std::move(ports)), depth_(depth) {}
  void run() override {
    Stream &in = this->in(), &out = this->out();
    // Behind a deeper one that block RAM held: what that one has taken.
    while (out.written < in.taken) out.write(in.taken_at(out.written));
    while (in.has(in.taken)) {
      const Cycle room = out.room(out.written, depth_);
      if (room >= kUnlimited) return;
      const Cycle at = std::max(room, in.valid(in.taken));
      in.take(at);
      out.write(at);
    }
  }
  Waits waits() const override {
    Waits waits;
    add_missing(waits, ports_, 1);
    add_full(waits, ports_);
    return waits;
  }

 private:
  std::int64_t depth_;
};

/// No FIFO at all: beats are valid on both sides and move on both sides at once. Beats that one in
/// its place held leave first.
class Wire final : public CopyableNode<Wire> {
 public:
  using CopyableNode::CopyableNode;
  void run() override {
    Stream &in = this->in(), &out = this->out();
    while (in.has(out.written))
      out.write(out.written < in.taken ? in.taken_at(out.written) : in.written_at(out.written));
    while (out.took(in.taken)) in.take(out.taken_at(in.taken));
  }
  Waits waits() const override {
    Waits waits;
    add_missing(waits, ports_, 1);
    if (waits.empty()) waits.push_back({true, 0});
    return waits;
  }
};

/// FifoTiming in block RAM: the memory, its output register, and a register behind that.
class BlockFifo final : public CopyableNode<BlockFifo> {
 public:
  void set_depth(std::int64_t depth) { depth_ = depth; }
  BlockFifo(std::int64_t depth, Ports ports) : CopyableNode(std::move(ports)), depth_(depth) {}
  void run() override {
    while (accept() || shift()) {
    }
  }
  Waits waits() const override {
    Waits waits;
    add_missing(waits, ports_, 1);
    if (out().room(in().taken, depth_) >= kUnlimited) waits.push_back({true, 0});
    return waits;
  }

 private:
  bool accept() {
    const Cycle room = out().room(in().taken, depth_);
    if (room >= kUnlimited || !in().has(in().taken)) return false;
    last_ = std::max({last_ + 1, room, in().valid(in().taken)});
    in().take(last_);
    inside_.push_back(last_);
    return true;
  }
  bool shift() {
    const std::int64_t k = out().written;
    if (inside_.empty() || (k > 0 && !out().took(k - 1))) return false;
    // The read finds its register empty, or emptied in this cycle; so does the shift.
    const Cycle read = std::max({inside_.front() + 1, read_ + 1, shifted_});
    const Cycle gone = k > 0 ? out().taken_at(k - 1) : -1;
    inside_.pop_front();
    read_ = read;
    shifted_ = std::max(read + 1, gone);
    out().write(shifted_);
    return true;
  }

  std::int64_t depth_;
  Queue<Cycle> inside_;
  Cycle last_ = -1, read_ = -1, shifted_ = -1;
};

/// ConverterTiming.
class Converter final : public CopyableNode<Converter> {
 public:
  Converter(const hw::ConverterTiming& t, Ports ports) : CopyableNode(std::move(ports)), t_(t) {}
  void run() override {
    while (held_ < t_.out ? take() : emit()) {
    }
  }
  Waits waits() const override {
    Waits waits;
    if (held_ < t_.out)
      add_missing(waits, ports_, 1);
    else
      add_full(waits, ports_);
    return waits;
  }

 private:
  /// Takes a beat when less than an output beat is left, counting one that leaves in this cycle.
  bool take() {
    if (!in().has(in().taken)) return false;
    taken_ = std::max({taken_ + 1, in().valid(in().taken), emitted_});
    in().take(taken_);
    held_ += t_.in;
    return true;
  }
  bool emit() {
    const Cycle room = out().room(out().written, ports_.capacity[0]);
    if (room >= kUnlimited) return false;
    emitted_ = std::max({emitted_ + 1, taken_ + 1, room});
    out().write(emitted_);
    held_ -= t_.out;
    return true;
  }

  hw::ConverterTiming t_;
  std::int64_t held_ = 0;  ///< units
  Cycle taken_ = -1, emitted_ = -1;
};

/// SelectTiming.
class Select final : public CopyableNode<Select> {
 public:
  Select(const hw::SelectTiming& t, Ports ports) : CopyableNode(std::move(ports)), t_(t) {}
  void run() override {
    while (send() || take()) {
    }
  }
  Waits waits() const override {
    Waits waits;
    if (left_ > 0)
      add_full(waits, ports_);
    else
      add_missing(waits, ports_, 1);
    return waits;
  }

 private:
  /// The last beat of a frame is taken when nothing is left to send behind this cycle.
  bool take() {
    const bool last = beat_ == t_.beats - 1;
    if ((last && left_ > 0) || !in().has(in().taken)) return false;
    taken_ = std::max({taken_ + 1, in().valid(in().taken), last ? sent_ : -1});
    in().take(taken_);
    beat_ = last ? 0 : beat_ + 1;
    if (last) {
      left_ = t_.results;
      loaded_ = taken_;
    }
    return true;
  }
  bool send() {
    if (left_ == 0) return false;
    Cycle at = std::max(sent_, loaded_) + 1;
    for (std::size_t i = 0; i < ports_.outputs.size(); ++i)
      at = std::max(at, ports_.outputs[i]->room(ports_.outputs[i]->written, ports_.capacity[i]));
    if (at >= kUnlimited) return false;
    for (Stream* out : ports_.outputs) out->write(at);
    sent_ = at;
    --left_;
    return true;
  }

  hw::SelectTiming t_;
  std::int64_t beat_ = 0, left_ = 0;
  Cycle taken_ = -1, loaded_ = -1, sent_ = -1;
};

struct Maker {
  Ports ports;

  std::unique_ptr<Node> operator()(const hw::PhasesTiming& t) {
    if (t.in_front) return std::make_unique<FrontPhases>(t.phases, std::move(ports));
    return std::make_unique<Phases>(t.phases, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::HandOutTiming& t) {
    return std::make_unique<HandOut>(t.turns, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::FifoTiming& t) {
    if (t.block) return std::make_unique<BlockFifo>(t.depth, std::move(ports));
    ports.capacity[0] = std::max(hw::kSkidBeats, t.depth);
    return std::make_unique<LutFifo>(ports.capacity[0], std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::ConverterTiming& t) {
    return std::make_unique<Converter>(t, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::WindowTiming& t) {
    return make_window(t, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::PickTiming& t) {
    return make_pick(t, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::PipelineTiming& t) {
    return make_pipeline(t, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::ProductTiming& t) {
    return make_product(t, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::SelectTiming& t) {
    return std::make_unique<Select>(t, std::move(ports));
  }
};

}  // namespace

void Source::run() {
  Stream& out = this->out();
  for (std::int64_t k = out.written; k < beats; ++k) {
    if (k >= kAhead && !out.took(k - kAhead)) return;
    if (!offered_.empty() && k >= std::ssize(offered_)) return;
    Cycle at =
        offered_.empty() ? k / out.beats() * interval_ : offered_[static_cast<std::size_t>(k)];
    if (echo_) at = echo_->at(k);
    out.write(at - 1);
  }
}

void Sink::run() {
  Stream& in = this->in();
  for (std::int64_t k = in.taken; in.has(k); ++k) {
    if (!taken_.empty() && k >= std::ssize(taken_)) return;
    Cycle at = taken_.empty() ? in.valid(k) : taken_[static_cast<std::size_t>(k)];
    if (echo_) at = std::max(at, echo_->at(k));
    in.take(at);
  }
}

std::unique_ptr<Node> make_node(const hw::Timing& timing, Ports ports) {
  return std::visit(Maker{std::move(ports)}, timing);
}

std::unique_ptr<Node> make_smaller(const Node& fifo, const std::optional<hw::FifoTiming>& timing) {
  if (!timing) return std::make_unique<Wire>(fifo.ports());
  if (!timing->block) return make_node(*timing, fifo.ports());
  auto smaller = std::make_unique<BlockFifo>(dynamic_cast<const BlockFifo&>(fifo));
  smaller->set_depth(timing->depth);
  return smaller;
}

}  // namespace assay::sim::token
