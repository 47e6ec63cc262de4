// SPDX-License-Identifier: Apache-2.0
#include "sim/token_nodes.h"

#include <type_traits>

#include "compile/base/error.h"

namespace assay::sim::token {
namespace {

using Waits = std::vector<Node::Wait>;

/// Inputs without the beat they need, and, where `room`, outputs without room.
void add_missing(Waits& waits, const Ports& ports, std::uint64_t needs) {
  for (std::size_t i = 0; i < ports.inputs.size(); ++i)
    if ((needs >> i & 1U) != 0 && !ports.inputs[i]->has(ports.inputs[i]->taken))
      waits.push_back({false, i});
}

bool has_room(const Ports& ports, std::size_t output) {
  const Stream& out = *ports.outputs[output];
  return out.room(out.written, ports.capacity[output]) < kUnlimited;
}

void add_full(Waits& waits, const Ports& ports) {
  for (std::size_t i = 0; i < ports.outputs.size(); ++i)
    if (!has_room(ports, i)) waits.push_back({true, i});
}

/// PhasesTiming, and a FifoTiming in LUTs: one phase in front of a deeper queue.
class Phases final : public Node {
 public:
  Phases(std::vector<hw::Phase> phases, Ports ports)
      : phases_(std::move(phases)), ports_(std::move(ports)), out_(*ports_.outputs[0]) {
    std::erase_if(phases_, [](const hw::Phase& phase) { return phase.steps == 0; });
  }
  void run() override {
    while (step())
      if (++steps_ == phases_[phase_].steps) {
        steps_ = 0;
        phase_ = phase_ + 1 == phases_.size() ? 0 : phase_ + 1;
      }
  }
  Waits waits() const override {
    Waits waits;
    add_missing(waits, ports_, phases_[phase_].needs);
    if (phases_[phase_].gives) add_full(waits, ports_);
    return waits;
  }

 private:
  bool step() {
    const hw::Phase& phase = phases_[phase_];
    Cycle at = last_ + 1;
    if (phase.gives) at = std::max(at, out_.room(out_.written, ports_.capacity[0]));
    if (at >= kUnlimited) return false;
    for (std::uint64_t left = phase.needs; left != 0; left &= left - 1) {
      const Stream& in = *ports_.inputs[static_cast<std::size_t>(std::countr_zero(left))];
      if (!in.has(in.taken)) return false;
      at = std::max(at, in.valid(in.taken));
    }
    for (std::uint64_t left = phase.takes; left != 0; left &= left - 1)
      ports_.inputs[static_cast<std::size_t>(std::countr_zero(left))]->take(at);
    if (phase.gives) out_.write(at);
    last_ = at;
    return true;
  }

  std::vector<hw::Phase> phases_;
  Ports ports_;
  Stream& out_;
  std::size_t phase_ = 0;
  std::int64_t steps_ = 0;  ///< of this phase that are done
  Cycle last_ = -1;
};

/// HandOutTiming. The skid stands in front of the outputs.
class HandOut final : public Node {
 public:
  HandOut(std::vector<std::int64_t> turns, Ports ports)
      : turns_(std::move(turns)), ports_(std::move(ports)), in_(*ports_.inputs[0]) {}
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
    if (accepted_ - finished_ >= hw::kSkidBeats || !in_.has(in_.taken)) return false;
    Cycle at =
        std::max(in_.valid(in_.taken), accepted_ > 0 ? entered_[(accepted_ - 1) & 1] + 1 : 0);
    // The skid is full until the beat before the last one is done with.
    if (accepted_ >= hw::kSkidBeats) at = std::max(at, done_[accepted_ & 1] + 1);
    in_.take(at);
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
      if (out.taken < out.written) return false;
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
  Ports ports_;
  Stream& in_;
  std::int64_t accepted_ = 0, offered_ = 0, finished_ = 0;  ///< beats
  Cycle entered_[2] = {}, done_[2] = {};
  std::size_t output_ = 0;
  std::int64_t turn_ = 0;
};

/// FifoTiming in block RAM: the memory, its output register, and a register behind that.
class BlockFifo final : public Node {
 public:
  BlockFifo(std::int64_t depth, Ports ports)
      : depth_(depth), ports_(std::move(ports)), in_(*ports_.inputs[0]), out_(*ports_.outputs[0]) {}
  void run() override {
    while (accept() || shift()) {
    }
  }
  Waits waits() const override {
    Waits waits;
    add_missing(waits, ports_, 1);
    if (out_.room(in_.taken, depth_) >= kUnlimited) waits.push_back({true, 0});
    return waits;
  }

 private:
  bool accept() {
    const Cycle room = out_.room(in_.taken, depth_);
    if (room >= kUnlimited || !in_.has(in_.taken)) return false;
    last_ = std::max({last_ + 1, room, in_.valid(in_.taken)});
    in_.take(last_);
    inside_.push_back(last_);
    return true;
  }
  bool shift() {
    const std::int64_t k = out_.written;
    if (inside_.empty() || k > out_.taken) return false;
    // The read finds its register empty, or emptied in this cycle; so does the shift.
    const Cycle read = std::max({inside_.front() + 1, read_ + 1, shifted_});
    const Cycle gone = k > 0 ? out_.taken_at(k - 1) : -1;
    inside_.pop_front();
    read_ = read;
    shifted_ = std::max(read + 1, gone);
    out_.write(shifted_);
    return true;
  }

  std::int64_t depth_;
  Ports ports_;
  Stream &in_, &out_;
  std::deque<Cycle> inside_;
  Cycle last_ = -1, read_ = -1, shifted_ = -1;
};

/// ConverterTiming.
class Converter final : public Node {
 public:
  Converter(const hw::ConverterTiming& t, Ports ports)
      : t_(t), ports_(std::move(ports)), in_(*ports_.inputs[0]), out_(*ports_.outputs[0]) {}
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
    if (!in_.has(in_.taken)) return false;
    taken_ = std::max({taken_ + 1, in_.valid(in_.taken), emitted_});
    in_.take(taken_);
    held_ += t_.in;
    return true;
  }
  bool emit() {
    const Cycle room = out_.room(out_.written, ports_.capacity[0]);
    if (room >= kUnlimited) return false;
    emitted_ = std::max({emitted_ + 1, taken_ + 1, room});
    out_.write(emitted_);
    held_ -= t_.out;
    return true;
  }

  hw::ConverterTiming t_;
  Ports ports_;
  Stream &in_, &out_;
  std::int64_t held_ = 0;  ///< units
  Cycle taken_ = -1, emitted_ = -1;
};

/// WindowTiming.
class Window final : public Node {
 public:
  Window(const hw::WindowTiming& t, Ports ports)
      : t_(t), ports_(std::move(ports)), in_(*ports_.inputs[0]), out_(*ports_.outputs[0]) {
    stored_.resize(std::bit_ceil(static_cast<std::uint64_t>(t.depth + 1)));
  }
  void run() override {
    while (take() || read() || leave()) {
    }
  }
  Waits waits() const override {
    Waits waits;
    if (word_ >= in_.taken)
      add_missing(waits, ports_, 1);
    else if (tap_)
      add_full(waits, ports_);
    return waits;
  }

 private:
  Cycle& stored(std::int64_t word) {
    return stored_[static_cast<std::uint64_t>(word) & (stored_.size() - 1)];
  }
  /// Writes words until the ring is full.
  bool take() {
    bool any = false;
    for (; in_.has(in_.taken) && in_.taken < freed_ + t_.depth; any = true) {
      Cycle at = std::max(last_take_ + 1, in_.valid(in_.taken));
      // Words of windows that are over make room behind the window's last tap.
      while (!frees_.empty() && in_.taken >= frees_.front().words + t_.depth) frees_.pop_front();
      if (!frees_.empty() && in_.taken >= frees_.front().before + t_.depth)
        at = std::max(at, frees_.front().at + 1);
      stored(in_.taken) = at;
      in_.take(at);
      last_take_ = at;
    }
    return any;
  }
  /// Reads the next tap into its register, which must be empty or empty itself in this cycle.
  bool read() {
    if (tap_ || word_ >= in_.taken) return false;
    tap_ = true;
    read_ = std::max({read_ + 1, stored(word_) + 1, left_});
    next_tap();
    return true;
  }
  bool leave() {
    const Cycle room = out_.room(out_.written, ports_.capacity[0]);
    if (!tap_ || room >= kUnlimited) return false;
    tap_ = false;
    left_ = std::max({left_ + 1, read_ + 1, room});
    out_.write(left_);
    return true;
  }
  void next_tap() {
    for (std::size_t loop = 0; loop < 3; ++loop) {
      word_ += t_.step[loop];
      if (++index_[loop] < t_.count[loop]) return;
      word_ -= t_.step[loop] * t_.count[loop];
      index_[loop] = 0;
    }
    std::int64_t step = t_.column_step;
    if (++column_ == t_.columns) {
      column_ = 0;
      step = t_.row_step;
      if (++row_ == t_.rows) {
        row_ = 0;
        step = t_.frame_step;
      }
    }
    word_ += step;
    frees_.push_back({freed_, freed_ + step, read_});
    freed_ += step;
  }

  /// A window that is over: from `before` freed words to `words`, by a read in cycle `at`.
  struct Free {
    std::int64_t before, words;
    Cycle at;
  };

  hw::WindowTiming t_;
  Ports ports_;
  Stream &in_, &out_;
  std::vector<Cycle> stored_;
  std::deque<Free> frees_;
  std::int64_t freed_ = 0, word_ = 0, column_ = 0, row_ = 0, index_[3] = {};
  bool tap_ = false;
  Cycle last_take_ = -1, read_ = -1, left_ = -1;
};

/// PipelineTiming, with or without sums in front.
template <typename Pipe>
class Pipeline final : public Node {
 public:
  Pipeline(Pipe pipe, Ports ports) : pipe_(std::move(pipe)), ports_(std::move(ports)) {}
  void run() override {
    pipe_.drain();
    for (;;) {
      Cycle at = last_ + 1;
      for (const Stream* in : ports_.inputs) {
        if (!in->has(in->taken)) return;
        at = std::max(at, in->valid(in->taken));
      }
      at = pipe_.entry(at);
      if (at >= kUnlimited) return;
      for (Stream* in : ports_.inputs) in->take(at);
      pipe_.enter(at);
      last_ = at;
    }
  }
  Waits waits() const override {
    Waits waits;
    add_missing(waits, ports_, ~std::uint64_t{0});
    if (waits.empty()) waits.push_back({true, 0});
    return waits;
  }

 private:
  Pipe pipe_;
  Ports ports_;
  Cycle last_ = -1;
};

/// ProductTiming: the replay buffer in front of the products.
template <typename Pipe>
class Product final : public Node {
 public:
  Product(const hw::ProductTiming& t, Pipe pipe, Ports ports)
      : t_(t),
        pipe_(std::move(pipe)),
        ports_(std::move(ports)),
        in_(*ports_.inputs[0]),
        weights_(ports_.inputs.size() > 1 ? ports_.inputs[1] : nullptr),
        stored_(static_cast<std::size_t>(2 * t.length)) {}
  void run() override {
    for (;;) {
      pipe_.drain();
      const bool any = t_.repeats > 1 && take();
      if (!play() && !any) return;
    }
  }
  Waits waits() const override {
    if (held_ && weights_ && !weights_->has(weights_->taken)) return {{false, 1}};
    const bool plays = held_ || repeat_ > 0 || vector_ * t_.length + fold_ < in_.taken;
    return {{plays, 0}};
  }

 private:
  /// Two vectors are stored; the last word read of one makes room for the one after the next.
  bool take() {
    bool any = false;
    for (; in_.has(in_.taken) && in_.taken < (vector_ + 2) * t_.length; any = true) {
      const std::int64_t vector = in_.taken / t_.length;
      last_take_ = std::max(last_take_ + 1, in_.valid(in_.taken));
      if (vector >= 2) last_take_ = std::max(last_take_, freed_[vector & 1] + 1);
      stored_[static_cast<std::size_t>(in_.taken % (2 * t_.length))] = last_take_;
      in_.take(last_take_);
    }
    return any;
  }
  bool play() {
    if (repeat_ > 0 && fold_ == 0 && !held_ && !weights_) return replay();
    return (held_ || load()) && fire();
  }
  /// The next word goes into the register behind the buffer, when that is empty or fires now.
  bool load() {
    if (t_.repeats == 1) {
      if (!in_.has(in_.taken)) return false;
      loaded_ = std::max(in_.valid(in_.taken), fired_);
      in_.take(loaded_);
    } else {
      const std::int64_t word = vector_ * t_.length + fold_;
      if (word >= in_.taken) return false;
      loaded_ = std::max(stored_[static_cast<std::size_t>(word % (2 * t_.length))] + 1, fired_);
    }
    return held_ = true;
  }
  bool fire() {
    Cycle at = loaded_ + 1;
    if (weights_) {
      if (!weights_->has(weights_->taken)) return false;
      at = std::max(at, weights_->valid(weights_->taken));
    }
    at = pipe_.entry(at);
    if (at >= kUnlimited) return false;
    if (weights_) weights_->take(at);
    fired_ = at;
    held_ = false;
    if (++fold_ == t_.length) end_of_vector();
    return true;
  }
  /// A vector that is there plays without a pause but the pipeline's own.
  bool replay() {
    const Cycle before = t_.length > 1 ? pipe_.moving(fired_ + 1, t_.length - 1) : fired_;
    if (before >= kUnlimited) return false;
    const Cycle at = pipe_.moving(before + 1, 1);
    if (at >= kUnlimited) return false;
    loaded_ = before;
    fired_ = at;
    end_of_vector();
    return true;
  }
  void end_of_vector() {
    fold_ = 0;
    if (++repeat_ == t_.repeats) {
      repeat_ = 0;
      freed_[vector_++ & 1] = loaded_;
    }
    pipe_.enter(fired_);
  }

  hw::ProductTiming t_;
  Pipe pipe_;
  Ports ports_;
  Stream &in_, *weights_;
  std::vector<Cycle> stored_;                        ///< when the words of two vectors were written
  std::int64_t vector_ = 0, repeat_ = 0, fold_ = 0;  ///< that plays
  bool held_ = false;                                ///< a beat is in the register
  Cycle last_take_ = -1, loaded_ = -1, fired_ = -1, freed_[2] = {};
};

/// SelectTiming.
class Select final : public Node {
 public:
  Select(const hw::SelectTiming& t, Ports ports)
      : t_(t), ports_(std::move(ports)), in_(*ports_.inputs[0]) {}
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
    if ((last && left_ > 0) || !in_.has(in_.taken)) return false;
    taken_ = std::max({taken_ + 1, in_.valid(in_.taken), last ? sent_ : -1});
    in_.take(taken_);
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
  Ports ports_;
  Stream& in_;
  std::int64_t beat_ = 0, left_ = 0;
  Cycle taken_ = -1, loaded_ = -1, sent_ = -1;
};

struct Maker {
  Ports ports;

  std::unique_ptr<Node> operator()(const hw::PhasesTiming& t) {
    return std::make_unique<Phases>(t.phases, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::HandOutTiming& t) {
    return std::make_unique<HandOut>(t.turns, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::FifoTiming& t) {
    if (t.block) return std::make_unique<BlockFifo>(t.depth, std::move(ports));
    ports.capacity[0] = std::max(ports.capacity[0], t.depth);
    return std::make_unique<Phases>(std::vector<hw::Phase>{{}}, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::ConverterTiming& t) {
    return std::make_unique<Converter>(t, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::WindowTiming& t) {
    return std::make_unique<Window>(t, std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::PipelineTiming& t) {
    StoppingPipe thresholds(*ports.outputs[0], ports.capacity[0], t.stages);
    if (t.sum_stages == 0)
      return std::make_unique<Pipeline<StoppingPipe>>(std::move(thresholds), std::move(ports));
    using Sums = WaitingPipe<StoppingPipe>;
    return std::make_unique<Pipeline<Sums>>(Sums(std::move(thresholds), t.sum_stages),
                                            std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::ProductTiming& t) {
    if (t.stages == 0) {
      using Pipe = WaitingPipe<SkidEntry>;
      return std::make_unique<Product<Pipe>>(
          t, Pipe(SkidEntry(*ports.outputs[0], ports.capacity[0]), kProductStages),
          std::move(ports));
    }
    using Pipe = WaitingPipe<StoppingPipe>;
    return std::make_unique<Product<Pipe>>(
        t, Pipe(StoppingPipe(*ports.outputs[0], ports.capacity[0], t.stages), kProductStages),
        std::move(ports));
  }
  std::unique_ptr<Node> operator()(const hw::SelectTiming& t) {
    return std::make_unique<Select>(t, std::move(ports));
  }
};

}  // namespace

void Source::run() {
  const std::int64_t end = std::min(frames * out_.beats(), out_.taken + kAhead);
  for (std::int64_t k = out_.written; k < end; ++k) {
    if (!offered_.empty() && k >= std::ssize(offered_)) return;
    out_.write(
        (offered_.empty() ? k / out_.beats() * interval_ : offered_[static_cast<std::size_t>(k)]) -
        1);
  }
}

void Sink::run() {
  for (std::int64_t k = in_.taken; k < in_.written; ++k) {
    if (!taken_.empty() && k >= std::ssize(taken_)) return;
    in_.take(taken_.empty() ? in_.valid(k) : taken_[static_cast<std::size_t>(k)]);
  }
}

std::unique_ptr<Node> make_node(const hw::Timing& timing, Ports ports) {
  return std::visit(Maker{std::move(ports)}, timing);
}

}  // namespace assay::sim::token
